"""Middleware and context processor for the language, time zone and identity of the logged-in account.

They serve every page, also one that is made while the database is away.
"""

from contextlib import suppress
from functools import cache as once
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from accounts.database.errors import DATABASE_ERRORS, if_the_database_allows
from accounts.models import Account
from accounts.text.time_zones import zone_called

LANGUAGES = dict(settings.LANGUAGES)
ZONE_COOKIE = "zone"
DEFAULT_ZONE_IS = "default-zone"  # key in the cache
ASK_AGAIN_AFTER = 60  # seconds for which the desk's zone is taken as known
UTC = ZoneInfo("UTC")
CONTINENTS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@once
def zones() -> list[str]:
    """Return the time zones on offer: those that are named after a place, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)]


def zone_of(account: Account) -> ZoneInfo:
    """Return the time zone in which an account's owner reads: the one they chose, their browser's, or the desk's."""
    return zone_called(account.zone) or zone_called(account.browser_zone) or default_zone()


def browser_zone(request) -> str:
    """Return the time zone that the browser's script has named in a cookie, or an empty string."""
    named = request.COOKIES.get(ZONE_COOKIE, "")
    return named if named in zones() else ""


def default_zone() -> ZoneInfo:
    """Return the time zone for readers of whom none is known: that of settings.DEFAULT_ZONE, the desk's."""
    with suppress(*DATABASE_ERRORS):  # away, or not migrated yet: a page can do without
        named = cache.get_or_set(DEFAULT_ZONE_IS, import_string(settings.DEFAULT_ZONE), ASK_AGAIN_AFTER)
        return zone_called(named or "") or UTC
    return UTC


class Preferences:
    """Middleware that activates the account's language and the reader's time zone; after AuthenticationMiddleware.

    The desk keeps its own. What this browser chose goes first; of a zone, what they chose on their page.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info.startswith("/admin/"):
            return self.get_response(request)
        account, here = _known(request), browser_zone(request)
        if account:
            _speak(request, account)
            _keep_zone(account, here)
        with timezone.override(zone_of(account) if account else zone_called(here) or default_zone()):
            return self.get_response(request)


def _keep_zone(account: Account, here: str) -> None:
    """Keep the time zone of the browser they use now: emails to them name times in it."""
    if here and here != account.browser_zone:
        with if_the_database_allows():
            Account.objects.filter(pk=account.pk).update(browser_zone=here)
        account.browser_zone = here


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
