"""Support tickets, the messages in them, and inbound mail as it was posted."""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account


class Ticket(models.Model):
    """Support ticket: a person is owed an answer by a person. At most one open ticket for an account."""

    class Why(models.TextChoices):
        GAVE_UP = "gave_up", "given up automatically"
        WROTE = "wrote", "they wrote to us"

    class Wake(models.TextChoices):
        TIME = "time", "at a time"
        ANSWER = "answer", "when they answer"
        CHANGE = "change", "when their account changes"

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254, help_text="Where the answer goes.")
    why = models.CharField(max_length=8, choices=Why.choices)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_because = models.TextField(blank=True)
    # Put aside: out of the queue until this time at the latest, or until what is named in `wakes_on`.
    asleep_since = models.DateTimeField(null=True)
    asleep_until = models.DateTimeField(null=True)
    wakes_on = models.CharField(max_length=8, blank=True, choices=Wake.choices)
    handed_over_at = models.DateTimeField(null=True, help_text="The owner has it.")
    abusive = models.BooleanField(default=False, help_text="Their message is hidden behind a click.")
    # What decides the priority, refreshed by the sweep, so that a screen of ten thousand reads one table.
    promised_for = models.DateTimeField(null=True, help_text="When an answer was promised.")
    needed_by = models.DateTimeField(null=True, help_text="The deadline they stated.")
    here_at = models.DateTimeField(null=True, help_text="When they last tried to log in, sign up or write to us.")
    came_back = models.PositiveIntegerField(default=0)
    untrue = models.BooleanField(default=False, help_text="They were shown something untrue.")
    locked_out = models.BooleanField(default=False, db_default=False, help_text="They cannot get in.")
    facts_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("recover", "Recover an account"),
            ("recover_all", "Recover everybody in an incident"),
            ("let_in", "Let somebody in, finish later"),
            ("correct_address", "Correct an address after proof"),
            ("vouch", "Vouch for somebody and send a new-password link"),
            ("reply", "Write to people"),
            ("put_aside", "Put a ticket aside"),
            ("hand_over", "Hand a ticket over to the owner"),
            ("mark_abusive", "Hide a message"),
            ("close", "Close a ticket"),
            ("correct_company", "Correct a company name"),
            ("link_account", "Link a stranger's ticket to an account"),
            ("delete_on_request", "Delete an account on its holder's request"),
            ("manage_staff", "Invite staff, and change their access"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(closed_at=None, account__isnull=False),
                name="one_open_ticket_an_account",
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(closed_at=None, account=None),
                name="one_open_ticket_a_stranger",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=models.Q(closed_at=None), name="open_tickets"),
            models.Index(fields=["facts_at"], condition=models.Q(closed_at=None), name="tickets_to_refresh"),
            models.Index(
                fields=["email"],
                opclasses=["text_pattern_ops"],
                condition=models.Q(account=None),
                name="tickets_of_strangers",
            ),
        ]

    def __str__(self):
        return f"#{self.pk} {self.get_why_display()}: {self.email}"


class InboundMail(models.Model):
    """Raw webhook post of the mail service: stored as it is, read by the sweep, and kept with its message."""

    hook = models.CharField(max_length=80, help_text="Where it was posted: postmark/inbound/.")
    content_type = models.CharField(max_length=300, blank=True)
    posted = models.BinaryField()
    digest = models.CharField(max_length=64, unique=True, help_text="The same post, sent again, is one.")
    known = models.BooleanField(default=False, help_text="It names somebody who has an account, so it's read first.")
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "mail"
        verbose_name_plural = "mail"
        indexes = [
            models.Index(fields=["-known", "at"], condition=models.Q(read_at=None), name="mail_to_read"),
        ]

    def __str__(self):
        return f"{self.hook} {self.digest[:8]}"


class Message(models.Model):
    """One message from a person, waiting to be looked at until `read_at` (by the machine) is set."""

    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254, help_text="Who the answer goes to.")
    sender = models.CharField(
        max_length=254, blank=True, db_default="", help_text="Who the email is from, if that's somebody else."
    )
    subject = models.CharField(max_length=300, blank=True, db_default="")
    body = models.TextField(help_text="What they wrote, without what they quoted.")
    whole = models.TextField(blank=True, help_text="The whole message, if it came by email.")
    message_id = models.CharField(max_length=998, blank=True)
    fingerprint = models.CharField(
        max_length=64, blank=True, db_default="", help_text="Of its Message-ID, who wrote it and what."
    )
    answers = models.TextField(blank=True, help_text="The Message-IDs it refers to, one a line.")
    automatic = models.BooleanField(default=False, help_text="Automatic: never answered.")
    unsure = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Possibly automatic: it gets no automatic reply, but a person reads it.",
    )
    bounce = models.BooleanField(default=False, help_text="An email of ours that came back.")
    mail = models.ForeignKey(InboundMail, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, help_text="When the recovery started.")
    settled_at = models.DateTimeField(null=True, help_text="When it became a ticket, or didn't need one.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"], condition=~models.Q(fingerprint=""), name="each_mail_once"
            )
        ]
        indexes = [
            models.Index(fields=["at"], condition=models.Q(settled_at=None), name="messages_to_settle"),
            models.Index(fields=["ticket", "at"]),
        ]

    def __str__(self):
        return f"{self.email}: {self.body[:60]}"
