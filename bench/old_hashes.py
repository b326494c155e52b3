"""Benchmark of an import with old hashes: does the time of a wrong password tell an old hash from a new one, or none.

`PAIRS=150 pytest bench/old_hashes.py` on throw-away servers, with Argon2 as it is shipped. 4,000 people in four sorts
of hash, 37 of them half-made. 0.5 is a coin; and what it would be if each hash cost only itself.
"""

import os
import random
import time
from base64 import b64encode
from hashlib import pbkdf2_hmac
from io import StringIO

import pytest
from argon2 import Type, low_level
from django.contrib.auth.hashers import ScryptPasswordHasher, make_password
from django.core.management import call_command
from django.test import Client

from accounts.models import Account, HashInUse
from accounts.passwords import check, in_use
from bench.enumeration import a_sweep_went_by, auc
from tests.people import PASSWORD, Person

PAIRS = int(os.environ.get("PAIRS", "150"))
PEOPLE, HALF_MADE = 4000, 37
WRONG = "another and wrong passphrase"
SALT = b"a salt of 22 letters.."
# Of their own time, at half of what is usual, so that 600 log-ins are measured within minutes.
HASHES = [
    f"pbkdf2_sha256${rounds}$salty${b64encode(pbkdf2_hmac('sha256', PASSWORD.encode(), b'salty', rounds)).decode()}"
    for rounds in (130_000, 300_000)
]
HASHES += [
    ScryptPasswordHasher().encode(PASSWORD, "salty", 2**13),
    "argon2" + low_level.hash_secret(PASSWORD.encode(), SALT, 2, 51200, 8, 32, Type.ID, 19).decode(),
]


def seconds(email: str) -> float:
    a_sweep_went_by()
    started = time.perf_counter()
    Client().post("/login/", {"email": email, "password": WRONG})
    return time.perf_counter() - started


def compare(one: list[str], other: list[str], pairs: int) -> float:
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(pairs):
        arms = [(True, random.choice(one)), (False, random.choice(other))]
        random.shuffle(arms)
        for arm, email in arms:
            times[arm].append(seconds(email))
    return auc(times[False], times[True])


@pytest.mark.django_db(transaction=True)
def test_print_the_table(settings, capsys, tmp_path, monkeypatch):
    settings.THROTTLES = False
    lines = [
        f'old{n}@old.example,{"unfinished" if n < HALF_MADE else "active"},Dana Sommer,"{HASHES[n % 4]}"'
        for n in range(PEOPLE)
    ]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["email,status,name,password", *lines]))
    started = time.perf_counter()
    said = StringIO()
    call_command("import_people", str(file), stdout=StringIO(), stderr=said)
    took = time.perf_counter() - started
    encoded = make_password(PASSWORD)
    new = [Person.create(asked_at=None, password=encoded).email for _ in range(20)]
    old = [f"old{n}@old.example" for n in range(PEOPLE)]
    nobody = [f"nobody{n}@old.example" for n in range(20)]
    seconds(old[0]), seconds(new[0])
    rows = [("old and new", compare(old, new, PAIRS)), ("old and nobody", compare(old, nobody, PAIRS))]
    dearest = [f"old{n}@old.example" for n in range(1, PEOPLE, 4)]
    rows.append(
        ("dearest and cheapest old", compare(dearest, [f"old{n}@old.example" for n in range(2, 4000, 4)], PAIRS))
    )
    opened = sum(log_in(email) for email in old[:40])
    ours = Account.objects.filter(email__in=old[:40], password__startswith=in_use.ours()).count()
    HashInUse.objects.all().delete()
    monkeypatch.setattr(check, "note", lambda _works: None)
    rows.append(("old and new, were each to cost itself", compare(old[40:], new, max(10, PAIRS // 5))))
    with capsys.disabled():
        print(f"\n{PEOPLE:,} lines imported in {took:.1f} s:\n{said.getvalue()}")
        print(f"{opened} of 40 are in with the old password, {ours} have Argon2 at our cost since")
        for name, found in rows:
            print(f"{name:40} AUC {found:.2f}")


def log_in(email: str) -> bool:
    client = Client()
    client.post("/login/", {"email": email, "password": PASSWORD})
    return "_auth_user_id" in client.session
