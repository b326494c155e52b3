"""Under another PRODUCT_NAME nothing that people read says "Arrivals": pages, emails, the desk, in both languages."""

import ast
import re
from collections.abc import Iterator
from email.utils import parseaddr
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client

from provisioning.emails.compose import compose
from provisioning.models import Step
from support.tickets.outbox import sender
from tests.browser.pages import LOOKS
from tests.browser.site import Site
from tests.config.surroundings import PROJECT
from tests.config.test_settings import started_with
from tests.door.test_letters import WAITED
from tests.people import Person
from tests.support.conftest import make_roles

OLD = re.compile("arrivals", re.IGNORECASE)
NAME = "Acme & Söhne"
LETTERS = sorted(
    path.name.removesuffix("-words.txt") for path in (PROJECT / "templates/emails").glob("*-words.txt")
)  # fmt: skip
# Names of files that are fetched, and the default domain of tests: nobody reads them.
UNREAD = re.compile(
    r"/static/arrivals[.\w]*|arrivals\.example|[\w.+-]*@arrivals[\w.]*|href=\"[^\"]*\"|value=\"[^\"]*\""
)


@pytest.fixture(autouse=True)
def acme(settings):
    settings.PRODUCT_NAME = NAME
    settings.ROOT_URLCONF = "tests.browser.urls"


def read_in(html: str) -> str:
    """What a page says, without the names that only browsers read."""
    return UNREAD.sub("", html)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", LOOKS)
def test_no_page_says_it(name, language):
    site = Site("http://testserver")
    path = LOOKS[name].arrange(site)
    browser = Client(raise_request_exception=False)
    for cookie, value in site.cookies.items():
        browser.cookies[cookie] = value
    answer = browser.get(path, {"language": language}, follow=True)
    page = answer.content.decode()
    assert OLD.findall(read_in(page)) == []
    assert "Acme &amp; Söhne</a>" in page and "· Acme &amp; Söhne</title>" in page


def pages_of(browser: Client, most: int) -> Iterator[tuple[str, str]]:
    """Pages of the desk that can be reached by links, each kind of them a few times."""
    found, waiting, kinds = set[str](), ["/admin/"], dict[str, int]()
    while waiting and len(found) < most:
        path = waiting.pop(0)
        kind = re.sub(r"[0-9a-f-]{8,}|\d+|\?.*", "*", path)
        if path in found or kinds.get(kind, 0) >= 2 or "logout" in path:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        found.add(path)
        answer = browser.get(path, follow=True)
        if "html" in answer.get("Content-Type", ""):
            html = answer.content.decode()
            yield path, html
            waiting += [link.replace("&amp;", "&") for link in re.findall(r'href="(/admin/[^"#]*)"', html)]


@pytest.mark.django_db
def test_no_page_of_the_desk_says_it():
    make_roles(apps, None)
    said = StringIO()
    call_command("demo", stdout=said)
    email, password = said.getvalue().split()[-2:]
    browser = Client()
    browser.post("/admin/login/?next=/admin/", {"username": email, "password": password})
    pages = dict(pages_of(browser, 80))
    assert len(pages) >= 25
    assert {path: found for path, html in pages.items() if (found := OLD.findall(read_in(html)))} == {}
    assert [path for path, html in pages.items() if "Acme &amp; Söhne" not in html] == []


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", LETTERS)
def test_no_email_says_it(name, language):
    account = Person.create(language=language)
    facts = WAITED | {"words": "Sorry.", "to": account.email} if name == "word" else WAITED
    step = Step.objects.create(account=account, kind=name, dependency="mail", occasion="1", facts=facts)
    step.refresh_from_db()
    message = compose(name, step)
    html = str(message.alternatives[0][0])
    assert not OLD.search(re.sub(r"@\S+|https?://\S+", "", f"{message.subject} {message.body} {html}"))
    assert "&amp;" not in f"{message.subject} {message.body}"
    assert name == "word" or f"{NAME} (automati" in message.body
    assert name == "word" or "Acme &amp; Söhne (automati" in html


def test_nobody_else_says_it(tmp_path):
    """From whom letters come, and what an authenticator app shows."""
    with started_with(tmp_path, PRODUCT_NAME=NAME) as found:
        shown, address = parseaddr(found["DEFAULT_FROM_EMAIL"])
        assert (address, found["OTP_TOTP_ISSUER"]) == ("hello@localhost", NAME)
        assert shown and not OLD.search(shown)
    assert "Acme" in sender(None)


@pytest.mark.parametrize("value", ["x" * 41, "<b>Acme</b>", "Acme: the best", 'The "Acme"', "100 %"])
def test_a_name_that_cannot_stand_everywhere_is_refused(tmp_path, value):
    with (
        pytest.raises(ImproperlyConfigured, match="PRODUCT_NAME must be"),
        started_with(tmp_path, PRODUCT_NAME=value),
    ):
        pass


def texts_in(path: Path) -> Iterator[str]:
    """Strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_text_has_it_written_in():
    """Also where no test comes: in templates, in both catalogues, in the code of the rooms."""
    written = [path for path in (PROJECT / "templates").rglob("*.*") if "Arrivals" in path.read_text()]
    catalogue = (PROJECT / "locale/de/LC_MESSAGES/django.po").read_text().partition("\n\n")[2]
    modules = [
        path for room in ("accounts", "provisioning", "product", "support") for path in (PROJECT / room).rglob("*.py")
    ]
    read = [path for path in modules if "management" not in path.parts and path.name != "doctor.py"]
    written += [path for path in read if any("Arrivals" in text for text in texts_in(path))]
    assert written == [] and "Arrivals" not in catalogue
