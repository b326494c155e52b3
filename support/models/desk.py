"""Settings of the desk: agent, business hours, time zone, limits.

Also the agent's absences (Away), and the e-mails about a day (DayLetter).
"""

from datetime import date
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import holidays
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce, Greatest, Least

from accounts.text.time_zones import zone_called
from support.business_hours import EARLIEST, LATEST, Schedule, Span
from support.weekday_hours import Hours, parse_hours

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def check_hours(text: str) -> None:
    """Validator for the hours of a weekday."""
    try:
        parse_hours(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def check_zone(name: str) -> None:
    """Validator for the name of a time zone."""
    if name not in available_timezones():
        raise ValidationError(f"There's no time zone {name}. Use a name like Europe/Lisbon.")


HOURS_HELP = "Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning."
OFFICE = "9:00-17:30"


def hours_of_a_day(default: str = "") -> models.CharField:
    """Model field for the hours of a weekday, as text."""
    return models.CharField(
        max_length=80, blank=True, default=default, validators=[check_hours], help_text=HOURS_HELP
    )


class Desk(models.Model):
    """Settings of the one desk: a single row, made with office hours when it is first asked for."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80, default="Support", help_text="As people see it: Jordan will answer by …")
    sign_off = models.CharField(max_length=120, blank=True, help_text="Below her emails: Jordan Reis, support.")
    email = models.EmailField(blank=True, help_text="Where her daily emails go. Empty: the support address.")
    time_zone = models.CharField(max_length=60, default="UTC", validators=[check_zone])
    monday = hours_of_a_day(OFFICE)
    tuesday = hours_of_a_day(OFFICE)
    wednesday = hours_of_a_day(OFFICE)
    thursday = hours_of_a_day(OFFICE)
    friday = hours_of_a_day(OFFICE)
    saturday = hours_of_a_day()
    sunday = hours_of_a_day()
    holidays_country = models.CharField(max_length=2, blank=True, help_text="Like PT. Empty: no public holidays.")
    holidays_subdivision = models.CharField(max_length=10, blank=True, help_text="Where they differ, like BY in DE.")
    backup_email = models.EmailField(blank=True, help_text="Who to email if people would be stuck for too long.")
    blocked_limit = models.PositiveIntegerField(
        "longest wait",
        default=720,
        help_text="Minutes somebody may be stuck while nobody is at work, before we tell the backup.",
    )
    offer = models.TextField(
        blank=True, help_text="What you may offer somebody who was harmed, worded for the email."
    )
    let_in_by_rule = models.BooleanField(
        "let in automatically",
        default=False,
        help_text="While nobody is at work: let in, finish later, anyone with a deadline and a confirmed address.",
    )
    rule_after = models.PositiveIntegerField(
        "let in after",
        default=30,
        help_text="Minutes the service must have been down before anyone is let in automatically.",
    )
    wake_at_night = models.BooleanField(
        "email about incidents at night",
        default=False,
        db_default=False,
        help_text="Otherwise the email about an incident waits until somebody is at work.",
    )
    introduced_at = models.DateTimeField(
        null=True, editable=False, help_text="When the agent gave name, hours and zone, or said “not now”."
    )
    said = models.TextField(blank=True, editable=False, help_text="The status line, as the last round worded it.")
    debt_days = models.PositiveIntegerField(
        "days to finish", default=3, help_text="Days we give ourselves to finish the rest."
    )

    class Meta:
        verbose_name_plural = "desk"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_desk")]

    def __str__(self):
        return f"The desk of {self.name}"

    def clean(self):
        subdivisions = holidays.list_supported_countries()
        if self.holidays_country and self.holidays_country not in subdivisions:
            unknown = f"We don't know the public holidays of {self.holidays_country}."
            raise ValidationError({"holidays_country": unknown})
        if self.holidays_subdivision and self.holidays_subdivision not in subdivisions.get(self.holidays_country, []):
            raise ValidationError({"holidays_subdivision": f"{self.holidays_country} has no region of that name."})

    @property
    def zone(self) -> ZoneInfo:
        """Time zone; UTC where the row names none that exists: letters and pages go on."""
        return zone_called(self.time_zone) or ZoneInfo("UTC")

    @property
    def address(self) -> str:
        return self.email or settings.SUPPORT_EMAIL

    def schedule(self) -> Schedule:
        """Business hours with absences and public holidays, as they stand in the database now."""
        week = tuple(hours_of(getattr(self, day)) or () for day in WEEKDAYS)
        rests = public_holidays(self.holidays_country, self.holidays_subdivision)
        return Schedule(self.zone, week, times_away(), frozenset() if rests is None else rests)

    def unreadable(self) -> list[str]:
        """Sentences about values in this row that say nothing; the schedule is kept without them."""
        said = []
        if zone_called(self.time_zone) is None:
            said.append(f"There's no time zone “{self.time_zone}”, so we're using UTC.")
        wrong = [day for day in WEEKDAYS if hours_of(getattr(self, day)) is None]
        said += [
            f"The hours of {day.title()}, “{getattr(self, day)}”, can't be read, so it has none." for day in wrong
        ]
        if public_holidays(self.holidays_country, self.holidays_subdivision) is None:
            where = " ".join([self.holidays_country, self.holidays_subdivision]).strip()
            said.append(f"We don't know the public holidays of “{where}”, so there are none.")
        return said


def the_desk() -> Desk:
    """Return the one desk, made if there is none."""
    return Desk.objects.get_or_create(pk=1)[0]


def zone_name() -> str:
    """Return the name of the desk's time zone (settings.DEFAULT_ZONE)."""
    return Desk.objects.filter(pk=1).values_list("time_zone", flat=True).first() or "UTC"


@cache
def public_holidays(country: str, subdivision: str):
    """Public holidays of a country; years are filled in as they are asked for. None if there is no such country.

    Empty where no country is named. Cached for each country and subdivision.
    """
    if not country:
        return frozenset[date]()
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        return None


def hours_of(text: str) -> Hours | None:
    """Hours of a weekday from their text, or None if it says none."""
    try:
        return parse_hours(text)
    except ValueError:
        return None


def times_away() -> tuple[Span, ...]:
    """Absences in order, brought by the database into the years that Python can count with."""
    begins = Greatest("start", Value(EARLIEST))
    ends = Least(Coalesce("until", Value(LATEST)), Value(LATEST))
    return tuple(Away.objects.order_by("start").values_list(begins, ends))


class Away(models.Model):
    """Absence of the agent from `start` until `until`, or until the agent comes back where that is not known."""

    start = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    stepped = models.BooleanField(default=False, editable=False, help_text="By the button, not planned.")

    class Meta:
        verbose_name_plural = "away"
        ordering = ["-start"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("start")),
                name="away_ends_later",
                violation_error_message="It can't end before it starts.",
            )
        ]

    def __str__(self):
        return f"away from {self.start:%d %b %H:%M}"


class DayLetter(models.Model):
    """Outbox row: an e-mail about a day to the agent, the owner or the backup (digests, alerts).

    The row is the message; the sweep sends it.
    """

    class Kind(models.TextChoices):
        MORNING = "morning", "morning"
        EVENING = "evening", "evening"
        OWNER = "owner", "more than one person can do"
        BACKUP = "backup", "somebody is stuck and nobody is at work"
        WEEK = "week", "what waits for the owner, once a week"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    day = models.DateField()
    to = models.EmailField()
    facts = models.JSONField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When to send it, or to try again.")
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="one_letter_a_day")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(sent_at=None), name="day_letters_to_send")]

    def __str__(self):
        return f"{self.kind} email of {self.day}"
