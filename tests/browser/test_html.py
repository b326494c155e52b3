"""The HTML of every page, as the server sent it, before the Nu checker."""

import pytest
from playwright.sync_api import Response

from tests.browser import nu
from tests.browser.pages import LOOKS
from tests.browser.test_pages import visit


@pytest.fixture(scope="module")
def checker():
    nu.fetch()
    with nu.running() as address:
        yield address


def test_the_checker_finds_faults(checker):
    assert nu.complaints(checker, b"<!doctype html><title>x</title><p><div></p>")


@pytest.mark.parametrize("name", LOOKS)
def test_valid(name, checker, site, open_context):
    look = LOOKS[name]
    context = open_context()
    documents: list[Response] = []
    context.on("response", lambda answer: documents.append(answer) if answer.request.is_navigation_request() else 0)
    visit(context, site, look, look.arrange(site))
    assert nu.complaints(checker, documents[-1].body()) == []
