"""Names for the rows that an audit found: whom a row is about, for whoever reads the list."""

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from accounts.models import Account
from support.audit.audit import LOST_ROOM, ROOMS, UNKNOWN_ROOM
from support.audit.books import BOOKS

MODELS = {book.name: book.table for book in BOOKS}


def named(rows: list[list[str]]) -> list[str]:
    """A line for each of these rows: book, what is wrong with it, its key and whom it is about."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    return [f"{book}: {said}: {_who(models, book, said, key)}" for book, said, key in rows]


def _who(models: dict[str, type[Model]], book: str, said: str, key: str) -> str:
    if (book, said) == (ROOMS, UNKNOWN_ROOM):
        return key
    model = Account if (book, said) == (ROOMS, LOST_ROOM) else models[MODELS[book]]
    row: Any = model._base_manager.filter(pk=key).first()
    return f"{key} {_about(row)}".strip() if row else f"{key} (gone since)"


def _about(row: Any) -> str:
    if isinstance(row, Account):
        return f"{row.reference} {row}"
    try:
        is_a_persons = row._meta.get_field("account").is_relation
    except FieldDoesNotExist:
        is_a_persons = False
    if not is_a_persons:
        return str(row)
    return f"({row}) {row.account.reference} {row.account}" if row.account else f"({row})"
