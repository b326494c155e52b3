"""Middleware that repairs links copied from an e-mail with a bracket, a full stop or half a sentence behind them."""

import re

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve

OURS = re.compile(r"(/[A-Za-z0-9_:-]+)+")  # what the address of a page of ours is made of
MARKS = "/_:-"  # which may stand in it, and behind it
NOT_IN_LETTERS = ("/admin/", "/mail/", "/static/")


class WholeLinks:
    """Middleware that redirects from a 404 to the page that the link was meant to lead to, if there is one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == 404 and request.method in ("GET", "HEAD"):
            return _led_on(request.path_info) or response
        return response


def _led_on(path: str) -> HttpResponse | None:
    for meant in _meant(path):
        if meant != path and not meant.startswith(NOT_IN_LETTERS) and _is_a_page(meant):
            response = HttpResponseRedirect(meant)
            response["Cache-Control"], response["Referrer-Policy"] = "no-store", "strict-origin"
            return response
    return None


def _meant(path: str) -> list[str]:
    """Candidates: the address up to the first sign that is in none of ours, with and without marks at its end.

    Marks like a hyphen may stand in an address of ours, and behind it in a sentence.
    """
    found = OURS.match(path)
    return [f"{found.group()}/", f"{found.group().rstrip(MARKS)}/"] if found else []


def _is_a_page(path: str) -> bool:
    try:
        return bool(resolve(path))
    except Resolver404:
        return False
