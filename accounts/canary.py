"""Mark by which the canary's requests are known: signed, and good for a few minutes.

Whoever can make one has SECRET_KEY. It counts against no limit, and the account that it makes is nobody's.
"""

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

HEADER = "X-Canary"
MARK = "canary"
GOOD_FOR = 300  # seconds


def mark() -> dict[str, str]:
    """Header of a request of the canary's."""
    return {HEADER: TimestampSigner(salt="accounts.canary").sign(MARK)}


def is_canary(request: HttpRequest) -> bool:
    """Return True if the request is the canary's."""
    given = request.headers.get(HEADER, "")
    try:
        return bool(given) and TimestampSigner(salt="accounts.canary").unsign(given, max_age=GOOD_FOR) == MARK
    except BadSignature:
        return False
