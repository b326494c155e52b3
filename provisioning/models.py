"""Models of the set-up: steps, attempts, dependencies (circuit breaker), outages, workspaces, heartbeats, faults."""

import uuid
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account


class State(models.TextChoices):
    """State of a step."""

    OPEN = "open", "to do"
    DONE = "done", "done"
    WAIVED = "waived", "let in without it, to be finished"
    DEAD = "dead", "given up"
    WITHDRAWN = "withdrawn", "withdrawn: its reason was gone"


OWED = (State.OPEN, State.WAIVED)
SETTLED = (State.DONE, State.WAIVED)  # in the way of nobody


class StepQuerySet(models.QuerySet["Step"]):
    """Steps by what they mean for an account."""

    def of_setup(self) -> Self:
        """Those of the set-up itself; the others are letters that something else made us owe."""
        return self.filter(occasion="")

    def owed(self) -> Self:
        """Open, or waived and still paid off."""
        return self.filter(state__in=OWED)

    def unpaid(self) -> Self:
        """Owed, or given up."""
        return self.filter(state__in=(*OWED, State.DEAD))


class Step(models.Model):
    """One thing we owe one account: a set-up step, or (with an occasion) a letter.

    There is no "running": whoever claims a step raises `epoch` and moves `due_at` past the lease, so the
    step of a worker that died simply becomes due again.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    occasion = models.CharField(
        max_length=80, blank=True, help_text="What made us owe it; empty for the set-up itself."
    )
    dependency = models.CharField(max_length=40, help_text="Who we need for it: mail, workspace, …")
    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Idempotency key, never changed.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="Tries that count towards giving up.")
    due_at = models.DateTimeField(db_default=Now())
    leased = models.BooleanField(default=False, help_text="Claimed: due_at is the end of the lease.")
    error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True)
    permanent = models.BooleanField(default=False, help_text="Refused for good: only a person can reopen it.")
    reference = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    pay_by = models.DateTimeField(null=True, help_text="Let in without it: when we promised to finish it.")
    facts = models.JSONField(default=dict, help_text="What the email has to say.")
    theirs = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How often it failed while others went through."
    )

    objects = StepQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "occasion"], name="each_thing_owed_once"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="step_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["dependency", "due_at"], condition=models.Q(state__in=OWED), name="steps_due"),
            models.Index(fields=["account"], condition=models.Q(state=State.DEAD), name="steps_given_up"),
            models.Index(
                fields=["done_at"], condition=models.Q(state=State.DONE, pay_by__isnull=False), name="debts_paid"
            ),
        ]

    def __str__(self):
        return f"{self.kind} for {self.account_id}"


class ErrandQuerySet(models.QuerySet["Errand"]):
    """Errands, and the one way to owe them."""

    def owe(self, *errands: "Errand") -> None:
        """Owe these errands, each once for its occasion."""
        Errand.objects.bulk_create(errands, ignore_conflicts=True)


class Errand(models.Model):
    """One call we owe to somebody else's service about one account, which may be gone by then.

    So it has the account's id and no foreign key, and nothing that anybody ever typed is kept in it.
    """

    account = models.UUIDField(help_text="The id of an account, which may be deleted.")
    kind = models.CharField(max_length=60)
    occasion = models.CharField(max_length=120, unique=True, help_text="What made us owe it, once.")
    dependency = models.CharField(max_length=40, help_text="Who we need for it: product, workspace.")
    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="Idempotency key, the same for every try.")
    facts = models.JSONField(default=dict, help_text="What the call has to say; never who somebody is.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="Tries that count towards giving up.")
    due_at = models.DateTimeField(db_default=Now())
    held = models.BooleanField(default=False, help_text="The service asked everybody to wait until due_at.")
    error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    objects = ErrandQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="errand_state_is_known")
        ]
        indexes = [
            models.Index(fields=["dependency", "due_at"], condition=models.Q(state=State.OPEN), name="errands_due"),
            models.Index(
                fields=["account", "dependency", "id"], condition=models.Q(state=State.OPEN), name="errands_in_order"
            ),
            models.Index(fields=["failed_at"], condition=models.Q(state=State.DEAD), name="errands_given_up"),
            models.Index(fields=["done_at"], condition=models.Q(state=State.DONE), name="errands_done"),
        ]

    def __str__(self):
        return f"{self.kind} for {self.account}"

    @property
    def account_id(self) -> uuid.UUID:
        """The account's id, by the name that log lines ask for."""
        return self.account


