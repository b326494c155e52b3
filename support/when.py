"""A moment as a person would say it, by the desk's clock: “noon today”, “17:00 on Tuesday”."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def say_when(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    return f"{_clock(local)} {_day(local, (local.date() - today).days)} ({city(zone)})"


def _clock(local: datetime) -> str:
    return "noon" if (local.hour, local.minute) == (12, 0) else f"{local:%H:%M}"


def _day(local: datetime, days: int) -> str:
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"on {local:%A}" if 1 < abs(days) < 7 else f"on {local:%A, %-d %B}"


def city(zone: ZoneInfo) -> str:
    return "UTC" if zone.key == "UTC" else zone.key.rpartition("/")[2].replace("_", " ") + " time"


def say_span(span: timedelta) -> str:
    """How long something took, no finer than anybody cares to know."""
    minutes = round(span / timedelta(minutes=1))
    if minutes < 90:
        return "a minute" if minutes <= 1 else f"{minutes} minutes"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
