"""Four rooms and a front gate: imports run one way only, support or product → provisioning → accounts."""

import ast
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
MAY_FETCH_FROM = {
    "accounts": {"accounts"},
    "provisioning": {"accounts", "provisioning"},
    "product": {"accounts", "provisioning", "product"},
    "support": {"accounts", "provisioning", "support"},
}
ROOMS = set(MAY_FETCH_FROM) | {"config", "launcher", "stage", "tests"}
OURS = sorted(
    path
    for room in (*MAY_FETCH_FROM, "config", "launcher", "stage")
    for path in (PROJECT / room).rglob("*.py")
    if "migrations" not in path.parts
)


# From the ground up: a package, or a module that stands beside them, fetches from those on the lines before its own.
# So nothing goes round in a circle, and whoever changes a package reads only what stands below it.
FLOORS = {
    "accounts": """
        apps canary database device_cookie networks status text
        hashers models postgres sentences
        ask claims decorators onward passwords validators
        email_links forms signup throttle
        backends login middleware
        profile
        email_verification management
        views
        urls
    """,
    "provisioning": """
        apps deadline humanize message_expiry models sanitize
        exceptions key_fingerprints
        emails failures workspaces
        kinds
        checks unknown_kinds
        engine
        beat context_processors errands intake
        imports sweep
        retention tasks
        dispatch
        canary doctor waiting_room
        health management
        urls
    """,
    "product": """
        apps machines redirect_uris
        models
        api events oidc
        management urls
    """,
    "support": """
        apps labels permissions weekday_hours
        business_hours
        models
        diagnosis forms inbound service_level
        audit tickets
        tasks
        demo incidents trust
        actions digests letter_facts sweep urls
        desk reviews staff
        admin demo_week periodic_jobs site
        management
    """,
}
FLOOR = {
    f"{room}.{name}": number
    for room, floors in FLOORS.items()
    for number, line in enumerate(floors.split("\n"))
    for name in line.split()
}
MOST_MODULES = 20  # of a folder that one can take in at a glance


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def imported_rooms(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found & ROOMS


@pytest.mark.parametrize("path", [p for p in OURS if p.parts[len(PROJECT.parts)] in MAY_FETCH_FROM], ids=name_of)
def test_nobody_reaches_into_the_next_room(path):
    room = path.relative_to(PROJECT).parts[0]
    assert imported_rooms(ast.parse(path.read_text())) <= MAY_FETCH_FROM[room]


def package_of(path: Path) -> str:
    """The package or module of its room in which this file stands."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts[:2])


def packages_fetched(path: Path) -> set[str]:
    """Those of the same room."""
    room, found = path.relative_to(PROJECT).parts[0], set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == room:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == room else [node.module]
            found |= {".".join(name.split(".")[:2]) for name in names}
    return found - {package_of(path)}


@pytest.mark.parametrize(
    "path", [p for p in OURS if p.parts[len(PROJECT.parts)] in FLOORS and p.name != "__init__.py"], ids=name_of
)
def test_a_package_fetches_from_lower_floors_only(path):
    higher = {name for name in packages_fetched(path) if FLOOR[name] >= FLOOR[package_of(path)]}
    assert not higher


def test_no_floor_is_named_that_is_not_there():
    there = {package_of(path) for path in OURS if path.relative_to(PROJECT).parts[1] != "__init__.py"}
    assert FLOOR.keys() == {name for name in there if name.split(".")[0] in FLOORS}


def test_no_folder_is_too_wide_to_take_in():
    modules = Counter(path.parent for path in OURS if path.name != "__init__.py")
    assert [(name_of(folder), n) for folder, n in modules.items() if n > MOST_MODULES] == []


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_nothing_that_ships_imports_tests(path):
    assert "tests" not in imported_rooms(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_no_import_hides_in_a_function(path):
    functions = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef))
    hidden = [n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert not hidden, f"line {hidden[0].lineno}"


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_time_is_the_databases(path):
    """No countdown, eta, self.retry or autoretry: Celery carries out, it does not schedule."""
    tree = ast.parse(path.read_text())
    keywords = {k.arg for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords}
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not keywords & {"countdown", "eta", "autoretry_for", "retry_backoff"}
    assert "retry" not in attributes or path.name == "settle.py"  # retry.next_try, the arithmetic


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_no_signals_between_our_rooms(path):
    """Django's own and Celery's may be listened to; we send none."""
    text = path.read_text()
    assert "Signal(" not in text and ".send_robust(" not in text


@pytest.mark.parametrize("room", sorted(MAY_FETCH_FROM))
def test_no_reverse_relations(room):
    """A lower room must not reach up through a related name: every foreign key has related_name="+"."""
    for path in [*(PROJECT / room).glob("models.py"), *(PROJECT / room).glob("models/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("ForeignKey", "OneToOneField"):
                names = {k.arg: k.value for k in node.keywords}
                assert ast.unparse(names["related_name"]) == "'+'", f"{path.name}:{node.lineno}"


def test_broad_excepts_stand_at_the_edges_only():
    """A step's code is not ours to trust, neither run nor imported, and one item's fault ends no other's turn."""
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in OURS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    ]
    assert {place.split(":")[0] for place in broad} == {
        "provisioning/checks.py",
        "provisioning/engine/faults.py",
        "provisioning/engine/claim.py",
        "provisioning/sanitize.py",
    }
