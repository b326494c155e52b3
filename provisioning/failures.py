"""The one exception a step may raise, and what it says about who is to blame."""

NOT_OWED = "not owed"  # nobody was asked: it says nothing about any service


class StepFailed(Exception):
    """A step could not be done; `reason` is a sentence for the row, the diary and the desk.

    permanent: trying again would change nothing (an address that bounced, a company name refused).
    failure: its class for the outage it may be part of: refused, timeout, 5xx, 4xx, …
    outage: it looks like the dependency (and anybody's step would have failed), not like this person.
    retry_after: seconds the dependency asked us to wait, if it did.
    """

    def __init__(self, reason, *, permanent=False, failure="error", outage=False, retry_after=None):
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.failure = failure
        self.outage = outage
        self.retry_after = retry_after
