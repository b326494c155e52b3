"""Fault list: each failure the machine could not handle, a line each, with a link to whomever it is about.

While there is nothing it costs no query; else one for each sort of row, and two.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account
from provisioning.models import Errand, Fault, State
from support.models import Letter, Ticket

SHOWN = 10
SHOWN_FOR = timedelta(days=14)
ERRANDS = {
    "workspace.delete": "The workspace of a deleted account is still there",
    "workspace.update": "The workspace service was not told of new details",
}


@dataclass(frozen=True)
class Line:
    """One line of the fault list: failure, error, since when, how often, next try, and the person it is about."""

    what: str
    why: str
    since: datetime
    times: int
    next_at: datetime | None  # None: it is not tried again
    who: str = ""
    link: str = ""
    wrote: str = ""  # a letter's words, so that nothing that was written is lost


def unhandled(broke: bool, refused: bool, untold: bool) -> dict:
    """Template context for the dashboard: the newest lines, and if there are more."""
    faults = list(Fault.objects.order_by("-at", "-pk")[: SHOWN + 1]) if broke else []
    letters = list(refused_letters().order_by("-given_up_at")[: SHOWN + 1]) if refused else []
    errands = list(errands_given_up().order_by("-failed_at")[: SHOWN + 1]) if untold else []
    lines = [_of_letter(letter) for letter in letters] + _of_errands(errands) + _of_faults(faults)
    return {"unhandled": lines[:SHOWN], "more_unhandled": len(lines) > SHOWN}


def refused_letters() -> QuerySet[Letter]:
    """Letters of the desk that were given up.

    Answers are listed as long as somebody waits for one, other letters for SHOWN_FOR.
    """
    lately = Q(ticket=None, given_up_at__gt=Now() - SHOWN_FOR)
    waiting = Q(ticket__isnull=False, ticket__closed_at=None)
    return Letter.objects.filter(waiting | lately, given_up_at__isnull=False, sent_at=None)


def errands_given_up() -> QuerySet[Errand]:
    """Calls to the product and the workspace service that were given up."""
    return Errand.objects.filter(state=State.DEAD)


def _of_errands(errands: Sequence[Errand]) -> list[Line]:
    ids = {errand.account for errand in errands}
    names = dict(Account.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    return [_of_errand(errand, names.get(errand.account)) for errand in errands]


def _of_errand(errand: Errand, name: str | None) -> Line:
    what = ERRANDS.get(errand.kind) or _("The product was not told: %(kind)s") % {"kind": errand.kind}
    why = _("%(error)s; to try again: manage.py retry_errands") % {"error": errand.error}
    if name is None:
        return Line(f"{what} ({errand.account})", why, errand.created_at, errand.attempts, None)
    link = reverse("admin:accounts_account_change", args=[errand.account])
    return Line(what, why, errand.created_at, errand.attempts, None, name, link)


def _of_letter(letter: Letter) -> Line:
    link = f"{reverse('admin:index')}?ticket={letter.ticket_id}" if letter.ticket_id else ""
    what = _("The email “%(subject)s” couldn't be sent") % {"subject": letter.subject}
    return Line(what, letter.error, letter.written_at, letter.attempts, None, letter.to, link, letter.body)


def _of_faults(faults: Iterable[Fault]) -> list[Line]:
    keys = defaultdict(list)
    for fault in faults:
        keys[fault.table].append(fault.row)
    about = {(table, key): found for table, rows in keys.items() for key, found in _about(table, rows).items()}
    return [_line(fault, *about.get((fault.table, fault.row), ("", ""))) for fault in faults]


def _line(fault: Fault, who: str, link: str) -> Line:
    why = fault.words.removeprefix(f"{fault.doing}: ")
    return Line(_what(fault), why, fault.began_at, fault.times, fault.next_at, who, link)


def _what(fault: Fault) -> str:
    if fault.table == "phase":
        return _("Part of the sweep: %(name)s") % {"name": fault.row}
    model = _model(fault.table)
    name = str(model._meta.verbose_name if model else fault.table).capitalize()
    what = _("%(name)s %(key)s") % {"name": name, "key": fault.row[:8]}
    return f"{what}: {fault.doing}" if fault.doing else what


def _model(table: str) -> type[Model] | None:
    try:
        return apps.get_model(table)
    except (LookupError, ValueError):
        return None


def _about(table: str, rows: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Name and link of the person a row is about, by the row's key.

    Never reads the row whole: it may not be readable.
    """
    model = _model(table)
    keys = [key for row in rows if model and (key := _key(model, row)) is not None]
    if model is None or not keys:
        return {}
    names = {
        "account": _path(model, Account, "account"),
        "ticket": _path(model, Ticket, "ticket"),
    }
    wanted = {f"{name}_pk": f"{path}pk" for name, path in names.items() if path is not None}
    if "account_pk" in wanted:
        wanted["name"] = f"{names['account']}name"
    if "ticket_pk" in wanted:
        wanted["email"] = f"{names['ticket']}email"
    found = model._default_manager.filter(pk__in=keys).values_list("pk", *wanted.values())
    return {str(key): _found(model, key, dict(zip(wanted, values, strict=True))) for key, *values in found}


def _key(model: type[Model], row: str) -> Any:
    try:
        return model._meta.pk.to_python(row)
    except ValidationError:
        return None


def _path(model: type[Model], to: type[Model], field: str) -> str | None:
    """Lookup path from this model to the account or the ticket; None if there is none."""
    if model is to:
        return ""
    try:
        return f"{field}__" if model._meta.get_field(field).related_model is to else None
    except FieldDoesNotExist:
        return None


def _found(model: type[Model], key: Any, about: dict[str, Any]) -> tuple[str, str]:
    who = about.get("name") or about.get("email") or ""
    if about.get("account_pk"):
        return who, reverse("admin:accounts_account_change", args=[about["account_pk"]])
    if about.get("ticket_pk"):
        return who, f"{reverse('admin:index')}?ticket={about['ticket_pk']}"
    if not admin.site.is_registered(model):
        return who, ""
    return who, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])
