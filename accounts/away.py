"""When our own database does not answer: a page that says so, and says what was kept."""

from django.db import InterfaceError, OperationalError
from django.shortcuts import render

from accounts.messages import say

AWAY = (OperationalError, InterfaceError)


class DatabaseAway:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, AWAY):
            return None
        response = render(None, "accounts/away.html", {"sentence": say("database.away")}, status=503)
        response["Retry-After"] = "30"
        return response
