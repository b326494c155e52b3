"""Labels of the desk for stored keys: audit log lines and sentences people were shown; also times of day."""

import re
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Event
from accounts.sentences import SENTENCES
from provisioning.kinds import label_of

KINDS = {
    "signed_up": _("signed up"),
    "signed_up_again": _("signed up again with the same password"),
    "signed_up_with_other_password": _("signed up again with another password"),
    "logged_in": _("logged in"),
    "logged_in_at_the_desk": _("gave the right password at the desk"),
    "second_step_set_up": _("set up a second step for the desk"),
    "second_step_passed": _("passed the desk's second step"),
    "second_step_refused": _("gave a code that did not fit"),
    "recovery_code_used": _("used a recovery code"),
    "tried_to_log_in": _("tried to log in"),
    "looked": _("looked where it stands"),
    "wrote": _("wrote to us"),
    "proved_mailbox": _("proved the mailbox"),
    "chose_password": _("chose a new password"),
    "changed_details": _("changed what they gave us"),
    "changed_password": _("changed the password"),
    "asked_for_move": _("asked for another address"),
    "moved_address": _("has another address"),
    "ended_sessions": _("ended sessions"),
    "mail.bounced": _("a letter came back"),
    "welcome_email.bounced": _("the welcome letter came back"),
    "complained": _("marked our letter as unwanted"),
    "stated_deadline": _("said by when it is needed"),
    "asked_for_reset": _("asked to choose a new password"),
    "asked_for_resend": _("asked for the letter again"),
    "typed_wrong_password": _("typed a wrong password"),
    "mail.by_another": _("somebody else answered their letter"),
    "mail.automatic": _("a machine answered our letter"),
    "corrected_address": _("the address was put right"),
    "recovered": _("started the repair"),
    "replied": _("wrote a reply"),
    "put_aside": _("put the ticket aside"),
    "handed_over": _("handed it to the owner"),
    "abusive": _("hid the words of a message"),
    "not_abusive": _("showed the words of a message again"),
    "link_sent": _("sent the letter that says how to get in"),
    "looked_at": _("looked at this person"),
    "ticket.closed": _("closed the ticket"),
    "sessions_ended": _("logged them out everywhere"),
    "vouched": _("vouched for them and started a reset"),
}
OUTCOMES = {
    "done": _("%(step)s: done"),
    "failed": _("%(step)s: failed"),
    "refused": _("%(step)s: refused for good"),
    "outage": _("%(step)s: the service was down, which costs no try"),
    "waived": _("%(step)s: let in without it, still owed"),
}


def clock_words(moment: datetime) -> str:
    """Time of day in UTC for a letter, with its day where that is not today."""
    moment = timezone.localtime(moment)
    day = "" if moment.date() == timezone.localdate() else f"{moment:%-d %b} "
    return f"{day}{moment:%H:%M} UTC"


def describe_event(event: Event) -> str:
    """Label of an event, for the audit log."""
    if event.kind in KINDS:
        return str(KINDS[event.kind])
    if event.kind.startswith("status."):
        return _("status: %(status)s") % {"status": event.kind.removeprefix("status.").replace("_", " ")}
    step, _dot, outcome = event.kind.rpartition(".")
    pattern = OUTCOMES.get(outcome)
    return pattern % {"step": label_of(step)} if pattern else event.kind.replace("_", " ")


def sentence(key: str) -> str:
    """Text of a sentence people were shown, by its key; the facts in it stand elsewhere on the card."""
    return re.sub(r"\{\w+\}", "…", str(SENTENCES.get(key, key)))
