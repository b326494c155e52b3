"""Claim cookie: a random bearer token for the browser that signed up; the database keeps its hash.

Each sign-up makes a new token, so none is a visitor's choice. It ends at the server, so that a copy of the cookie
opens nothing afterwards: by logging in or out, by another sign-up, with the sign-up itself, and in time.
"""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.database.clock import lately
from accounts.models import Account, SignupClaim


def new_token() -> str:
    """256 random bits (ASVS 11.5.1 asks for 128)."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(request) -> str | None:
    token = request.COOKIES.get(settings.CLAIM_COOKIE_NAME, "")
    return token if 40 <= len(token) <= 64 and token.isascii() else None


def hash_of(request) -> str:
    """The hash of this browser's token, or nothing."""
    token = token_of(request)
    return hash_token(token) if token else ""


def remember(response, token: str) -> None:
    response.set_cookie(
        settings.CLAIM_COOKIE_NAME,
        token,
        max_age=settings.CLAIM_COOKIE_AGE,
        secure=settings.ON_HTTPS,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget(response) -> None:
    response.delete_cookie(settings.CLAIM_COOKIE_NAME, path="/", samesite="Lax")


def of_browser(request) -> QuerySet[SignupClaim]:
    """What this browser signed up for, while its time lasts."""
    token_hash = hash_of(request)
    in_time = lately("seen_at", timedelta(seconds=settings.CLAIM_COOKIE_AGE))
    return SignupClaim.objects.filter(in_time, token_hash=token_hash) if token_hash else SignupClaim.objects.none()


def latest_claim(request) -> SignupClaim | None:
    """The newest sign-up of this browser, with its account."""
    return of_browser(request).select_related("account").order_by("-seen_at").first()


def is_proven_for(request, email: str) -> bool:
    """Whether this browser signed up with the address and its own password, and the cookie's time is not over."""
    return of_browser(request).filter(proven=True, account__email=email).exists()


def is_theirs(request, account: Account) -> bool:
    """Whether this browser is logged in to the account, or signed up for it with its own password."""
    if request.user.is_authenticated:
        return request.user.pk == account.pk
    return of_browser(request).filter(account=account, proven=True).exists()


def hand_over(token_hash: str, email: str, token: str) -> None:
    """A browser signs up anew: what it held for this address goes on under the new token, all else is over."""
    held = SignupClaim.objects.filter(token_hash=token_hash)
    held.filter(email=email).update(token_hash=hash_token(token))
    end(held)


def end(claims: QuerySet[SignupClaim]) -> None:
    """No token leads to them any more. The rows stay: for the letter they may owe, and for the desk."""
    claims.update(token_hash=Concat(Value("ended "), Cast("pk", CharField())))


def end_for(account: Account) -> None:
    """In every browser."""
    end(SignupClaim.objects.filter(account=account))


def end_here(request, response) -> None:
    """At the server and in the browser."""
    if token_hash := hash_of(request):
        end(SignupClaim.objects.filter(token_hash=token_hash))
        forget(response)
