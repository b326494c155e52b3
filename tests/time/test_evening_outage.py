"""An evening outage in real processes: web, worker, beat, database, mail and workspace servers.

The clock is moved the way a night passes for a database: every moment in it lies that much further back, and
the desk's hours begin that much earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from launcher import servers
from stage.acts import DANA
from stage.processes import wait_until
from stage.stage import Stage, stage
from support.models.desk import WEEKDAYS

JORDAN, OLGA = "jordan@arrivals.example", "olga@arrivals.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
READY = "Your Arrivals account is ready"
LEASES = ("provisioning_step", "due_at")
MOMENTS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE data_type = 'timestamp with time zone' AND table_schema = 'public'
    AND (table_name LIKE 'accounts_%' OR table_name LIKE 'provisioning_%' OR table_name LIKE 'support_%')
"""


def person(name: str) -> dict[str, str]:
    return DANA | {"name": f"{name} Sommer", "email": f"{name.lower()}@acme.example"}


@dataclass
class Night:
    stage: Stage
    database: psycopg.Connection
    opens_in: timedelta = 11 * HOUR

    def set_hours(self) -> None:
        opens = datetime.now(UTC) + self.opens_in
        hours = f"{opens:%H:%M}-{opens + 8 * HOUR:%H:%M}"
        columns = SQL(", ").join(SQL("{} = {}").format(Identifier(day), hours) for day in WEEKDAYS)
        self.database.execute(SQL("UPDATE support_desk SET {}").format(columns))

    def pass_(self, span: timedelta) -> None:
        """The worker goes on meanwhile: where both lock each other out, this is rolled back and begins again."""
        self.opens_in -= span
        wait_until(lambda: self._moved(span), 30, "the clock to move")

    def _moved(self, span: timedelta) -> bool:
        try:
            self._move(span)
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def _move(self, span: timedelta) -> None:
        with self.database.transaction():
            self.database.execute("LOCK provisioning_step, accounts_account, support_promise IN EXCLUSIVE MODE")
            self.set_hours()
            for table, column in self.database.execute(MOMENTS).fetchall():
                back = SQL("UPDATE {} SET {c} = {c} - %s").format(Identifier(table), c=Identifier(column))
                # A lease stays: no night passes between a hand-over and its receipt, and one that ends is sent again.
                held = SQL(" WHERE NOT leased") if (table, column) == LEASES else SQL("")
                self.database.execute(back + held, [span])

    def ask(self, question: str, *facts) -> list[tuple]:
        return self.database.execute(question, facts).fetchall()  # type: ignore[arg-type]

    def sign_up(self, name: str) -> None:
        self.stage.visitor().send("/signup/", person(name))

    def status(self, name: str) -> str:
        found = self.ask("SELECT status FROM accounts_account WHERE email = %s", person(name)["email"])
        return found[0][0] if found else ""

    def wait_for_status(self, *names: str, status: str = "active") -> None:
        wait_until(lambda: all(self.status(name) == status for name in names), 30, f"{names} {status}")

    def subjects(self, address: str) -> list[str]:
        return [str(letter["Subject"]) for letter in self.stage.mail.to(address)]

    def words_to(self, address: str) -> list[str]:
        bodies = (letter.get_body(("plain",)) for letter in self.stage.mail.to(address))
        return [body.get_content() for body in bodies if body]

    def wait_for_letter(self, address: str, subject: str) -> str:
        wait_until(lambda: subject in self.subjects(address), 40, f"{subject!r} to {address}")
        found = next(letter for letter in self.stage.mail.to(address) if letter["Subject"] == subject)
        body = found.get_body(("plain",))
        assert body
        return body.get_content()


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    with stage(OWNER_EMAIL=OLGA) as built:
        sockets = str(servers.sockets_of(Path(built.env["ARRIVALS_HOME"])))
        with psycopg.connect(host=sockets, user="postgres", dbname="arrivals", autocommit=True) as database:
            built.manage("shell", "-c", "from support.models import the_desk; the_desk()")
            name_the_desk = "UPDATE support_desk SET name = 'Jordan', email = %s, let_in_by_rule = true"
            database.execute(name_the_desk, [JORDAN])
            night = Night(built, database)
            night.set_hours()
            database.execute("DELETE FROM support_dayletter")  # made in the hours it had before, in this day's place
            yield night


