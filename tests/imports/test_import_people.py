"""People brought along from another system: all are in with the old password, and who was ready hears nothing."""

import csv
import json
import os
from io import StringIO

import pytest
from argon2 import Type, low_level
from django.contrib.auth.hashers import PBKDF2PasswordHasher, ScryptPasswordHasher, get_hasher
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Event, HashInUse
from accounts.passwords import in_use
from accounts.status import Status
from provisioning import context_processors
from provisioning.imports import people
from provisioning.models import Step, Workspace
from provisioning.sweep import sweep
from support.audit.audit import audit
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.django_db
PEOPLE = int(os.environ.get("IMPORTED", "400"))
TRIED = range(PEOPLE) if "IMPORTED" in os.environ else (0, 1, 2, 3, 7, 17, 399)
SALT = b"a salt of 22 letters.."
OTHER_COST = "argon2" + low_level.hash_secret(PASSWORD.encode(), SALT, 2, 80, 1, 32, Type.ID, 19).decode()
HASHES = {
    "pbkdf2": PBKDF2PasswordHasher().encode(PASSWORD, "salty", 1000),
    "pbkdf2 of more": PBKDF2PasswordHasher().encode(PASSWORD, "salty", 3000),
    "scrypt": ScryptPasswordHasher().encode(PASSWORD, "salty", 256),
    "argon2 at another cost": OTHER_COST,
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


def bring(file, *lines, dry=False):
    """The report by line number, and what was said about it all."""
    if lines:
        file.write_text("\n".join(lines) + "\n")
    report, said = StringIO(), StringIO()
    try:
        call_command("import_people", str(file), dry_run=dry, stdout=report, stderr=said)
    except CommandError as refused:
        said.write(str(refused))
    rows = list(csv.reader(StringIO(report.getvalue())))
    return {int(number): (outcome, why) for number, _email, outcome, why in rows[1:]}, said.getvalue()


def log_in(email, password=PASSWORD):
    client = Client()
    client.post("/login/", {"email": email, "password": password})
    return "_auth_user_id" in client.session


def is_ours(encoded):
    return encoded.startswith(in_use.ours())


@pytest.mark.django_db(transaction=True)
def test_hundreds_of_whom_37_are_half_made(file, world, settings):
    """`IMPORTED=4000` has ten times as many, and all log in; bench/old_hashes.py, at the cost that is shipped."""
    settings.THROTTLES = settings.THROTTLES and "IMPORTED" not in os.environ  # thousands from one network
    mail, _workspaces = world
    kinds = list(HASHES.values())
    status = ["unfinished" if n % 10 == 7 and n < 370 else "active" for n in range(PEOPLE)]
    rows = [f"p{n}@acme.example,{one},P {n},{kinds[n % 4]}" for n, one in enumerate(status)]
    quoted = [",".join(f'"{cell}"' if "$" in cell else cell for cell in row.split(",", 3)) for row in rows]
    report, said = bring(file, "email,status,name,password", *quoted)
    assert len(report) == PEOPLE and f"{PEOPLE - 37:,} ready" in said and "37 half-made" in said
    for _again in range(5):
        sweep()
    assert not Account.objects.exclude(status=Status.ACTIVE).exists()
    assert Workspace.objects.count() == 37
    assert sorted(letter["To"] for letter in mail.letters) == sorted(f"p{10 * n + 7}@acme.example" for n in range(37))
    for n in TRIED:
        assert not log_in(f"p{n}@acme.example", "not their password")
        assert log_in(f"p{n}@acme.example")
        assert is_ours(Account.objects.get(email=f"p{n}@acme.example").password)
        assert log_in(f"p{n}@acme.example")
    again, said = bring(file)
    assert {outcome for outcome, _why in again.values()} == {"there already"} and Account.objects.count() == PEOPLE
    assert len(mail.letters) == 37 and audit().unaccounted == 0


def test_each_wrong_line_is_a_row_and_nothing_of_it_is_written(file):
    Person.create(email="here@acme.example", name="As it was")
    lines = [
        "email,status,name,phone,password,joined",
        'broken@acme.example,active,"Dana,+49 30,,',
        "few@acme.example,active",
        "dana@acme.example,active,Dana,+49 30 901820,,2024-05-31",
        "Dana@ACME.example,active,Dana,,,",
        "da na@acme.example,active,Dana,,,",
        "hash@acme.example,active,Dana,,whirlpool$12$34,",
        "truncated@acme.example,active,Dana,,pbkdf2_sha256$1000$salt,",
        "dear@acme.example,active,Dana,,pbkdf2_sha256$99000000$salt$aGFzaA==,",
        "phone@acme.example,active,Dana,call me,,",
        "status@acme.example,ready,Dana,,,",
        "future@acme.example,active,Dana,,,2999-01-01",
        "day@acme.example,active,Dana,,,2024-02-31",
        "here@acme.example,active,Somebody else,,,",
        "dana+news@acme.example,active,Dana,,,",
        "nul\x00@acme.example,active,Dana,,,",
        ",active,Dana,,,",
    ]
    report, said = bring(file, *lines)
    why = {number: why for number, (outcome, why) in report.items() if outcome == "refused"}
    assert set(why) == {2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17}
    expected = {
        2: "the line is broken",
        3: "it has 2 cells, and the first line 6",
        5: "it is the address of line 4",
        6: "email: Enter an email address like name@example.com.",
        7: "no hasher of Django knows it",
        8: "no hasher of Django knows it",
        9: "would cost more than a log-in may",
        10: "it is no phone number",
        11: "say active, unfinished or suspended",
        12: "it lies in the future",
        13: "write a date like 2024-05-31",
        16: "NUL",
        17: "email",
    }
    assert all(words in why[number] for number, words in expected.items())
    assert report[4] == ("ready", "") and report[14] == ("there already", "left as it is")
    assert report[15] == ("ready", "it leads to the same mailbox as line 4")
    assert "13 lines were refused" in said
    made = Account.objects.exclude(email="here@acme.example").values_list("email", flat=True)
    assert set(made) == {"dana@acme.example", "dana+news@acme.example"}
    assert Account.objects.get(email="here@acme.example").name == "As it was"


def test_json_lines(file):
    rows = [
        {"email": "dana@acme.example", "status": "active", "name": "Dana", "workspace": "w-1", "company": None},
        {"email": "rob@acme.example", "status": "suspended", "language": "de", "confirmed": "2024-05-31T10:00:00Z"},
        {"email": "kim@acme.example", "status": "unfinished", "shoe": 42},
        {"email": ["kim@acme.example"], "status": "unfinished"},
    ]
    report, _said = bring(file, *map(json.dumps, rows), '{"email": "kim', "[1]")
    assert [report[n][0] for n in range(1, 7)] == ["ready", "ready", *["refused"] * 4]
    assert Workspace.objects.get().reference == "w-1" and Step.objects.get().state == "done"
    rob = Account.objects.get(email="rob@acme.example")
    assert rob.mailbox_proven_at and rob.mailbox_proven_at.year == 2024
    assert (rob.is_active, rob.language) == (False, "de")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "is empty"),
        ("email,name\nx@acme.example,X\n", "status must be among them"),
        ("email,status,shoe\n", "there is no column 'shoe'"),
        ("email,status,email\n", "each may be named once"),
    ],
)
def test_a_file_that_is_no_list_is_one_sentence(file, text, words):
    file.write_text(text)
    assert words in bring(file)[1] and not Account.objects.exists()


