"""Books of the audit: for each table the verdicts on a row, in the order in which they are tried.

A verdict is a sentence and the SQL condition under which it is the row's. Those that are `wrong` name what nobody
accounts for: no time at which it is tried again, nobody who was asked, no word that was kept. What the sweep puts
right by itself has GRACE to be put right.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings

from provisioning.emails.delivery import MAIL
from provisioning.engine.retry import LONGEST_RETRY_AFTER
from provisioning.errands.kinds import errand_kinds
from provisioning.kinds import WELCOME, known_kinds

GRACE = timedelta(minutes=15)
HANDED_OVER_SINCE = timedelta(days=28)  # further back tries need not be kept (RETENTION_DAYS: 30 at least)
OF_A_CLOCK = timedelta(hours=1)


class Verdict(NamedTuple):
    """Sentence about a row, and the condition under which it is true."""

    said: str
    condition: str
    wrong: bool = False


class Book(NamedTuple):
    """Table of which every row is looked at. `key`: the type of its primary key, and what lies before the first."""

    name: str
    table: str
    verdicts: tuple[Verdict, ...]
    key: tuple[str, Any] = ("bigint", 0)
    rows: str = "true"


def wrong(said: str, condition: str) -> Verdict:
    """A verdict that nobody accounts for the row."""
    return Verdict(said, condition, wrong=True)


def there(rows: str) -> str:
    """EXISTS of these rows, looked up by an index for each row of the batch.

    OFFSET 0 keeps the planner from reading the whole other table for each batch instead.
    """
    return f"EXISTS (SELECT FROM {rows} OFFSET 0)"


FUTURE = "interval '5 seconds' + now()"
STEP_OF = "provisioning_step AS step WHERE step.account_id = row.id AND step.occasion = ''"
KNOWN = f"{STEP_OF} AND step.kind = ANY(%(known)s)"
OWED = there(f"{KNOWN} AND step.state = 'open'")
GIVEN_UP = there(f"{KNOWN} AND step.state = 'dead' AND step.failed_at < %(before)s")
# A welcome letter that came back may be owed again to somebody who was active by then; a step that the platform added
# later is owed to them, too.
NEVER_FINISHED = there(
    f"{KNOWN} AND step.state = 'open' AND step.created_at <= row.status_at "
    "AND NOT (step.kind = %(welcome)s AND step.error <> '')"
)
PROMISED_A_ROOM = there(f"{STEP_OF} AND step.kind = 'workspace' AND step.state = 'done'")
HAS_A_ROOM = there("provisioning_workspace AS room WHERE room.account_id = row.id")
TICKET_OF = "support_ticket AS t WHERE t.account_id = row.id"
HAS_A_TICKET = there(f"{TICKET_OF} AND t.closed_at IS NULL")
ASKED_NOBODY = there(
    f"{KNOWN} AND step.state = 'dead' AND step.kind <> %(welcome)s AND step.failed_at < %(before)s "
    f"AND NOT {there(f'{TICKET_OF} AND t.opened_at >= step.failed_at')}"
)
HANDED_OVER = there("provisioning_attempt AS try WHERE try.step_id = row.id AND try.outcome = 'done'")
TICKET_IS_OPEN = there("support_ticket AS t WHERE t.id = row.ticket_id AND t.closed_at IS NULL")
OWNER_HAS_ARRIVED = there(
    "accounts_account AS owner WHERE owner.id = row.account_id AND owner.status = 'active' "
    "AND owner.status_at < %(before)s AND NOT "
    + there(f"{STEP_OF.replace('row.id', 'owner.id')} AND step.state = 'dead'")
)

PEOPLE = Book(
    "people",
    "accounts_account",
    (
        wrong("dated in the future", f"row.created_at > {FUTURE} OR row.status_at > {FUTURE}"),
        wrong("left behind by the canary", "row.canary AND row.created_at < now() - interval '1 hour'"),
        Verdict("the canary's, for its round", "row.canary"),
        Verdict("suspended", "NOT row.is_active"),
        wrong("promised a workspace that is not there", f"{PROMISED_A_ROOM} AND NOT {HAS_A_ROOM}"),
        wrong("active, with a step that was never finished", f"row.status = 'active' AND {NEVER_FINISHED}"),
        wrong(
            "active, with a later step given up and nobody asked",
            f"row.status = 'active' AND {ASKED_NOBODY}",
        ),
        Verdict("active", "row.status = 'active'"),
        Verdict("given up, with an open ticket", f"row.status = 'failed' AND {HAS_A_TICKET}"),
        Verdict("given up just now", "row.status = 'failed' AND row.status_at > %(before)s"),
        wrong("given up, without a ticket", "row.status = 'failed'"),
        Verdict("asked just now", "row.asked_at > %(before)s"),
        wrong("came back, and nobody looked", "row.asked_at IS NOT NULL"),
        wrong("said to be under way, with a step given up", GIVEN_UP),
        Verdict("owed, with a time", OWED),
        Verdict("changed just now", "row.status_at > %(before)s"),
        wrong("unfinished, and owed nothing", "true"),
    ),
    key=("uuid", "00000000-0000-0000-0000-000000000000"),
)
STEPS = Book(
    "steps and emails",
    "provisioning_step",
    (
        wrong("dated in the future", f"row.created_at > {FUTURE} OR row.done_at > {FUTURE}"),
        wrong(
            "owed, of a kind that no code here knows",
            "row.state IN ('open', 'waived') AND NOT row.kind = ANY(%(known)s) AND row.created_at < %(before)s",
        ),
        wrong("let in without it, and no day named", "row.state = 'waived' AND row.pay_by IS NULL"),
        wrong("owed, with no time that comes", "row.state IN ('open', 'waived') AND row.due_at > %(furthest)s"),
        Verdict("let in without it, with a day named", "row.state = 'waived'"),
        Verdict("owed, with a time", "row.state = 'open'"),
        wrong(
            "email said to be sent, and never handed over",
            f"row.state = 'done' AND row.dependency = %(mail)s AND row.done_at > %(kept)s AND NOT {HANDED_OVER}",
        ),
        wrong("done, and nobody knows when", "row.state = 'done' AND row.done_at IS NULL"),
        Verdict("email handed over", "row.state = 'done' AND row.dependency = %(mail)s"),
        Verdict("done", "row.state = 'done'"),
        Verdict("given up", "row.state = 'dead'"),
        Verdict("withdrawn", "true"),
    ),
)
ERRANDS = Book(
    "calls to services",
    "provisioning_errand",
    (
        wrong("dated in the future", f"row.created_at > {FUTURE} OR row.done_at > {FUTURE}"),
        wrong(
            "owed, of a kind that no code here knows",
            "row.state = 'open' AND NOT row.kind = ANY(%(errands)s) AND row.created_at < %(before)s",
        ),
        wrong("owed, with no time that comes", "row.state = 'open' AND row.due_at > %(furthest)s"),
        Verdict("owed, with a time", "row.state = 'open'"),
        Verdict("done", "row.state = 'done'"),
        Verdict("given up, named at the desk", "true"),
    ),
)
LETTERS = Book(
    "emails of the desk",
    "support_letter",
    (
        wrong("dated in the future", f"row.sent_at > {FUTURE} OR row.written_at > {FUTURE}"),
        wrong(
            "said to be sent, and never handed over",
            "row.sent_at IS NOT NULL AND row.epoch = 0 AND row.attempts = 0",
        ),
        Verdict("handed over", "row.sent_at IS NOT NULL"),
        Verdict("given up, named at the desk", "row.given_up_at IS NOT NULL"),
        Verdict("too late to be true, not sent", "row.not_after < now()"),
        wrong("owed, with no time that comes", "row.due_at > %(furthest)s"),
        Verdict("owed, with a time", "true"),
    ),
)
PROMISES = Book(
    "promises",
    "support_promise",
    (
        wrong("dated in the future", f"row.made_at > {FUTURE} OR row.kept_at > {FUTURE} OR row.broken_at > {FUTURE}"),
        Verdict("kept", "row.kept_at IS NOT NULL AND row.broken_at IS NULL"),
        Verdict("broken, and answered late", "row.kept_at IS NOT NULL"),
        Verdict("broken, and told", "row.told_at IS NOT NULL"),
        # A second delay, and a delay to somebody without an account, are a person's to explain: first in the queue.
        Verdict(
            "broken, and first at the desk",
            "row.broken_at IS NOT NULL AND (row.instead_of_id IS NOT NULL OR row.account_id IS NULL) "
            f"AND {TICKET_IS_OPEN}",
        ),
        Verdict("broken just now", "row.broken_at > %(before)s"),
        wrong("broken, and not told", "row.broken_at IS NOT NULL"),
        wrong("past its time, and not said to be broken", "row.due < %(before)s"),
        Verdict("open", "true"),
    ),
)
TICKETS = Book(
    "open tickets",
    "support_ticket",
    (
        wrong("dated in the future", f"row.opened_at > {FUTURE}"),
        wrong("of an account that is gone", "row.why = 'gave_up' AND row.account_id IS NULL"),
        wrong(
            "of an account that works",
            f"row.why = 'gave_up' AND row.opened_at < %(before)s AND {OWNER_HAS_ARRIVED}",
        ),
        wrong("put aside, with no time that comes", "row.asleep_until > now() + interval '8 days'"),
        Verdict("put aside until a time", "row.asleep_since IS NOT NULL"),
        Verdict("with the owner", "row.handed_over_at IS NOT NULL"),
        Verdict("in the queue", "true"),
    ),
    rows="row.closed_at IS NULL",
)
MESSAGES = Book(
    "messages to the desk",
    "support_message",
    (
        wrong("dated in the future", f"row.at > {FUTURE}"),
        Verdict("read", "row.settled_at IS NOT NULL"),
        Verdict("come just now", "row.at > %(before)s"),
        wrong("come, and nobody looked", "true"),
    ),
)
BOOKS = (PEOPLE, STEPS, ERRANDS, LETTERS, PROMISES, TICKETS, MESSAGES)


def facts(now: Any) -> dict[str, Any]:
    """Values for the conditions of all books: what this process knows, and times seen from `now`."""
    longest = timedelta(seconds=max(*settings.SETUP_RETRY_SECONDS, LONGEST_RETRY_AFTER, 24 * 3600))
    return {
        "known": list(known_kinds()),
        "errands": list(errand_kinds()),
        "welcome": WELCOME,
        "mail": MAIL,
        "before": now - GRACE,
        "kept": now - HANDED_OVER_SINCE,
        "furthest": now + longest + OF_A_CLOCK,
    }
