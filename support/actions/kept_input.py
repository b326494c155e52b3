"""Form input that was refused: kept in the session, and put back into the form it was typed in.

The desk had locked itself, somebody logged in in another tab, the page was too old, or the state another one by now.
Nothing is sent again by itself. Passwords and codes are not kept, nor more than a person types.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from accounts.throttle import TooMany, spend
from support.actions.page_state import Sight, sealed_for, unseal_old
from support.models import Ticket

KEY = "desk_typed"
BEFORE = "desk_typed_before"  # what was refused in other tabs before that
MOST_FORMS = 5
LONGEST = 50_000  # characters of one field: more than any form takes, so that what is too long is not cut
MOST_IN_ALL = 50_000
VALID = timedelta(hours=12)
SECRET = {"csrfmiddlewaretoken", "code", "recovery_code"}
NOT_TYPED = {"seen", "back", "next", "draft", "_save", "_continue", "_addanother", "saved"}
NOT_TYPED |= {"action", "confirmed", "index", "select_across", "_selected_action"}  # of a list


@dataclass(frozen=True)
class Typed:
    """Input that was typed last and not accepted, with its form (`place`) and the page on which that stands.

    `whom` it was for and `why` it was refused are in words. `before`: the same of other forms, newest first.
    """

    place: str = ""
    page: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    whom: str = ""
    why: str = ""
    before: tuple["Typed", ...] = ()

    def into(self, form: type[forms.BaseForm], place: str, prefix: str | None = None) -> dict[str, Any]:
        """Initial values for the form at `place`; empty if no input belongs to that form."""
        mine = next((one for one in (self, *self.before) if one.place == place), None)
        if mine is None:
            return {}
        empty = form(prefix=prefix)
        named = {name: (empty[name].field.widget, empty[name].html_name) for name in empty.fields}
        return {
            name: widget.value_from_datadict(mine.fields, {}, html_name)
            for name, (widget, html_name) in named.items()
            if not widget.is_hidden and not widget.value_omitted_from_data(mine.fields, {}, html_name)
        }

    def words(self) -> list[str]:
        """Values longer than three characters, for a page on which the form stands no more."""
        return [value for value in self.fields.values() if len(value) > 3]

    def here(self, path: str) -> list["Typed"]:
        """Input whose form stands, or stood, on the page at `path`."""
        return [one for one in (self, *self.before) if one.page == path]

    def elsewhere(self, path: str) -> list["Typed"]:
        """Input that waits on other pages than the one at `path`."""
        return [one for one in (self, *self.before) if one.page and one.page != path and one.words()]


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
    has_a_form = (match.url_name or "").endswith(("_change", "_add", "_changelist"))
    return request.path if has_a_form else reverse("admin:index")


def place(path: str, state: Sight | None = None) -> str:
    """Identifier of a form: its address, and its subject where one address serves all."""
    state = state or {}
    whom = state.get("incident") or state.get("account") or state.get("ticket") or ""
    return f"{path} {whom}".strip()


def gather(request, why: str = "") -> dict | None:
    """Input of a request that is worth keeping, as it goes into the session; None if there is none."""
    typed = [(name, value) for name, value in request.POST.items() if name not in NOT_TYPED and value.strip()]
    posted = [(name, value) for name, value in typed if not _is_secret(name)]
    if request.method != "POST" or not posted:
        return None
    token = request.POST.get("seen", "")
    by = str(request.user.pk) if request.user.is_authenticated else sealed_for(token)
    return entry(_place_of(request), page_of(request), _bounded(posted), by, _whom(token), why)


def entry(place: str, page: str, fields: dict[str, str], by: str | None, whom: str = "", why: str = "") -> dict:
    """Input as it is stored in the session."""
    now = timezone.now().timestamp()
    return {"place": place, "page": page, "fields": fields, "by": by, "at": now, "whom": whom, "why": str(why)}


def _whom(token: str) -> str:
    """Name of the person a form is about, for whoever reads the words later."""
    try:
        state = unseal_old(token).state
    except signing.BadSignature:
        return ""
    account = Account.objects.filter(pk=state["account"]).first() if state.get("account") else None
    ticket = Ticket.objects.filter(pk=state["ticket"]).first() if state.get("ticket") and not account else None
    return f"{account.name}, {account.email}" if account else ticket.email if ticket else ""


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


def keep(request, why: str = "") -> None:
    """Keep a refused request's input in the session of a member of staff, or of somebody who is not logged in.

    For the latter it spends the contact form's rate limit: as often as strangers may write to us at all.
    """
    if request.user.is_authenticated and not request.user.is_staff:
        return
    found = gather(request, why)
    try:
        if found and not request.user.is_authenticated:
            spend(request, "contact", "")
    except TooMany:
        return
    put(request, found)


def put(request, found: dict | None) -> None:
    """Store gathered input in the session, before what other forms left there; does nothing for None."""
    if found:
        others = [one for one in stored(request) if one["place"] != found["place"]]
        store(request, [found, *others])
        request.typed_kept = True


def stored(request) -> list[dict]:
    """Everything that is kept in the session, newest first."""
    kept = request.session.get(KEY)
    return [kept, *request.session.get(BEFORE, [])] if kept else []


def store(request, kept: list[dict]) -> None:
    """Store the newest forms, as many as there is room for."""
    size = 0
    for number, one in enumerate(kept):
        size += sum(map(len, one["fields"].values()))
        if number == MOST_FORMS or (number and size > MOST_IN_ALL):
            kept = kept[:number]
            break
    request.session.pop(KEY, None)
    request.session.pop(BEFORE, None)
    if kept:
        request.session[KEY], request.session[BEFORE] = kept[0], kept[1:]


def again(request) -> Typed:
    """Input that this user, or this browser before it logged in, typed last and nobody took; for 12 hours."""
    oldest = timezone.now().timestamp() - VALID.total_seconds()
    mine = [one for one in stored(request) if one["by"] in (None, str(request.user.pk)) and one["at"] >= oldest]
    found = [Typed(one["place"], one["page"], one["fields"], one.get("whom", ""), one.get("why", "")) for one in mine]
    return replace(found[0], before=tuple(found[1:])) if found else NOTHING


def forget(request) -> None:
    """Drop the kept input of the form of this request, as it was accepted this time."""
    kept = stored(request)
    if kept and not getattr(request, "typed_kept", False):
        store(request, [one for one in kept if one["place"] != _place_of(request)])
