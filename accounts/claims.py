"""The browser that signed up: a random token in a cookie, its hash in the row."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings

from accounts.clock import lately
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


def latest_claim(request) -> SignupClaim | None:
    """The newest sign-up of this browser, with its account; none once the cookie's time is over."""
    token_hash = hash_of(request)
    if not token_hash:
        return None
    claims = SignupClaim.objects.filter(token_hash=token_hash).select_related("account")
    return claims.order_by("-seen_at").first()


def is_proven_for(request, email: str) -> bool:
    """Whether this browser signed up with the address and its own password, and the cookie's time is not over."""
    span = timedelta(seconds=settings.CLAIM_COOKIE_AGE)
    proven = SignupClaim.objects.filter(lately("seen_at", span), token_hash=hash_of(request), proven=True)
    return proven.filter(account__email=email).exists()


def is_theirs(request, account: Account) -> bool:
    """Whether this browser is logged in to the account, or signed up for it with its own password."""
    if request.user.is_authenticated:
        return request.user.pk == account.pk
    claims = SignupClaim.objects.filter(account=account, proven=True, token_hash=hash_of(request))
    return claims.exists()
