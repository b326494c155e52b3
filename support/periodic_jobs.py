"""Periodic support jobs, at most every 10 s, all with the same `now`; they run with or without the agent.

The clock is read once, and it is the database's: with it all that was written is compared.
"""

from datetime import datetime, timedelta

from accounts.database.clock import database_now
from accounts.passwords import in_use
from provisioning.engine import faults
from provisioning.engine.phases import Phase, run_phases
from provisioning.sweep import first_this
from support.audit import daily
from support.digests import digests
from support.reviews import questions
from support.service_level import availability, promises, unattended
from support.trust import apologies, follow_up

EVERY = timedelta(seconds=10)
OLD_HASHES_EVERY = timedelta(hours=1)  # it reads every account


def fetch() -> None:
    """Run the periodic jobs for the sweep, unless one of the sweeps has within the last 10 s."""
    if first_this("rounds", EVERY):
        run_periodic_jobs(database_now())


def run_periodic_jobs(now: datetime) -> None:
    """Run every periodic job once; one that breaks is named at the desk, and the others go on."""
    run_phases(
        [
            Phase("reading the desk's hours", availability.check_hours),
            Phase("letting in who must by the rule", lambda: unattended.let_in_who_must(now)),
            Phase("telling people by when they are answered", lambda: availability.answer_those_who_wrote(now)),
            Phase("keeping promises", promises.keep_answered),
            Phase("saying first that a promise is late", lambda: promises.break_overdue(now)),
            Phase("finding who is owed a word", lambda: apologies.assess(now)),
            Phase("sending a line to those who are owed one", lambda: apologies.send_lines(now)),
            Phase("asking how it went on", lambda: follow_up.advance(now)),
            Phase("putting the questions of an outage", lambda: questions.ask(now)),
            Phase("writing the letters of the day", lambda: digests.make(now)),
            Phase("sending the letters of the day", lambda: digests.send(now)),
            Phase("wording the desk's status line", lambda: availability.word_status(now)),
            Phase("looking which old hashes are left", look_for_old_hashes),
            Phase("asking for the audit of the day", lambda: daily.ask(now)),
            Phase("forgetting what went well", faults.forget_healed),
        ]
    )


def look_for_old_hashes() -> None:
    """Look once an hour which sorts of old password hash are left."""
    if first_this("old hashes", OLD_HASHES_EVERY):
        in_use.look()
