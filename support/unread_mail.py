"""Mail that the webhook could not take apart: kept as it came, for a person to read. A middleware.

A mail service that is answered with an error brings the same letter again for a while, and then never.
"""

import logging
from hashlib import sha256

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse

from accounts.away import is_passing
from provisioning.faults import read, storable
from support.mailbox import LONGEST, UNANSWERABLE, UNREADABLE
from support.models import Message

logger = logging.getLogger(__name__)
SHOWN = 2000


class KeepUnreadMail:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        """Only for whoever has proved to be our mail service: anymail refuses the others before it reads anything."""
        refused = isinstance(exception, SuspiciousOperation) or is_passing(exception)
        if refused or not request.path.startswith("/mail/"):
            return None
        logger.error("%s could not be taken apart", request.path, exc_info=exception)
        if "tracking" not in request.path:
            keep(request)
        return HttpResponse()


def keep(request: HttpRequest) -> None:
    posted = storable(read(lambda: request.body, b"") or request.POST.dict(), LONGEST)
    digest = sha256(posted.encode()).hexdigest()
    body = f"{UNREADABLE}\n\n{posted[:SHOWN]}"
    message = Message(body=body, whole=posted, message_id=f"<{digest}{UNANSWERABLE}")
    Message.objects.bulk_create([message], ignore_conflicts=True)