class Outcome(models.TextChoices):
    """Outcome of one try at a step."""

    DONE = "done", "done"
    FAILED = "failed", "failed"
    REFUSED = "refused", "refused for good"
    OUTAGE = "outage", "not counted: the service was down"
    LATE = "late", "came too late to count"
    WITHDRAWN = "withdrawn", "withdrawn: its reason was gone"


class Attempt(models.Model):
    """One try at one step. Append-only."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(db_default=Now())
    seconds = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["step", "ended_at"])]

    def __str__(self):
        return f"{self.outcome} after {self.seconds:.1f} s"


class Postmark(models.Model):
    """Record of a letter for the rate limit: handed over lately, or just being.

    Addresses are kept as hashes only.
    """

    key = models.UUIDField(primary_key=True, help_text="The email's, the same for every try.")
    mailbox = models.CharField(max_length=64)
    address = models.CharField(max_length=64, help_text="One of several that lead to this mailbox.")
    sort = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["mailbox", "at"], name="letters_to_a_mailbox"),
            models.Index(fields=["at"], name="postmarks_by_age"),
        ]

    def __str__(self):
        return f"{self.sort} at {self.at:%H:%M}"


class Dependency(models.Model):
    """One outside service, shared by all who need it: its circuit breaker, and its rate while a crowd drains."""

    name = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row, since it last worked.")
    failing_since = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict, db_default={}, help_text="Who failed, who went through: attribution.py")
    broken = models.BooleanField(default=False)
    probe_at = models.DateTimeField(null=True)
    rate = models.FloatField(null=True, help_text="Steps a second while draining; none = no limit.")
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "dependencies"

    def __str__(self):
        return self.name


class Outage(models.Model):
    """Outage of one dependency, from its first failure to its first success: one thing, many people."""

    dependency = models.ForeignKey(Dependency, on_delete=models.CASCADE, related_name="+")
    failure = models.CharField(max_length=40, help_text="Its class: refused, timeout, server error, …")
    error = models.TextField()
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dependency"], condition=models.Q(ended_at=None), name="one_open_outage_a_dependency"
            )
        ]

    def __str__(self):
        return f"{self.dependency_id} {self.failure} since {self.began_at:%d %b %H:%M}"


class Workspace(models.Model):
    """A person's workspace. With the `local:` backend this row is the workspace."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField(unique=True)
    backend = models.CharField(max_length=20)
    reference = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return self.reference


class Heartbeat(models.Model):
    """Heartbeat of a sweep or chore: the time at which it last ran through."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} at {self.at}"


class Fault(models.Model):
    """Fault: something the machine could not handle, a row of a table or a part of the sweep.

    Gone once it went well.
    """

    table = models.CharField(max_length=60)
    row = models.CharField(max_length=80)
    doing = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="What was being done with it."
    )
    words = models.TextField()
    times = models.PositiveIntegerField(default=1)
    began_at = models.DateTimeField(db_default=Now())
    at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField(help_text="Its next turn.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "row", "doing"], name="each_fault_of_a_row_once")]

    def __str__(self):
        return f"{self.table} {self.row}: {self.words}"


class CanaryRound(models.Model):
    """One round of the canary: how long it took to be ready, and what it noticed.

    Of rounds in which all was well, only the last is kept.
    """

    at = models.DateTimeField(db_default=Now(), db_index=True)
    seconds = models.FloatField(null=True, help_text="From sign-up to ready, seen from outside.")
    troubles = models.JSONField(default=dict, help_text="What is wrong, by what it is about: mail, worker, forms, …")
    told = models.JSONField(default=list, help_text="About which of them the owner has an email.")

    class Meta:
        ordering = ["at"]

    def __str__(self):
        return f"{', '.join(self.troubles) or 'well'} at {self.at:%d %b %H:%M}"


class Audit(models.Model):
    """Result of one audit: how many rows nobody accounts for, the count of each verdict, and the first rows by key.

    Of people it keeps nothing but keys.
    """

    at = models.DateTimeField(db_default=Now(), db_index=True)
    seconds = models.FloatField()
    unaccounted = models.PositiveIntegerField()
    counts = models.JSONField(help_text="By book, and by what was said of its rows.")
    rows = models.JSONField(help_text="Book, what was said, and key, of the first rows that are wrong.")
    unasked = models.TextField(blank=True, help_text="Why the workspaces could not be listed.")

    class Meta:
        ordering = ["at"]

    def __str__(self):
        return f"unaccounted: {self.unaccounted} at {self.at:%d %b %H:%M}"
