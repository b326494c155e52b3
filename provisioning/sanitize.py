"""Sanitizing of text from outside, where it enters, so that it fits its column. No database in here."""

from collections.abc import Callable
from typing import Any, TypeVar

LONGEST_WORDS = 500
Found = TypeVar("Found")
Other = TypeVar("Other")


def storable(words: Any, longest: int = LONGEST_WORDS) -> str:
    """Text that PostgreSQL takes, from anything that came from outside.

    No NUL, no half characters, not too long.
    """
    try:
        is_bytes = isinstance(words, bytes | bytearray | memoryview)
        text = bytes(words)[: 4 * longest].decode(errors="replace") if is_bytes else str(words)
        text = str.__getitem__(text, slice(longest))  # not a method of somebody's own sort of text
        return str.encode(text, errors="replace").decode().replace("\x00", "\ufffd")
    except Exception as error:  # its own __str__ broke: say what it was
        return f"{type(words).__name__} ({type(error).__name__})"[:longest]


def truth(said: Any) -> bool:
    """The truth value of something from outside; False if it breaks when it is asked."""
    try:
        return bool(said)
    except Exception:
        return False


def tried(get: Callable[[], Found], otherwise: Other) -> Found | Other:
    """The result of a library's function; `otherwise` where it breaks."""
    try:
        return get()
    except Exception:
        return otherwise
