"""Device cookie: browsers in which an address was proven, so that strangers cannot hold its owner back there.

Each entry of the cookie is for one address and names a number, by which this browser's own tries are counted. Only
we can make one. It opens nothing: whoever steals it may guess ten times in a quarter of an hour, as anybody may.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

MOST = 5  # addresses a browser is known for
BETWEEN = "~"
GOOD_FOR = timedelta(days=90)


def number_of(request, email: str) -> str:
    """Return the number by which this browser's tries for the address are counted; empty if not known for it."""
    return next((entry.rpartition(".")[0] for entry in _entries(request) if _is_for(entry, email)), "")


def remember(request, email: str) -> None:
    """Add the address to the cookie, which goes out with the answer to this request."""
    request.newly_known = [_new_entry(email), *(entry for entry in _entries(request) if not _is_for(entry, email))]


def seem_to_remember(request, email: str, effective: bool) -> None:
    """Add an entry that looks the same; if not `effective`, it is good for nothing.

    As many entries whatever the older ones are for: their number must not tell whether an address was free.
    """
    request.newly_known = [_new_entry(email if effective else secrets.token_hex()), *_entries(request)]


def keep(request, response) -> None:
    """Set the cookie if this request has changed it."""
    if entries := getattr(request, "newly_known", []):
        response.set_cookie(
            settings.KNOWN_COOKIE_NAME,
            BETWEEN.join(entries[:MOST]),
            max_age=GOOD_FOR,
            secure=settings.ON_HTTPS,
            httponly=True,
            samesite="Lax",
            path="/",
        )


def _new_entry(email: str) -> str:
    number = f"{_today()}.{secrets.token_urlsafe(16)}"
    return f"{number}.{_seal(number, email)}"


def _entries(request) -> list[str]:
    return [entry for entry in request.COOKIES.get(settings.KNOWN_COOKIE_NAME, "").split(BETWEEN) if entry][:MOST]


def _is_for(entry: str, email: str) -> bool:
    number, _dot, seal = entry.rpartition(".")
    if not number or not constant_time_compare(seal, _seal(number, email)):
        return False
    return 0 <= _today() - int(number.partition(".")[0]) <= GOOD_FOR.days


def _seal(number: str, email: str) -> str:
    return salted_hmac("accounts.browsers", f"{number} {email}", algorithm="sha256").hexdigest()[:32]


def _today() -> int:
    return timezone.now().toordinal()
