"""Humanized dates and durations, by the desk's clock: “noon today”, “17:00 on Tuesday”."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


def say_when(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment in words by the desk's clock: time, day and city."""
    local, today = _local(moment, zone), now.astimezone(zone).date()
    day = _day(local, (local.date() - today).days)
    return _("{clock} {day} ({city})").format(clock=_clock(local), day=day, city=city(zone))


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment in this zone.

    At the very ends of the calendar there is no hour more or less: it stays as it is.
    """
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def _clock(local: datetime) -> str:
    if (local.hour, local.minute) == (12, 0):
        return _("noon")
    return _("{hour}:{minute}").format(hour=f"{local:%H}", minute=f"{local:%M}")


def _day(local: datetime, days: int) -> str:
    if days in (-1, 0, 1):
        return (_("yesterday"), _("today"), _("tomorrow"))[days + 1]
    weekday = date_format(local, "l")
    if 1 < abs(days) < 7:
        return _("on {weekday}").format(weekday=weekday)
    return _("on {weekday}, {day} {month}").format(weekday=weekday, day=local.day, month=date_format(local, "F"))


def city(zone: ZoneInfo) -> str:
    """Name of a time zone in words: “Berlin time”."""
    if zone.key == "UTC":
        return "UTC"
    name = zone.key.rpartition("/")[2].replace("_", " ")
    return _("{city} time").format(city=OTHER_NAMES.get(name, name))


# Cities that are called otherwise in a language of ours than in the names of the time zones.
OTHER_NAMES = {
    "Athens": gettext_lazy("Athens"),
    "Belgrade": gettext_lazy("Belgrade"),
    "Brussels": gettext_lazy("Brussels"),
    "Bucharest": gettext_lazy("Bucharest"),
    "Cairo": gettext_lazy("Cairo"),
    "Copenhagen": gettext_lazy("Copenhagen"),
    "Havana": gettext_lazy("Havana"),
    "Hong Kong": gettext_lazy("Hong Kong"),
    "Kolkata": gettext_lazy("Kolkata"),
    "Kyiv": gettext_lazy("Kyiv"),
    "Lisbon": gettext_lazy("Lisbon"),
    "Luxembourg": gettext_lazy("Luxembourg"),
    "Mexico City": gettext_lazy("Mexico City"),
    "Moscow": gettext_lazy("Moscow"),
    "Prague": gettext_lazy("Prague"),
    "Rome": gettext_lazy("Rome"),
    "Sao Paulo": gettext_lazy("São Paulo"),
    "Singapore": gettext_lazy("Singapore"),
    "Tokyo": gettext_lazy("Tokyo"),
    "Vienna": gettext_lazy("Vienna"),
    "Warsaw": gettext_lazy("Warsaw"),
    "Zurich": gettext_lazy("Zurich"),
}


def say_span(span: timedelta) -> str:
    """A duration in words (minutes, hours or days), no finer than anybody cares to know."""
    minutes = round(span / timedelta(minutes=1))
    if minutes < 90:
        return _("a minute") if minutes <= 1 else _("{number} minutes").format(number=minutes)
    hours = round(minutes / 60)
    return (
        _("{number} hours").format(number=hours)
        if hours < 48
        else _("{number} days").format(number=round(hours / 24))
    )


def fixed(zone: ZoneInfo, **facts: datetime | timedelta | None) -> dict:
    """Times and durations for a letter, as JSON, put into words only when it goes out.

    “Tomorrow” may be today by then.
    """
    moments = {name: fact.isoformat() for name, fact in facts.items() if isinstance(fact, datetime)}
    spans = {name: fact.total_seconds() for name, fact in facts.items() if isinstance(fact, timedelta)}
    return {"zone": zone.key, "moments": moments, "spans": spans}


def humanize_facts(facts: dict, now: datetime) -> dict[str, str]:
    """Words for the times and durations that `fixed` stored."""
    zone = ZoneInfo(facts.get("zone", "UTC"))
    moments = {name: datetime.fromisoformat(fact) for name, fact in facts.get("moments", {}).items()}
    spans = {name: timedelta(seconds=fact) for name, fact in facts.get("spans", {}).items()}
    said = {name: say_when(moment, now, zone) for name, moment in moments.items()}
    return said | {name: say_span(span) for name, span in spans.items()}