def test_no_file(tmp_path):
    assert "cannot be read" in bring(tmp_path / "nothing.csv")[1]


def test_a_semicolon_a_byte_order_mark_and_quoted_cells(file):
    file.write_bytes(b'\xef\xbb\xbf"email";"status";"company"\r\n"dana@acme.example";"active";"Acme; Sons"\r\n')
    assert bring(file)[0] == {2: ("ready", "")} and Account.objects.get().company == "Acme; Sons"


def test_a_dry_run_says_the_same_and_writes_nothing(file):
    lines = ("email,status", "dana@acme.example,active", "rob@acme.example,unfinished", "no address,active")
    dry, said = bring(file, *lines, dry=True)
    assert "nothing was written" in said
    assert not Account.objects.exists() and not HashInUse.objects.exists() and not Event.objects.exists()
    assert bring(file)[0] == dry


def test_interrupted_and_run_again_nobody_is_made_twice(file, monkeypatch):
    monkeypatch.setattr(people, "BATCH", 3)
    save, saved = people._save_together, []

    def until_the_second_batch(rows):
        saved.append(rows)
        if len(saved) > 1:
            raise KeyboardInterrupt
        save(rows)

    monkeypatch.setattr(people, "_save_together", until_the_second_batch)
    lines = [f"p{n}@acme.example,unfinished" for n in range(10)]
    with pytest.raises(KeyboardInterrupt):
        bring(file, "email,status", *lines)
    assert Account.objects.count() == Event.objects.count() == 3
    monkeypatch.setattr(people, "_save_together", save)
    report, _said = bring(file)
    assert [outcome for outcome, _why in report.values()] == ["there already"] * 3 + ["owed the rest"] * 7
    assert Account.objects.count() == Event.objects.count() == 10


