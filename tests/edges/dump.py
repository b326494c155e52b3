"""Everything that the database holds, as text: what a dump of it would say."""

import base64
import zlib
from collections.abc import Iterator
from contextlib import suppress

from django.contrib.sessions.models import Session
from django.db import connection

COLUMNS = """
    SELECT table_schema, table_name, column_name FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 1, 2, ordinal_position
"""


def places_of(*words: str) -> dict[str, list[str]]:
    """For each of these words the columns that hold it, in whatever case; bytes and sessions are read, too."""
    found: dict[str, list[str]] = {word: [] for word in words}
    for place, text in everything():
        for word in words:
            if word.lower() in text.lower() and place not in found[word]:
                found[word].append(place)
    return {word: places for word, places in found.items() if places}


def everything() -> Iterator[tuple[str, str]]:
    """Each value of each column of each table, as text."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for schema, table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}" FROM "{schema}"."{table}" WHERE "{column}" IS NOT NULL')
            for (value,) in cursor.fetchall():
                yield f"{table}.{column}", as_text(value)
    for session in Session.objects.all():
        yield "django_session (decoded)", str(session.get_decoded())


def as_text(value) -> str:
    if not isinstance(value, bytes | memoryview):
        return str(value)
    raw = bytes(value)
    texts = [raw.decode("utf-8", "replace")]
    with suppress(zlib.error):
        texts.append(zlib.decompress(raw).decode("utf-8", "replace"))
    with suppress(ValueError):
        texts.append(base64.b64decode(raw, validate=True).decode("utf-8", "replace"))
    return "\n".join(texts)
