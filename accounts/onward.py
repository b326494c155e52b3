"""Onward cookie: where this browser goes on to once its person may enter, beyond sign-up, waiting room and log-in.

Signed, so that nothing but the code that sets it decides where that is. It outlives a log-in, which gives the
session another key, and the link in an email that is opened in between.
"""

from typing import NamedTuple

from django.conf import settings
from django.core import signing

FRESH = 3600  # seconds for which whoever sent them here still knows why
LONGEST = 3000  # characters of an address that a cookie can hold


class Onward(NamedTuple):
    """Address to go on to, and the origin at which its redirects end (for form-action)."""

    to: str
    origin: str


def remember(response, to: str, origin: str) -> None:
    """Set the cookie. It is kept as long as a sign-up's claim is."""
    response.set_cookie(
        settings.ONWARD_COOKIE_NAME,
        signing.dumps([to, origin], salt="accounts.onward"),
        max_age=settings.CLAIM_COOKIE_AGE,
        secure=settings.ON_HTTPS,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def where_to(request) -> str:
    """Return the address alone, or an empty string."""
    onward = of_browser(request)
    return onward.to if onward else ""


def forget(response) -> None:
    """Delete the cookie."""
    response.delete_cookie(settings.ONWARD_COOKIE_NAME, path="/", samesite="Lax")


def of_browser(request) -> Onward | None:
    """Return where this browser was going. After an hour it begins anew, at the product's front page (HOME_URL)."""
    kept = request.COOKIES.get(settings.ONWARD_COOKIE_NAME, "")
    if not kept:
        return None
    try:
        to, origin = signing.loads(kept, salt="accounts.onward", max_age=FRESH)
        return Onward(to, origin)
    except signing.SignatureExpired:
        return Onward(settings.HOME_URL, settings.HOME_URL) if settings.HOME_URL else None
    except (signing.BadSignature, ValueError):
        return None
