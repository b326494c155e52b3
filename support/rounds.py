"""What falls due by the clock at the desk, whoever is or is not there.

The sweep comes by; the clock is read once, and it is the database's: with it all that was written is compared.
"""

from datetime import datetime, timedelta

from accounts.database.clock import database_now
from provisioning.engine import faults
from provisioning.sweep import first_this
from support import after, away, day, promises, rule, trust, why

EVERY = timedelta(seconds=10)


def fetch() -> None:
    if first_this("rounds", EVERY):
        go_round(database_now())


def go_round(now: datetime) -> None:
    faults.phases(
        [
            ("reading the desk's hours", away.check_hours),
            ("letting in who must by the rule", lambda: rule.let_in_who_must(now)),
            ("telling people by when they are answered", lambda: away.answer_those_who_wrote(now)),
            ("keeping promises", promises.keep_answered),
            ("saying first that a promise is late", lambda: promises.break_overdue(now)),
            ("finding who is owed a word", lambda: trust.assess(now)),
            ("sending a line to those who are owed one", lambda: trust.send_lines(now)),
            ("asking how it went on", lambda: after.go_on(now)),
            ("putting the questions of an outage", lambda: why.ask(now)),
            ("writing the letters of the day", lambda: day.make(now)),
            ("sending the letters of the day", lambda: day.send(now)),
            ("wording the desk's status line", lambda: away.word_status(now)),
            ("forgetting what went well", faults.forget_healed),
        ]
    )
