"""What falls due by the clock at the desk, whoever is or is not there.

The sweep comes by; the clock is read once, and it is the database's: with it all that was written is compared.
"""

from datetime import datetime, timedelta

from accounts.clock import database_now
from provisioning.sweep import first_this
from support import after, away, day, promises, rule, trust, why

EVERY = timedelta(seconds=10)


def fetch() -> None:
    if first_this("rounds", EVERY):
        go_round(database_now())


def go_round(now: datetime) -> None:
    rule.let_in_who_must(now)
    away.answer_those_who_wrote(now)
    promises.look_after(now)
    trust.assess(now)
    trust.send_lines(now)
    after.go_on(now)
    why.ask(now)
    day.make(now)
    day.send(now)
    away.word_status(now)
