"""Parser for the hours of a weekday as somebody types them: “9:00-12:30, 13:30-17:30”."""

import re
from datetime import time

Hours = tuple[tuple[time, time], ...]


def parse_hours(text: str) -> Hours:
    """Parse “9:00-12:30, 13:30-17:30” into pairs of times. Raises ValueError with a sentence for the form."""
    return tuple(_pair(part.strip()) for part in text.split(",") if part.strip())


def _pair(text: str) -> tuple[time, time]:
    found = re.fullmatch(r"(\d{1,2})(?::(\d\d))?\s*[-–]\s*(\d{1,2})(?::(\d\d))?", text)
    if not found:
        raise ValueError(f"“{text}” isn't a time span like 9:00-17:30.")
    begin, end = _time(found[1], found[2]), _time(found[3], found[4])
    if begin == end and found[3] != "24":
        raise ValueError(f"“{text}” begins and ends at the same time.")
    return begin, end


def _time(hour: str, minute: str | None) -> time:
    if (int(hour), int(minute or 0)) == (24, 0):
        return time(0)
    if int(hour) > 23 or int(minute or 0) > 59:
        raise ValueError(f"{hour}:{minute or '00'} isn't a time of day.")
    return time(int(hour), int(minute or 0))