def test_whoever_signs_up_meanwhile_keeps_their_account(file, monkeypatch):
    leave = people._leave_those_who_are_there

    def and_then_somebody_signs_up(batch):
        leave(batch)
        Person.create(email="p1@acme.example", name="Themselves")

    monkeypatch.setattr(people, "_leave_those_who_are_there", and_then_somebody_signs_up)
    report, _said = bring(file, "email,status", *(f"p{n}@acme.example,active" for n in range(3)))
    assert report[3] == ("there already", "they signed up meanwhile")
    assert Account.objects.get(email="p1@acme.example").name == "Themselves" and Account.objects.count() == 3


def test_a_product_may_keep_its_own_ids(file):
    key = "6f0e2b9e-9d6f-4b7f-8f0c-3d8a3c1a7c55"
    lines = (
        "email,status,id",
        f"a@acme.example,active,{key}",
        f"b@acme.example,active,{key}",
        "c@acme.example,active,x",
    )
    report, _said = bring(file, *lines)
    assert [report[n][0] for n in (2, 3, 4)] == ["ready", "refused", "refused"]
    assert str(Account.objects.get().pk) == key
    assert bring(file, "email,status,id", f"d@acme.example,active,{key}")[0][2] == (
        "refused",
        "somebody else has this id",
    )


@pytest.mark.parametrize("name", HASHES)
def test_an_old_hash_opens_once_and_is_ours_from_then_on(name):
    person = Person.create(password=HASHES[name], status=Status.ACTIVE, asked_at=None)
    assert not log_in(person.email, PASSWORD + "!")
    person.refresh_from_db()
    assert person.password == HASHES[name]
    assert log_in(person.email) and log_in(person.email)
    person.refresh_from_db()
    assert is_ours(person.password)


@pytest.fixture
def work(monkeypatch):
    """What was computed, in the units in which it costs."""
    done: list[tuple] = []
    pbkdf2, scrypt, argon2 = PBKDF2PasswordHasher.encode, ScryptPasswordHasher.encode, get_hasher().__class__

    def count(kind, how):
        def counted(self, *args, **kwargs):
            done.append((kind, *(args[2:3] if kind == "pbkdf2" else args[2:])))
            return how(self, *args, **kwargs)

        return counted

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", count("pbkdf2", pbkdf2))
    monkeypatch.setattr(ScryptPasswordHasher, "encode", count("scrypt", scrypt))
    encode, verify = argon2.encode, argon2.verify

    def encoding(self, password, salt):
        done.append(("argon2", "ours"))
        return encode(self, password, salt)

    def verifying(self, password, encoded):
        done.append(("argon2", "ours" if encoded.startswith(in_use.ours()) else "other"))
        return verify(self, password, encoded)

    monkeypatch.setattr(argon2, "encode", encoding)
    monkeypatch.setattr(argon2, "verify", verifying)
    return done


