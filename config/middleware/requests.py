"""Request-id and access-log middleware: a name for each request on all of its log lines and on its answer.

And a middleware that normalises Host and X-Forwarded-Proto before anybody asks whether the request may come in.
"""

import re
import secrets
import time

import structlog
from django.conf import settings
from structlog.contextvars import bound_contextvars

from config.logs import account_of, path_of

logger = structlog.get_logger(__name__)

SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
PROBES = {"/healthz", "/readyz", "/repairz"}
ASKED_ALL_THE_TIME = {"/healthz", "/readyz", "/metrics"}
HEADER = "X-Request-ID"
PROTO = "HTTP_X_FORWARDED_PROTO"


class Requests:
    """Request-id middleware, first of all, so that nothing is written or refused without the name."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began = time.perf_counter()
        given = request.headers.get(HEADER, "")
        name = named(given)
        with bound_contextvars(request=name):
            response = self.get_response(request)
            if name == given or response.status_code >= 500:  # else two answers that are alike would differ by it
                response[HEADER] = name
            if request.path_info not in ASKED_ALL_THE_TIME:
                logger.info("request", **facts(request, response, began))
        return response


class Front:
    """Middleware that normalises what load balancers and proxies say in their own way.

    A load balancer asks for a probe by our IP address or an internal name, over http, and takes a redirect or a 400
    for a host that is down: nothing is asked of it (and SECURE_REDIRECT_EXEMPT lets it in over http). Some proxies
    write HTTPS where Django wants https.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info in PROBES:
            request.META["HTTP_HOST"] = a_host_of_ours()
        if proto := request.META.get(PROTO):
            request.META[PROTO] = proto.lower()
        return self.get_response(request)


def a_host_of_ours() -> str:
    """Return a host that ALLOWED_HOSTS accepts."""
    return settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")


def named(given: str) -> str:
    """Return the request id that a proxy gave, if it is one that may stand in a log, else a random one."""
    return given if SANE.fullmatch(given) else secrets.token_hex(8)


def facts(request, response, began: float) -> dict:
    """Return the fields of a request's log line."""
    took = round((time.perf_counter() - began) * 1000, 1)
    return {
        "method": request.method if request.method.isalpha() else "?",
        "path": path_of(request),
        "status": response.status_code,
        "ms": took,
    } | account_of(request)
