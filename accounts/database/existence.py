"""Existence checks of several querysets in one statement, whose SQL is written once for the life of the process.

For what is asked every other second and mostly answered with no: Django takes longer to write such a question than
the database to answer it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet

Rows = Callable[[], "QuerySet[Any]"]


def which_exist(*questions: Rows) -> list[bool]:
    """For each of these whether it has a row.

    A question is a function of a module whose queryset is always the same: it is called once, and neither a setting
    nor a time of Python's may stand in it (`Now()` may).
    """
    statement, values = _compiled(questions)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchone())


@lru_cache(maxsize=200)
def _compiled(questions: tuple[Rows, ...]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for question in questions:
        try:
            sql, theirs = question().order_by().query.exists().get_compiler(DEFAULT_DB_ALIAS).as_sql()
        except EmptyResultSet:
            sql, theirs = "SELECT 1 WHERE false", ()
        parts.append(f"EXISTS ({sql})")
        values += theirs
    return f"SELECT {', '.join(parts)}", values
