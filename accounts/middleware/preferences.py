"""Middleware and context processor for the language, time zone and identity of the logged-in account.

They serve every page, also one that is made while the database is away.
"""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from accounts.database.errors import if_the_database_allows
from accounts.models import Account

LANGUAGES = dict(settings.LANGUAGES)
CONTINENTS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@cache
def zones() -> list[str]:
    """Return the time zones on offer: those that are named after a place, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)]


def zone_of(account: Account) -> ZoneInfo | None:
    """Return the account's time zone; None where they chose none, or one that is known no more."""
    try:
        return ZoneInfo(account.zone) if account.zone else None
    except (KeyError, ValueError, OSError):
        return None


class Preferences:
    """Middleware that activates the account's language and time zone; after AuthenticationMiddleware.

    The desk keeps its own. What this browser chose goes first.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        account = None if request.path_info.startswith("/admin/") else _known(request)
        if account is None:
            return self.get_response(request)
        _speak(request, account)
        with timezone.override(zone_of(account) or timezone.get_default_timezone()):
            return self.get_response(request)


def _known(request) -> Account | None:
    """The logged-in account, or None. Without a session cookie the database is not asked."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    with if_the_database_allows():
        return request.user if request.user.is_authenticated else None
    return None


def _speak(request, account: Account) -> None:
    chosen_here = settings.LANGUAGE_COOKIE_NAME in request.COOKIES or request.GET.get("language") in LANGUAGES
    if account.language in LANGUAGES and not chosen_here:
        translation.activate(account.language)
        request.LANGUAGE_CODE = account.language


def signed_in(request) -> dict:
    """Context processor: the logged-in account, or None; a page about a database that is away is made, too."""
    return {"signed_in": SimpleLazyObject(lambda: _known(request) if hasattr(request, "user") else None)}
