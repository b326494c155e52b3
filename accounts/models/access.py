"""Models of what the entry pages record: sign-up claims, links in e-mails, letter requests, rate-limit counters."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.account import LONGEST_PHONE, Account


class SignupClaim(models.Model):
    """One browser's sign-up for one address. Its token is kept as a hash; the browser holds it in a cookie."""

    token_hash = models.CharField(max_length=64)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=300)
    phone = models.CharField(max_length=LONGEST_PHONE, blank=True, default="", db_default="")
    company = models.CharField(max_length=300, blank=True, default="", db_default="")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    proven = models.BooleanField(help_text="The password typed was the account's own.")
    letter_owed = models.BooleanField(
        default=False, help_text="The address was taken: its owner is owed an email that says so."
    )
    needed_by = models.DateTimeField(null=True, help_text="What this browser said, if it is not the owner's.")
    created_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_hash", "email"], name="one_claim_a_browser_and_address")
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(letter_owed=True), name="claims_owed_a_letter")
        ]

    def __str__(self):
        return f"sign-up of {self.email}"


class MailboxLink(models.Model):
    """A single-use link in an e-mail. Its token is kept as a hash; whoever has it can read that mailbox."""

    class Purpose(models.TextChoices):
        CONFIRM = "confirm", "confirm the address"
        ALREADY_HERE = "already_here", "decide about a second sign-up"
        RESET = "reset", "choose a new password"
        MOVE = "move", "have another address"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(
        max_length=254, help_text="Where it was sent; void once the account has another address."
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True, help_text="When a newer email took its place.")

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "purpose"],
                condition=models.Q(used_at=None, replaced_at=None),
                name="links_that_may_work",
            )
        ]

    def __str__(self):
        return f"{self.purpose} link to {self.email}"


class AccessRequest(models.Model):
    """Outbox row: somebody asked for a letter, or did what its owner must hear of.

    This row is the message. Set-up fetches it, writes the diary, and deletes it.
    """

    class Kind(models.TextChoices):
        RESET = "reset", "asked to choose a new password"
        RESEND = "resend", "asked for the email again"
        PASSWORD_CHANGED = "password_changed", "chose a new password"
        MOVE = "move", "asked to have another address"
        MOVED = "moved", "has another address"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    email = models.EmailField(max_length=254)
    to = models.EmailField(max_length=254, blank=True, default="", db_default="", help_text="If not to `email`.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="requests_by_age")]

    def __str__(self):
        return f"{self.email} {self.get_kind_display()}"


class Tries(models.Model):
    """Rate-limit counter: tries within one window of time. The key is a hash: no addresses are kept here."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "tries"

    def __str__(self):
        return f"{self.count} until {self.ends_at:%H:%M}"


class HashInUse(models.Model):
    """A sort of password hash, other than ours, that some account still has: every check takes as long as its."""

    key = models.CharField(
        max_length=120, primary_key=True, help_text="Scheme, and what of its cost cannot be added."
    )
    cost = models.PositiveBigIntegerField(help_text="That of the dearest: iterations, or doublings.")

    class Meta:
        verbose_name_plural = "hashes in use"

    def __str__(self):
        return f"{self.key} × {self.cost}"