def total(done):
    """Iterations of one scheme add up; the others are counted."""
    iterations = sum(one[1] for one in done if one[0] == "pbkdf2")
    return iterations, sorted(one for one in done if one[0] != "pbkdf2")


@pytest.mark.parametrize("password", [PASSWORD, "another and wrong passphrase"], ids=["right", "wrong"])
@pytest.mark.parametrize("door", ["/login/", "/signup/", "/admin/login/"])
def test_whatever_is_asked_the_same_work_is_done(work, door, password, settings):
    settings.THROTTLES = False
    people = {name: Person.create(password=encoded, asked_at=None) for name, encoded in HASHES.items()}
    emails = [person.email for person in people.values()]
    emails += [Person.create(asked_at=None).email, "nobody@acme.example", Person.create(password="!").email]
    in_use.look()
    totals = []
    for email in emails:
        work.clear()
        fields = {"name": "Kim", "phone": "1", "company": "Wayne", "email": email, "username": email}
        Client().post(door, fields | {"password": password})
        totals.append(total(work))
    assert totals[0] == (3000, [("argon2", "other"), ("argon2", "ours"), ("scrypt", 256, 8, 5)])
    assert totals == [totals[0]] * len(emails)


def test_and_the_same_statements(settings, monkeypatch):
    """An old hash is no other question to the database than a new one, or none."""
    monkeypatch.setattr(context_processors, "LOOK_AGAIN_AFTER", 600)  # a slow page would ask once more what is down
    cache.delete("outages")
    settings.THROTTLES = False
    old = Person.create(password=HASHES["scrypt"], asked_at=None)
    new = Person.create(asked_at=None)
    in_use.look()
    counts = []
    log_in("warm@acme.example")
    for email in (old.email, new.email, "nobody@acme.example"):
        with CaptureQueriesContext(connection) as captured:
            Client().post("/login/", {"email": email, "password": "another and wrong passphrase"})
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_the_work_ends_once_the_last_of_them_has_logged_in(settings):
    people = [Person.create(password=encoded, status=Status.ACTIVE, asked_at=None) for encoded in HASHES.values()]
    in_use.look()
    assert dict(HashInUse.objects.values_list("key", "cost")) == {
        "argon2$argon2id$v=19$m=80,t=2,p=1": 1,
        "pbkdf2_sha256": 3000,
        "scrypt$256$8$5": 1,
    }
    assert log_in(people[1].email) and log_in(people[2].email)
    in_use.look()
    assert dict(HashInUse.objects.values_list("key", "cost")) == {
        "argon2$argon2id$v=19$m=80,t=2,p=1": 1,
        "pbkdf2_sha256": 1000,
    }
    assert log_in(people[0].email) and log_in(people[3].email)
    in_use.look()
    assert not HashInUse.objects.exists()


def test_a_row_that_was_put_there_by_hand_costs_everybody_the_same_from_the_first_try_on(work):
    person = Person.create(password=HASHES["pbkdf2"], asked_at=None)
    log_in(person.email, "wrong")
    assert HashInUse.objects.get().cost == 1000


@pytest.mark.parametrize(
    "encoded", ["", "pbkdf2_sha256$x$y", "argon2$argon2id$v=19$m=1", "scrypt$3$s$8$1$x", "plain"]
)
def test_a_broken_hash_opens_nothing_and_breaks_nothing(encoded):
    person = Person.create(password=encoded, asked_at=None)
    assert not log_in(person.email)
    in_use.look()
    assert not HashInUse.objects.exists()
