"""Form input that was refused: kept in the session, and put back into the form it was typed in.

The desk had locked itself, somebody logged in in another tab, the page was too old, or the state another one by now.
Nothing is sent again by itself. Passwords and codes are not kept, nor more than a person types.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts.throttle import TooMany, spend
from support.actions.page_state import Sight, sealed_for, unseal_old

KEY = "desk_typed"
LONGEST = 20_000  # characters of one field
MOST_IN_ALL = 50_000
VALID = timedelta(hours=12)
SECRET = {"csrfmiddlewaretoken", "code", "recovery_code"}
NOT_TYPED = {"seen", "back", "next", "draft", "_save", "_continue", "_addanother"}


@dataclass(frozen=True)
class Typed:
    """Input that was typed last and not accepted, with its form (`place`) and the page on which that stands."""

    place: str = ""
    page: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def into(self, form: type[forms.BaseForm], place: str, prefix: str | None = None) -> dict[str, Any]:
        """Initial values for the form at `place`; empty if the input belongs to another form."""
        if place != self.place:
            return {}
        empty = form(prefix=prefix)
        named = {name: (empty[name].field.widget, empty[name].html_name) for name in empty.fields}
        return {
            name: widget.value_from_datadict(self.fields, {}, html_name)
            for name, (widget, html_name) in named.items()
            if not widget.is_hidden and not widget.value_omitted_from_data(self.fields, {}, html_name)
        }

    def words(self) -> list[str]:
        """Values longer than three characters, for a page on which the form stands no more."""
        return [value for value in self.fields.values() if len(value) > 3]


NOTHING = Typed()


def on(page_of: Callable[..., str]):
    """Decorator that names the page on which a view's form stands, for a view that has no page of its own."""

    def named(view):
        view.page_of = page_of
        return view

    return named


def page_of(request) -> str:
    """Page to go back to after a request: its own if it was read, else the one on which its form stands."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    match = request.resolver_match
    if named := getattr(match.func, "page_of", None):
        return named(request, **match.kwargs)
    has_a_form = (match.url_name or "").endswith(("_change", "_add"))
    return request.path if has_a_form else reverse("admin:index")


def place(path: str, state: Sight | None = None) -> str:
    """Identifier of a form: its address, and its subject where one address serves all."""
    state = state or {}
    whom = state.get("incident") or state.get("account") or state.get("ticket") or ""
    return f"{path} {whom}".strip()


def gather(request) -> dict | None:
    """Input of a request that is worth keeping, as it goes into the session; None if there is none."""
    typed = [(name, value) for name, value in request.POST.items() if name not in NOT_TYPED and value.strip()]
    posted = [(name, value) for name, value in typed if not _is_secret(name)]
    if request.method != "POST" or not posted:
        return None
    token = request.POST.get("seen", "")
    by = str(request.user.pk) if request.user.is_authenticated else sealed_for(token)
    now = timezone.now().timestamp()
    return {"place": _place_of(request), "page": page_of(request), "fields": _bounded(posted), "by": by, "at": now}


def kept_on_the_page(request) -> dict[str, str]:
    """All posted fields but CSRF tokens, codes and passwords, for a page that keeps nothing at the server."""
    return _bounded([(name, value) for name, value in request.POST.items() if not _is_secret(name)])


def _is_secret(name: str) -> bool:
    return name in SECRET or "password" in name


def _bounded(posted: list[tuple[str, str]]) -> dict[str, str]:
    """Fields that fit into MOST_IN_ALL characters, in their order, each cut at LONGEST."""
    fields, room = {}, MOST_IN_ALL
    for name, value in posted:
        if len(cut := value[:LONGEST]) <= room:
            fields[name] = cut
            room -= len(cut)
    return fields


def _place_of(request) -> str:
    try:
        return place(request.path, unseal_old(request.POST.get("seen", "")).state)
    except signing.BadSignature:
        return place(request.path)


def keep(request) -> None:
    """Keep a refused request's input in the session of a member of staff, or of somebody who is not logged in.

    For the latter it spends the contact form's rate limit: as often as strangers may write to us at all.
    """
    if request.user.is_authenticated and not request.user.is_staff:
        return
    found = gather(request)
    try:
        if found and not request.user.is_authenticated:
            spend(request, "contact", "")
    except TooMany:
        return
    put(request, found)


def put(request, found: dict | None) -> None:
    """Store gathered input in the session; does nothing for None."""
    if found:
        request.session[KEY] = found
        request.typed_kept = True


def again(request) -> Typed:
    """Input that this user, or this browser before it logged in, typed last and nobody took; for 12 hours."""
    kept = request.session.get(KEY)
    if not kept or kept["by"] not in (None, str(request.user.pk)):
        return NOTHING
    if timezone.now().timestamp() - kept["at"] > VALID.total_seconds():
        return NOTHING
    return Typed(kept["place"], kept["page"], kept["fields"])


def forget(request) -> None:
    """Drop the kept input of the form of this request, as it was accepted this time."""
    kept = request.session.get(KEY)
    if kept and not getattr(request, "typed_kept", False) and kept["place"] == _place_of(request):
        del request.session[KEY]
