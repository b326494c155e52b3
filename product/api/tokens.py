"""Bearer tokens of the reading API: compared in constant time, and counted before anything is looked up.

Whoever has no token is told the same of every account, of those that are not there, and of what is no id.
"""

from functools import wraps

from django.conf import settings
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from product.machines import held_back, refusal


def for_machines(view):
    """View decorator: 401 without one of API_TOKEN, 429 with Retry-After beyond the limits, all of it JSON."""

    @wraps(view)
    def machines_only(request, *args, **kwargs):
        known = has_token(request)
        if too_many := held_back(request, "api" if known else "api without a token"):
            return too_many
        if not known:
            return refusal(401, "a token of API_TOKEN is missing", **{"WWW-Authenticate": "Bearer"})
        return view(request, *args, **kwargs)

    return never_cache(require_safe(machines_only))


def has_token(request) -> bool:
    """True if the request has one of the tokens; each is compared, whichever it is."""
    scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
    matches = [constant_time_compare(given.strip(), token) for token in settings.API_TOKENS]
    return scheme.lower() == "bearer" and any(matches)
