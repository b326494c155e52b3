"""Unicode normalisation of typed and pasted text: invisible marks are left out, and what looks alike is one (NFKC).

Two keyboards write é as one code point or as two, 한 as one or as three, and a table in a PDF has marks in it that
no reader knows of.
"""

import re
import unicodedata

# Default_Ignorable_Code_Point of the Unicode Character Database: marks that have no shape of their own.
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
JOINERS = "\u200c\u200d"  # in a few scripts they part one word from another
LONGEST = 5000  # characters; beyond it, a million accents would be put in order for nobody


def seen(text: str, besides: str = "") -> str:
    """Remove invisible marks, except those in `besides`."""
    return UNSEEN.sub(lambda mark: mark[0] if mark[0] in besides else "", text)


def folded(text: str, besides: str = "") -> str:
    """Fold text to NFKC with plain blanks, so that what looks the same is the same, whichever keyboard it came from.

    Longer than LONGEST, it is left alone.
    """
    if text.isascii() or len(text) > LONGEST:
        return text
    alike = unicodedata.normalize("NFKC", seen(text, besides))
    return "".join(" " if unicodedata.category(each) == "Zs" else each for each in alike)


def on_one_line(text: str) -> str:
    """Collapse control characters, line breaks and runs of blanks to one blank."""
    kinds = ((each, unicodedata.category(each)) for each in text)
    return " ".join("".join(" " if kind in ("Cc", "Zl", "Zp", "Cs") else each for each, kind in kinds).split())


def in_our_digits(text: str) -> str:
    """Convert decimal digits of any script to ASCII: ٣٤ and ３４ as 34."""
    return "".join(str(unicodedata.decimal(each, each)) for each in text)
