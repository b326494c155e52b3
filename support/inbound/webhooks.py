"""Webhooks of the mail service: inbound mail, and tracking of bounces and complaints.

What comes in is kept as it is, in one row, and read by the sweep (messages.py). The caller is authenticated by
anymail (basic auth, signatures). Only services that are set up have a webhook here.
"""

import logging
import re
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from itertools import islice

from anymail.exceptions import AnymailConfigurationError
from anymail.signals import inbound
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, get_resolver
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Account, normal_email
from provisioning.emails.services import MODULES
from provisioning.engine import faults
from provisioning.intake.bounces import heard
from support.inbound.child import Plain
from support.inbound.reader import our_addresses
from support.inbound.threads import keys_in, letter_of
from support.models import InboundMail

logger = logging.getLogger(__name__)
PLAIN = "plain/inbound/"
# Their posts say only where a mail lies, and it would be fetched with the key of the service.
FETCHED = ("resend/inbound/", "amazon_ses/inbound/", "mailtrap/inbound/")
LOOKED_AT = 64 * 1024  # bytes at either end of a post in which a known address is looked for
MOST_NAMED = 100
LOCAL = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}\Z")
FROM = re.compile(rb"(?im)^from:|\"From(Full|Email)?\"|name=\"from\"")
DOMAIN = re.compile(rb"[A-Za-z0-9.-]{1,250}")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request, where):
    """Webhook view of the mail services, for inbound mail and tracking.

    `where`: postmark/inbound/, postmark/tracking/ and the like; plain/inbound/ for a mail as it is, by one's own
    server.
    """
    view = service_at(where)
    if request.method != "POST":  # some services look first whether somebody is there
        return HttpResponse()
    posted = request.body  # before anybody reads fields from it
    prove(view, request)
    if view.signal is inbound:
        take_in(where, request.META.get("CONTENT_TYPE", ""), posted)
    else:
        faults.attempt(partial(_hear, view, request), partial(_not_heard, where, request))
    return HttpResponse()


def service_at(where: str) -> AnymailCoreWebhookView:
    """Anymail's webhook view for this path. Raises Http404 where no service is set up."""
    try:
        view = Plain() if where == PLAIN else _anymails(where)
    except (Resolver404, ImproperlyConfigured) as error:
        raise Http404 from error
    if view.signal is None:  # Mandrill's, for both at once
        raise Http404
    return view


def _anymails(where: str) -> AnymailCoreWebhookView:
    """Anymail's view. Raises Resolver404 for another service than that of EMAIL_URL, where it names one."""
    ours = MODULES.get(settings.MAIL_SERVICE, settings.MAIL_SERVICE)
    if where in FETCHED or (ours and where.partition("/")[0] != ours):
        raise Resolver404
    kind: type[AnymailCoreWebhookView] = vars(get_resolver("anymail.urls").resolve(f"/{where}").func)["view_class"]
    return kind()


def prove(view: AnymailCoreWebhookView, request: HttpRequest) -> None:
    """Authenticate the caller as our mail service.

    Raises SuspiciousOperation, or Http404 where we could not tell.
    """
    try:
        view.run_validators(request)
    except ImproperlyConfigured as error:
        raise Http404 from error


def take_in(where: str, content_type: str, posted: bytes) -> None:
    """Save a post as one row; nothing is parsed, so nothing in it can break or last."""
    mail = InboundMail(
        hook=where,
        content_type=faults.storable(content_type, 300),
        posted=posted,
        digest=sha256(posted).hexdigest(),
        known=names_somebody(posted),
    )
    InboundMail.objects.bulk_create([mail], ignore_conflicts=True)


def names_somebody(posted: bytes) -> bool:
    """True if an account's address, or a letter of ours, stands near the post's beginning or its end."""
    edges = posted[:LOOKED_AT] + b"\n" + posted[LOOKED_AT:][-LOOKED_AT:]
    if Account.objects.filter(email__in=set(_addresses(edges)) - set(our_addresses())).exists():
        return True
    return letter_of(keys_in(edges.decode("latin-1"))) is not None


def _addresses(text: bytes) -> Iterator[str]:
    for at in islice(re.finditer(rb"@|%40", text), MOST_NAMED):
        local = LOCAL.search(text[max(0, at.start() - 64) : at.start()])
        domain = DOMAIN.match(text, at.end())
        if local and domain:
            yield normal_email(f"{local[0].decode()}@{domain[0].decode()}")


def sender_in(posted: bytes) -> str:
    """Probable sender of a post that nobody could take apart; empty if none is found."""
    if not (said := FROM.search(posted, 0, LOOKED_AT)):
        return ""
    return next(_addresses(posted[said.end() : said.end() + 500]), "")


def _hear(view: AnymailCoreWebhookView, request: HttpRequest) -> None:
    for event in view.parse_events(request):
        heard(None, event, view.esp_name)


def _not_heard(where: str, request: HttpRequest, error: Exception) -> None:
    """Error handler of the tracking webhook.

    A mail that was sent to the wrong one of the two webhooks is taken in all the same.
    """
    if isinstance(error, AnymailConfigurationError):
        take_in(where.replace("tracking", "inbound"), request.META.get("CONTENT_TYPE", ""), request.body)
    else:
        logger.error("%s could not be taken apart", request.path, exc_info=error)
