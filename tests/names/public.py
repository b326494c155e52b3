"""The names that others rely on: in bookmarks, rows, messages, environments and scripts of a release before."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands
from django.forms import BaseForm
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.sentences import SENTENCES

ROOMS = ("accounts", "provisioning", "product", "support")
ROOT = Path(settings.BASE_DIR)
ROW = re.compile(r"^\| (`[A-Z][^|]+)\|", re.MULTILINE)
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")
SALTED = ("salted_hmac", "TimestampSigner", "Signer", "dumps", "loads")


def modules() -> Iterator[Path]:
    for room in (*ROOMS, "config"):
        yield from (path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts)


def calls() -> Iterator[ast.Call]:
    for path in modules():
        yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def urls(patterns=None, prefix: str = "", namespace: str = "") -> Iterator[str]:
    all_of_them: list[URLPattern | URLResolver] = get_resolver().url_patterns
    for one in all_of_them if patterns is None else patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield f"{namespace}{one.name or '-'} {route}"
        elif isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from urls(one.url_patterns, route, inner)


def tables() -> Iterator[str]:
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models(include_auto_created=True):
            for field in model._meta.concrete_fields:
                yield f"{model._meta.label} {model._meta.db_table}.{field.column}"


def permissions() -> Iterator[str]:
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            yield from (f"{room}.{action}_{model._meta.model_name}" for action in model._meta.default_permissions)
            yield from (f"{room}.{code}" for code, _words in model._meta.permissions)


def fields() -> Iterator[str]:
    """Of forms: what is posted."""
    for path in modules():
        if path.parts[-2] != "commands":
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    for form in _below(BaseForm):
        if form.__module__.split(".")[0] in ROOMS:
            yield from getattr(form, "base_fields", {})


def _below(kind: type[BaseForm]) -> Iterator[type[BaseForm]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def commands() -> Iterator[str]:
    ours = {config.name for config in apps.get_app_configs() if (ROOT / config.name.split(".")[0]).is_dir()}
    yield from (name for name, app in get_commands().items() if app in ours or app.split(".")[0] == "config")


def tasks() -> Iterator[str]:
    yield from (name for name in current_app.tasks if name.split(".")[0] in ROOMS)
    yield from settings.CELERY_BEAT_SCHEDULE


def variables() -> Iterator[str]:
    """As the README's table names them."""
    for first in ROW.findall((ROOT / "README.md").read_text()):
        yield from VARIABLE.findall(first)


def sentences() -> Iterator[str]:
    yield from SENTENCES


def salts() -> Iterator[str]:
    for call in calls():
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in SALTED:
            salted = [one.value for one in call.keywords if one.arg == "salt"]
            yield from (str(one.value) for one in [*call.args[:1], *salted] if isinstance(one, ast.Constant))


def event_kinds() -> Iterator[str]:
    """Every word that stands in the code: a kind that is kept must be among them."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


NAMES: dict[str, Callable[[], Iterator[str]]] = {
    "urls": urls,
    "tables": tables,
    "permissions": permissions,
    "form fields": fields,
    "commands": commands,
    "tasks": tasks,
    "variables": variables,
    "sentences": sentences,
    "salts": salts,
    "event kinds": event_kinds,
}


def found(kind: str) -> set[str]:
    return set(NAMES[kind]())
