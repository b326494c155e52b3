"""Alarm of the canary: each round is kept, and the owner is written to directly once for each trouble.

Not by way of a worker: that one may be what is not there. What could not be handed over is tried again with the next
round; the line in the log, and in Sentry where that is named, is there at once.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from accounts.database.clock import long_ago
from accounts.database.errors import DATABASE_ERRORS
from provisioning.canary import rounds
from provisioning.canary.rounds import Seen
from provisioning.emails.delivery import hand_over
from provisioning.exceptions import StepFailed
from provisioning.models import CanaryRound

logger = logging.getLogger(__name__)

KEPT = timedelta(days=400)


class Canary:
    """Canary that flies round after round, and remembers what the owner was told, also while the database is away."""

    def __init__(self) -> None:
        self.told: set[str] | None = None

    def round(self) -> Seen:
        """Fly one round, keep it, and tell the owner of what is new or over."""
        try:
            seen = rounds.fly()
        except DATABASE_ERRORS as error:
            seen = Seen(troubles={"database": f"it does not answer ({type(error).__name__})"})
        for about, words in seen.troubles.items():
            logger.error("the canary noticed: %s: %s", about, words)
        before = self._told_before()
        self.told = told = self._tell(seen, before)
        try:
            keep(seen, told)
        except DATABASE_ERRORS as error:
            logger.error("the canary's round could not be kept: %s", type(error).__name__)
        return seen

    def _told_before(self) -> set[str]:
        if self.told is None:
            try:
                last = CanaryRound.objects.last()
            except DATABASE_ERRORS:
                last = None
            return set(last.told) if last else set()
        return self.told

    def _tell(self, seen: Seen, before: set[str]) -> set[str]:
        new, over = seen.troubles.keys() - before, before - seen.troubles.keys()
        if not (new or over) or _write_to_owner(seen, sorted(new), sorted(over)):
            return set(seen.troubles)
        return before


def keep(seen: Seen, told: Iterable[str]) -> None:
    """Keep a round; those before it in which all was well go."""
    made = CanaryRound.objects.create(seconds=seen.seconds, troubles=seen.troubles, told=sorted(told))
    others = CanaryRound.objects.exclude(pk=made.pk)
    others.filter(troubles={}).delete()
    others.filter(long_ago("at", KEPT)).delete()


def _write_to_owner(seen: Seen, new: list[str], over: list[str]) -> bool:
    """Hand an email to the owner over, from here. False: it could not be."""
    lines = [f"{about}: {seen.troubles[about]}" for about in new] + [f"{about}: works again" for about in over]
    what = ", ".join(new or over)
    subject = f"The canary noticed: {what}" if new else f"The canary says it works again: {what}"
    body = "\n\n".join([*lines, f"{settings.SITE_URL}/admin/"])
    try:
        hand_over(EmailMessage(subject, body, settings.SUPPORT_EMAIL, [parseaddr(settings.OWNER_EMAIL)[1]]))
    except StepFailed as failure:
        logger.error("the canary could not write to the owner: %s", failure.reason)
        return False
    return True
