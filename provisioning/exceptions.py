"""Exceptions of a step: StepFailed says whether the person or the service is to blame, and if a retry helps."""

from datetime import datetime, timedelta
from typing import Any

from provisioning.sanitize import LONGEST_WORDS, storable, truth

NOT_OWED = "not owed"
HELD = "held"
NOBODY_ASKED = (NOT_OWED, HELD)  # what says nothing about any service
LONGEST_WAIT = 24 * 3600  # seconds that somebody else's Retry-After may ask for


class StepFailed(Exception):
    """A step could not be done; `reason` is a sentence for the row, the diary and the desk.

    permanent: trying again would change nothing (an address that bounced, a company name refused).
    failure: its class for the outage it may be part of: refused, timeout, 5xx, 4xx, …
    outage: it looks like the dependency (and anybody's step would have failed), not like this person.
    retry_after: seconds the dependency asked us to wait, if it did.

    A platform's step may put anything in here. It is made storable here, so that it cannot break the batch in
    which it is settled.
    """

    reason, permanent, failure, outage = "it did not say why", False, "error", False
    retry_after: int | None = None

    def __init__(self, reason, *, permanent=False, failure="error", outage=False, retry_after=None):
        self.reason = _words(reason, LONGEST_WORDS) or StepFailed.reason
        super().__init__(self.reason)
        self.permanent = truth(permanent)
        self.failure = _words(failure, 40) or StepFailed.failure
        self.outage = truth(outage)
        self.retry_after = seconds(retry_after)

    @classmethod
    def of(cls, raised: "StepFailed") -> "StepFailed":
        """Sanitized copy: a platform's own subclass may never have come through the constructor here."""
        return StepFailed(
            raised.reason,
            permanent=raised.permanent,
            failure=raised.failure,
            outage=raised.outage,
            retry_after=raised.retry_after,
        )


class Held(StepFailed):
    """Held back, not tried at all: it costs no try, and its turn comes at `until`."""

    def __init__(self, reason: str, until: datetime):
        super().__init__(reason, failure=HELD)
        self.until = until


class HeldForAll(Held):
    """Held back because the service asked everybody to wait: none of its errands is tried before `until`."""


class Withdrawn(StepFailed):
    """Withdrawn before it was carried out, because its reason is gone: owed no more, and nobody failed."""

    def __init__(self, reason: str):
        super().__init__(reason, failure=NOT_OWED, permanent=True)


def seconds(wait: Any) -> int | None:
    """A wait in whole seconds, at most a day; None where it is no wait at all."""
    if isinstance(wait, timedelta):
        wait = wait.total_seconds()
    if isinstance(wait, str) and wait.strip().isascii() and wait.strip().isdigit():
        wait = int(wait.strip()[:12])
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not wait >= 0:
        return None  # nan is not, either
    return int(min(wait, LONGEST_WAIT))


def _words(said: Any, longest: int) -> str:
    """Storable text, or nothing where nothing is said."""
    words = "" if said is None else storable(said, longest)
    return words if words.strip() else ""
