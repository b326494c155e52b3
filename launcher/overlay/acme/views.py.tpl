"""Acme's own pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse


@login_required
def hello(request: HttpRequest) -> HttpResponse:
    """A page for whoever is logged in."""
    return HttpResponse(f"Hello from Acme, {request.user.email}.", content_type="text/plain")
