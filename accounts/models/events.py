"""The audit log of an account ("the diary"): append-only lines in three voices."""

from collections.abc import Iterable

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Voice(models.TextChoices):
    """Actor of a diary line: the person, the system, or support."""

    THEY = "they", _("they")
    WE = "we", _("we")
    SUPPORT = "support", _("support")


class EventKind(models.TextChoices):
    """Kind of a line in the diary, with the desk's words for it, which are English.

    Beside these there are `status.<state>`, `held_back.<door>`, `answered.<answer>` and `<step>.<outcome>`.
    """

    SIGNED_UP = "signed_up", "signed up"
    IMPORTED = "imported", "was brought along from another system"
    SIGNED_UP_AGAIN = "signed_up_again", "signed up again with the same password"
    SIGNED_UP_WITH_OTHER_PASSWORD = "signed_up_with_other_password", "signed up again with another password"
    LOGGED_IN = "logged_in", "logged in"
    LOGGED_IN_AT_THE_DESK = "logged_in_at_the_desk", "entered the right password at the desk"
    SECOND_STEP_SET_UP = "second_step_set_up", "set up the second step for the desk"
    SECOND_STEP_PASSED = "second_step_passed", "passed the desk's second step"
    SECOND_STEP_REFUSED = "second_step_refused", "entered a wrong code"
    RECOVERY_CODE_USED = "recovery_code_used", "used a recovery code"
    TRIED_TO_LOG_IN = "tried_to_log_in", "tried to log in"
    LOOKED = "looked", "checked on their sign-up"
    WROTE = "wrote", "wrote to us"
    PROVED_MAILBOX = "proved_mailbox", "confirmed their address"
    CHOSE_PASSWORD = "chose_password", "chose a new password"
    CHANGED_DETAILS = "changed_details", "changed their details"
    CHANGED_PASSWORD = "changed_password", "changed their password"
    ASKED_FOR_MOVE = "asked_for_move", "asked to change their address"
    MOVED_ADDRESS = "moved_address", "changed their address"
    EXPORTED = "exported", "downloaded everything we have about them"
    ENDED_SESSIONS = "ended_sessions", "logged out other devices"
    MAIL_BOUNCED = "mail.bounced", "an email came back"
    WELCOME_EMAIL_BOUNCED = "welcome_email.bounced", "the welcome email came back"
    COMPLAINED = "complained", "marked our email as spam"
    STATED_DEADLINE = "stated_deadline", "told us when they need it"
    ASKED_FOR_RESET = "asked_for_reset", "asked for a new password"
    ASKED_FOR_RESEND = "asked_for_resend", "asked us to send the email again"
    TYPED_WRONG_PASSWORD = "typed_wrong_password", "typed a wrong password"
    MAIL_BY_ANOTHER = "mail.by_another", "somebody else replied to their email"
    MAIL_AUTOMATIC = "mail.automatic", "an auto-reply came back"
    CORRECTED_ADDRESS = "corrected_address", "the address was corrected"
    RECOVERED = "recovered", "started a recovery"
    REPLIED = "replied", "wrote a reply"
    TOOK_BACK = "took_back", "took the reply back before it went out"
    NOTED_DEADLINE = "noted_deadline", "noted when they need it"
    CORRECTED_COMPANY = "corrected_company", "the company name was corrected"
    LINKED = "linked", "linked a stranger's ticket to them"
    PUT_ASIDE = "put_aside", "put the ticket aside"
    HANDED_OVER = "handed_over", "handed it over to the owner"
    ABUSIVE = "abusive", "hid a message"
    NOT_ABUSIVE = "not_abusive", "showed a message again"
    LINK_SENT = "link_sent", "emailed them how to log in"
    LOOKED_AT = "looked_at", "looked at this person"
    TICKET_CLOSED = "ticket.closed", "closed the ticket"
    SESSIONS_ENDED = "sessions_ended", "logged them out everywhere"
    VOUCHED = "vouched", "vouched for them and sent a new-password link"
    INVITED_TO_THE_DESK = "invited_to_the_desk", "invited them to the desk"
    ROLE_CHANGED = "role_changed", "changed their role at the desk"
    SUSPENDED = "suspended", "suspended them"
    LET_BACK_IN = "let_back_in", "let them back in"
    SECOND_STEP_REMOVED = "second_step_removed", "removed their second step and its recovery codes"
    SAID_NOT_ME = "said_not_me", "said it wasn't them"
    DELETED_EVERYTHING = "deleted_everything", "deleted everything"
    WORD_SENT = "word_sent", "sent a word"
    WORD_TAKEN_BACK = "word_taken_back", "took a note back before it went out"


# At which door somebody tried to get in, or to get an answer. Looking at the waiting room is no door: it is waiting.
DOORS: dict[str, str] = {
    EventKind.LOGGED_IN: "log-in",
    EventKind.TRIED_TO_LOG_IN: "log-in",
    EventKind.SIGNED_UP_AGAIN: "sign-up",
    EventKind.SIGNED_UP_WITH_OTHER_PASSWORD: "sign-up",
    EventKind.ASKED_FOR_RESET: "password reset",
    EventKind.ASKED_FOR_RESEND: "“send it again”",
    EventKind.WROTE: "support",
}


# Those at which it was surely they: anybody may type a wrong password, or ask for an email to an address.
PROVEN_DOORS = frozenset({EventKind.LOGGED_IN, EventKind.SIGNED_UP_AGAIN, EventKind.WROTE})


# What services outside are told of; those that read the diary for it find these lines by an index.
NEWS = (
    "status.active",
    "status.failed",
    EventKind.PROVED_MAILBOX.value,
    EventKind.CHOSE_PASSWORD.value,
    EventKind.CHANGED_DETAILS.value,
    EventKind.MOVED_ADDRESS.value,
    EventKind.CORRECTED_ADDRESS.value,
    EventKind.CORRECTED_COMPANY.value,
)


class Event(models.Model):
    """One line of the audit log: what they did and were shown, what we did, what support did. Never changed."""

    account = models.ForeignKey("accounts.Account", null=True, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254, blank=True, help_text="What was typed, where there is no account.")
    at = models.DateTimeField(db_default=Now())
    voice = models.CharField(max_length=8, choices=Voice.choices)
    kind = models.CharField(max_length=60)
    shown = models.CharField(max_length=60, blank=True, help_text="Key of the sentence they were shown.")
    detail = models.TextField(blank=True)
    actor = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["account", "at"]),
            models.Index(fields=["address", "at"], condition=~models.Q(address=""), name="typed_addresses"),
            models.Index(fields=["at"], condition=models.Q(kind__in=NEWS), name="diary_news"),
        ]

    def __str__(self):
        return f"{self.voice}: {self.kind}"


def write_diary(events: Iterable[Event]) -> None:
    """Append lines to the audit log, with one INSERT."""
    Event.objects.bulk_create(events)
