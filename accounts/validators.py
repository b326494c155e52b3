"""Password normalisation for comparison (NIST SP 800-63B, RFC 8265), and password validators.

Compared is the NFKC form with one sort of blank and without marks that nobody sees: what looks the same typed on
another device opens the same account. Blanks at the ends count, as those do that stand between words.
"""

import re
from contextlib import suppress

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.hashers import Busy, is_of_what_was_typed
from accounts.models import Account
from accounts.text.unicode import LONGEST, folded

LONGEST_PASSWORD = 1000  # characters, as they are compared
SHORTEST_WORD = 3


def check_length(password: str) -> None:
    """Validator: a password of at most LONGEST_PASSWORD characters."""
    if len(password) > LONGEST or len(folded(password)) > LONGEST_PASSWORD:
        words = _("A password can have up to %(limit_value)d characters.")
        raise ValidationError(words, code="max_length", params={"limit_value": LONGEST_PASSWORD})


def has_blank_ends(password: str) -> bool:
    """Return True if the password begins or ends with a blank: often more was copied than the password.

    Says nothing of whether it would be right without.
    """
    alike = folded(password)
    return alike != alike.strip()


def compare_from_now_on(account: Account, password: str) -> None:
    """Re-hash the right password as it is compared, where the hash is still one of what was typed.

    Once in its life, and only where the two may differ. Whoever is logged in elsewhere has to log in again.
    """
    if password.isascii() or not is_of_what_was_typed(account.password):
        return
    with suppress(Busy):
        encoded = make_password(password)
        if Account.objects.filter(pk=account.pk, password=account.password).update(password=encoded):
            account.password = encoded


class AsCompared:
    """Password validator that passes the password to another one in the form in which it will be compared."""

    def __init__(self, validator: str, **options):
        self.asked = import_string(validator)(**options)

    def validate(self, password, user=None):
        self.asked.validate(folded(password), user)

    def get_help_text(self):
        return self.asked.get_help_text()


class NoBlankEnds:
    """Password validator against blanks at the ends: they are not seen, and lost when it is typed again."""

    def validate(self, password, user=None):
        if has_blank_ends(password):
            raise ValidationError(_("It begins or ends with a space or a line break. Please leave that out."))

    def get_help_text(self):
        return _("No space at the beginning or end.")


class ContextWords:
    """Password validator against passwords made only of context words: our name, their address, company or name.

    Whatever digits and signs stand between them.
    """

    def __init__(self, words=("arrivals",)):
        self.words = set(words)

    def validate(self, password, user=None):
        letters = rest = "".join(re.findall(r"[^\W\d_]", password.lower()))
        facts = folded(" ".join(getattr(user, name, "") or "" for name in ("email", "company", "name"))).lower()
        theirs = {word for word in re.findall(r"[^\W\d_]+", facts) if len(word) >= SHORTEST_WORD}
        for word in sorted(self.words | theirs, key=len, reverse=True):
            rest = rest.replace(word, "")
        if letters and not rest:
            words = _("Choose a password that isn't made up of your address, your company or our name.")
            raise ValidationError(words)

    def get_help_text(self):
        return _("Not made up of your address, your company or our name.")
