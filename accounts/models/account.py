"""The user model: one account, its reference number, and the only writer of its status."""

import secrets
import unicodedata
import uuid
from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.models.events import Event, Voice, write_diary
from accounts.status import Status, check_arrow
from accounts.text.addresses import check_address, normal_email, shown

LONGEST_PHONE = 200  # characters, for two numbers and when to call which
LONGEST_CALLED, IN_NAMES = 30, "-'’"
REFERENCE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def new_reference() -> str:
    """Return a random reference number, short enough to read out on the phone.

    It finds an account and proves nothing.
    """
    letters = [secrets.choice(REFERENCE_LETTERS) for _ in range(7)]
    return "".join(letters[:3]) + "-" + "".join(letters[3:])


class AccountManager(BaseUserManager["Account"]):
    """User manager by normalised e-mail address."""

    def create_superuser(self, email, password=None, **fields):
        """Create a staff account. Raises ValidationError.

        Staff run the platform; nothing has to be set up for them.
        """
        fields = {"is_staff": True, "is_superuser": True, "status": Status.ACTIVE} | fields
        account = self.model(email=normal_email(email), **fields)
        check_address(account.email)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username):
        return self.get(email=normal_email(username or ""))


class AddressField(models.EmailField):
    """E-mail column that takes an address as it is pasted at a prompt: `createsuperuser` asks it."""

    default_validators = [check_address]

    def clean(self, value, model_instance):
        return super().clean(normal_email(str(value)), model_instance)

    def deconstruct(self):
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs


class Account(AbstractBaseUser, PermissionsMixin):
    """User model: one person who signed up, with the progress of their set-up in `status`.

    `is_active` keeps Django's meaning, not suspended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = AddressField(_("work email"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=300)
    phone = models.CharField(_("phone"), max_length=LONGEST_PHONE, blank=True)
    company = models.CharField(_("company"), max_length=300, blank=True)
    reference = models.CharField(max_length=8, default=new_reference, db_index=True, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.CREATED)
    status_at = models.DateTimeField(db_default=Now())
    mailbox_proven_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(_("not suspended"), default=True)
    is_staff = models.BooleanField(_("may use the desk"), default=False)
    created_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Set when its owner came back and set-up hasn't looked yet: this row is the message.",
    )
    address_taken = models.EmailField(
        max_length=254,
        blank=True,
        help_text="Where they wanted our email, if somebody else's account has that address.",
    )
    language = models.CharField(
        _("language"),
        max_length=8,
        default="en",
        db_default="en",
        help_text="The one they signed up in, or have chosen since. Our emails are written in it.",
    )
    zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="The one they chose. Empty: pages use their browser's.",
    )
    browser_zone = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="What their browser said it was in, last."
    )
    needed_by = models.DateTimeField(_("needed by"), null=True, blank=True)
    needed_because = models.CharField(_("what for"), max_length=300, blank=True)
    canary = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Nobody: the canary's, for one of its rounds."
    )

    objects = AccountManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_an_address"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="status_is_known"),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(asked_at__isnull=False), name="who_asked"),
            models.Index(fields=["created_at"], condition=models.Q(canary=True), name="the_canarys"),
            models.Index(fields=["status_at"], condition=models.Q(status=Status.FAILED), name="who_was_given_up"),
            models.Index(fields=["status_at"], condition=models.Q(status=Status.ACTIVE), name="who_arrived"),
            models.Index(fields=["status_at"], condition=~models.Q(status=Status.ACTIVE), name="who_is_unfinished"),
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="who_is_suspended"),
            models.Index(fields=["id"], condition=models.Q(is_staff=True), name="who_is_staff"),
        ]

    def __str__(self):
        return f"{self.name} <{self.email}>"

    @property
    def written_to(self) -> str:
        """The address where its owner expects our letters.

        The same words on a page whether that address was free or taken.
        """
        return self.address_taken or self.email

    @property
    def email_shown(self) -> str:
        return shown(self.email)

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def called(self) -> str:
        """First name for a letter, if it can be nothing else; anybody may have typed it, with any address."""
        first = unicodedata.normalize("NFC", self.first_name)
        letters = all(unicodedata.category(sign)[0] in "LM" or sign in IN_NAMES for sign in first)
        return first if letters and len(first) <= LONGEST_CALLED else ""

    def move(self, to: Status, why: str = "") -> bool:
        """Change the status, in the row and in the diary. False: somebody else moved it first."""
        moved = move([self.pk], Status(self.status), to, why)
        if moved:
            self.status = to
        return bool(moved)


def move(ids: Iterable[uuid.UUID], old: Status, new: Status, why: str = "") -> list[uuid.UUID]:
    """Change the status of many accounts, compare-and-set: those of `ids` still `old` become `new`.

    The one place that writes a status, each with a diary line. Returns the ids that moved; raises NoSuchArrow.
    """
    check_arrow(old, new)
    with transaction.atomic():
        rows = Account.objects.select_for_update().filter(pk__in=list(ids), status=old).order_by("pk")
        moved = list(rows.values_list("pk", flat=True))
        if moved:
            Account.objects.filter(pk__in=moved).update(status=new, status_at=Now())
            write_diary(Event(account_id=pk, voice=Voice.WE, kind=f"status.{new}", detail=why) for pk in moved)
    return moved
