"""Doors for machines: tries counted by network, and refusals in JSON."""

from django.http import HttpRequest, JsonResponse

from accounts.throttle import TooMany, seconds_until, spend

NOBODY = "api"  # in the place of an address


def refusal(status: int, error: str, **headers: str) -> JsonResponse:
    """JSON answer that says why not."""
    return JsonResponse({"error": error}, status=status, headers=headers)


def held_back(request: HttpRequest, door: str) -> JsonResponse | None:
    """Count a try at this door; 429 with Retry-After beyond its limits, or None."""
    try:
        spend(request, door, NOBODY)
    except TooMany as error:
        return refusal(429, "too many requests", **{"Retry-After": str(seconds_until(error.until))})
    return None
