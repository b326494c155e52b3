"""The site, and a few addresses that fail on purpose, to see the pages for it."""

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.shortcuts import render
from django.urls import path

from config.urls import handler400 as handler400
from config.urls import urlpatterns as site


def raises(error: Exception):
    def view(request):
        raise error

    return view


def refusal(status: int):
    return lambda request: render(request, f"{status}.html", status=status)


urlpatterns = [
    *site,
    path("fails/400/", raises(SuspiciousOperation("said on purpose"))),
    path("fails/403/", raises(PermissionDenied("said on purpose"))),
    path("fails/413/", raises(RequestDataTooBig("said on purpose"))),
    path("fails/429/", refusal(429)),
    path("fails/500/", raises(ZeroDivisionError("said on purpose"))),
    path("fails/503/", refusal(503)),
    path("fails/database/", raises(OperationalError("said on purpose"))),
]
