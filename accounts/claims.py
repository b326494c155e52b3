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
    """Return a random token of 256 bits (ASVS 11.5.1 asks for 128)."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the SHA-256 hash under which a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(request) -> str | None:
    """Return the claim token in this request's cookie, or None where it cannot be one of ours."""
    token = request.COOKIES.get(settings.CLAIM_COOKIE_NAME, "")
    return token if 40 <= len(token) <= 64 and token.isascii() else None


def hash_of(request) -> str:
    """Return the hash of this browser's token, or an empty string."""
    token = token_of(request)
    return hash_token(token) if token else ""


def remember(response, token: str) -> None:
    """Set the claim cookie."""
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
    """Delete the claim cookie."""
    response.delete_cookie(settings.CLAIM_COOKIE_NAME, path="/", samesite="Lax")


def of_browser(request) -> QuerySet[SignupClaim]:
    """Return the unexpired claims of this browser."""
    token_hash = hash_of(request)
    in_time = lately("seen_at", timedelta(seconds=settings.CLAIM_COOKIE_AGE))
    return SignupClaim.objects.filter(in_time, token_hash=token_hash) if token_hash else SignupClaim.objects.none()


def latest_claim(request) -> SignupClaim | None:
    """Return the newest claim of this browser, with its account."""
    return of_browser(request).select_related("account").order_by("-seen_at").first()


def is_proven_for(request, email: str) -> bool:
    """Return True if this browser signed up with the address and its own password, and its cookie has not expired."""
    return of_browser(request).filter(proven=True, account__email=email).exists()


def is_theirs(request, account: Account) -> bool:
    """Return True if this browser is logged in to the account, or signed up for it with its own password."""
    if request.user.is_authenticated:
        return request.user.pk == account.pk
    return of_browser(request).filter(account=account, proven=True).exists()


def hand_over(token_hash: str, email: str, token: str) -> None:
    """Rotate the token when a browser signs up anew.

    Its claims for this address go on under the new token, all others end.
    """
    held = SignupClaim.objects.filter(token_hash=token_hash)
    held.filter(email=email).update(token_hash=hash_token(token))
    end(held)


def end(claims: QuerySet[SignupClaim]) -> None:
    """Revoke claims: no token leads to them any more.

    The rows stay: for the letter they may owe, and for the desk.
    """
    claims.update(token_hash=Concat(Value("ended "), Cast("pk", CharField())))


def end_for(account: Account) -> None:
    """Revoke the account's claims in every browser."""
    end(SignupClaim.objects.filter(account=account))


def end_here(request, response) -> None:
    """Revoke this browser's claims, at the server and in its cookie."""
    if token_hash := hash_of(request):
        end(SignupClaim.objects.filter(token_hash=token_hash))
        forget(response)
