"""Time zone by its name, which may be nobody's: what a browser said, or a row that outlived its zone."""

from zoneinfo import ZoneInfo


def zone_called(name: str) -> ZoneInfo | None:
    """Return the time zone of this name, or None."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # none of that name; no name; a folder of zones
        return None
