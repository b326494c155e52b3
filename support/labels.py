"""Labels of the desk for stored keys: audit log lines and sentences people were shown; also times of day."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Event, EventKind
from accounts.sentences import SENTENCES
from provisioning.kinds import label_of

OUTCOMES = {
    "done": _("%(step)s: done"),
    "failed": _("%(step)s: failed"),
    "refused": _("%(step)s: refused for good"),
    "withdrawn": _("%(step)s: withdrawn, since its reason was gone"),
    "outage": _("%(step)s: the service was down (not counted as a try)"),
    "waived": _("%(step)s: let in without it, still to be finished"),
}
FAILURES = {
    "4xx": _("request refused"),
    "5xx": _("server error"),
    "bug": _("fault in our own code"),
    "refused": _("connection refused"),
    "refuses us": _("refuses us"),
    "sender refused": _("our sender refused"),
    "login refused": _("our log-in refused"),
    "token refused": _("our token refused"),
    "timeout": _("no answer"),
    "hung up": _("connection cut"),
}


def describe_failure(failure: str) -> str:
    """Label of a class of failure; one of a platform's own stays as it is."""
    return str(FAILURES.get(failure, failure))


def clock_words(moment: datetime) -> str:
    """Time of day in UTC for a letter, with its day where that is not today."""
    moment = timezone.localtime(moment)
    day = "" if moment.date() == timezone.localdate() else f"{moment:%-d %b} "
    return f"{day}{moment:%H:%M} UTC"


def describe_event(event: Event) -> str:
    """Label of an event, for the audit log."""
    if event.kind in EventKind.values:
        return str(EventKind(event.kind).label)
    if event.kind.startswith("status."):
        return _("status: %(status)s") % {"status": event.kind.removeprefix("status.").replace("_", " ")}
    step, _dot, outcome = event.kind.rpartition(".")
    pattern = OUTCOMES.get(outcome)
    return pattern % {"step": label_of(step)} if pattern else event.kind.replace("_", " ")


def sentence(key: str) -> str:
    """Text of a sentence people were shown, by its key; the facts in it stand elsewhere on the card."""
    return re.sub(r"\{\w+\}", "…", str(SENTENCES.get(key, key)))
