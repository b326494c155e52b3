"""Middleware that answers rate limits with 429 and full hashing queues with 503, both with Retry-After."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts import device_cookie
from accounts.hashers import Busy
from accounts.sentences import clock, say
from accounts.throttle import TooMany, seconds_until


class Limits:
    """Middleware that turns TooMany into 429 and Busy into 503, and sets the device cookie."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        device_cookie.keep(request, response)
        return response

    def process_exception(self, request, exception) -> HttpResponse | None:
        if isinstance(exception, TooMany):
            sentence = say("throttle.wait", time=clock(exception.until))
            return _page(request, sentence, 429, seconds_until(exception.until), say("throttle.ways_on"))
        if isinstance(exception, Busy):
            return _page(request, say("busy"), 503, exception.retry_after)
        return None


def _page(request, sentence: str, status: int, retry_after: int, ways_on: str = "") -> HttpResponse:
    page = render(request, "accounts/wait.html", {"sentence": sentence, "ways_on": ways_on}, status=status)
    page["Retry-After"], page["Cache-Control"] = str(retry_after), "no-store"
    return page