def test_an_evening_outage(night):
    world = night.stage
    night.sign_up("Eve")
    night.wait_for_status("Eve")

    world.workspaces.mode = "503"
    for name in ("Dana", "Bo", "Cy"):
        night.sign_up(name)
    wait_until(lambda: night.ask("SELECT 1 FROM provisioning_outage WHERE ended_at IS NULL"), 30, "an outage")
    night.ask(
        "UPDATE accounts_account SET needed_by = now() + interval '6 hours', mailbox_proven_at = now() "
        "WHERE email = %s RETURNING 1",
        person("Cy")["email"],
    )
    world.visitor().send("/contact/", {"email": person("Dana")["email"], "message": "Where is my workspace?"})
    wait_until(lambda: night.ask("SELECT 1 FROM support_message WHERE read_at IS NOT NULL"), 30, "a message read")

    # It is late; what Dana is told in the night, once it has not healed for a quarter of an hour, is when somebody is
    # back, and by when she has an answer.
    night.pass_(2 * MINUTE)
    wait_until(lambda: night.ask("SELECT 1 FROM provisioning_step WHERE kind = 'letter.taken'"), 30, "an answer owed")
    night.pass_(20 * MINUTE)
    told = night.wait_for_letter(person("Dana")["email"], "We have your message")
    back = datetime.now(UTC) + night.opens_in
    assert any(f"Nobody is here before {back + slip:%H:%M}" in told for slip in (MINUTE, 0 * MINUTE, -MINUTE))
    assert "Jordan will answer by" in told
    due, made = night.ask("SELECT due, made_at FROM support_promise")[0]
    assert back - MINUTE <= due <= back + 8 * HOUR + MINUTE and made < due
    assert night.status("Cy") != "active"

    # Two hours on, the rule lets in the one who named a deadline and has proved who they are; nobody else.
    night.pass_(2 * HOUR)
    assert "we've opened your account already" in night.wait_for_letter(person("Cy")["email"], "You can go in now")
    assert night.status("Cy") == "active"
    assert {night.status("Dana"), night.status("Bo")} == {"email_sent"}

    # It works again. Fay came last and waited hardly at all.
    night.sign_up("Fay")
    world.workspaces.mode = "ok"
    night.pass_(2 * MINUTE)
    night.wait_for_status("Dana", "Bo", "Fay")
    line = night.wait_for_letter(person("Bo")["email"], READY)
    assert "it took us 2 hours." in line, line
    assert "we're sorry" in line, line
    assert night.subjects(JORDAN) == [], "she was woken"

    # Morning; by then it is known what each is owed.
    assessed = "SELECT 1 FROM support_trustrepair AS t, accounts_account AS a WHERE a.id = account_id AND email = %s"
    wait_until(lambda: night.ask(assessed, person("Dana")["email"]), 90, "what Dana is owed to be known")
    night.pass_(night.opens_in + 5 * MINUTE)
    morning = night.wait_for_letter(JORDAN, "Today at the desk")
    assert "let in automatically, to be finished later: Cy Sommer" in morning
    assert "workspace was down from" in morning
    assert "Dana Sommer is waiting for a note from you" in morning
    assert night.subjects(JORDAN) == ["Today at the desk"]

    sent = "SELECT 1 FROM support_trustrepair AS t, accounts_account AS a WHERE a.id = account_id AND email = %s"
    sent += " AND level = 'automatic' AND state = 'sent'"
    wait_until(lambda: night.ask(sent, person("Bo")["email"]), 30, "what was said with the news to count as said")
    # A debt of trust for exactly those who met a dead end, and letters that differ.
    owed = dict(night.ask(
        "SELECT split_part(a.name, ' ', 1), t.level || ' ' || t.state FROM support_trustrepair t "
        "JOIN accounts_account a ON a.id = t.account_id"
    ))  # fmt: skip
    assert {name: owed.get(name) for name in ("Dana", "Bo", "Eve")} == {
        "Dana": "personal owed",
        "Bo": "automatic sent",
        "Eve": None,
    }
    assert owed.get("Fay", "none not_needed") == "none not_needed"
    waited = [night.subjects(person(name)["email"]) for name in ("Fay", "Bo", "Dana")]
    assert not [words for words in night.words_to(person("Fay")["email"]) if "sorry" in words]
    assert "We have your message" not in waited[0] + waited[1] and waited[2].count("We have your message") == 1
    assert [subjects.count(READY) for subjects in waited[1:]] == [1, 1] and waited[0].count(READY) <= 1, "told once"
    assert night.subjects(OLGA) == []
