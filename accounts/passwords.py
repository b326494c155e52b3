"""A password must not be made of what anybody can guess about its owner: the product, the company, the address."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SHORTEST_WORD = 3


class ContextWords:
    """Refuses a password that is nothing but such words, whatever digits and signs stand between them."""

    def __init__(self, words=("arrivals",)):
        self.words = set(words)

    def validate(self, password, user=None):
        letters = "".join(re.findall(r"[^\W\d_]", password.lower()))
        words = self.words | _words_about(user)
        if letters and not _without(letters, words):
            raise ValidationError(_("Choose a password that is not made of your address, company or our name."))

    def get_help_text(self):
        return _("Not made of your address, your company or our name.")


def _words_about(user) -> set[str]:
    facts = " ".join(getattr(user, name, "") or "" for name in ("email", "company", "name"))
    words = re.findall(r"[^\W\d_]+", facts.lower())
    return {word for word in words if len(word) >= SHORTEST_WORD}


def _without(letters: str, words: set[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        letters = letters.replace(word, "")
    return letters
