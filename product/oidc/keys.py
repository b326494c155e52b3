"""Signing keys: made once, kept encrypted in the database, rotated, and forgotten when their tokens have ended."""

import json
from datetime import timedelta
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from jwcrypto import jwk, jws, jwt
from jwcrypto.common import JWException

from accounts.database.clock import database_now
from product.models import SigningKey

BITS = 3072  # 128 bits of security (ASVS 11.2.3)
CACHED_FOR = timedelta(seconds=settings.OIDC_KEYS_CACHED_SECONDS)
TOKENS_LIVE = timedelta(seconds=settings.OIDC_TOKEN_SECONDS)


def sign(claims: dict) -> str:
    """Return a signed ID token."""
    kid, private = _present_key()
    token = jwt.JWT(header=json.dumps({"typ": "JWT", "alg": "RS256", "kid": kid}), claims=json.dumps(claims))
    token.make_signed_token(private)
    return token.serialize()


def read(token: str) -> dict | None:
    """Return the claims of an ID token of ours, expired or not; None for anything else."""
    try:
        unread = jws.JWS()
        unread.deserialize(token)
        key = SigningKey.objects.filter(kid=str(unread.jose_header.get("kid", ""))).first()
        if key is None:
            return None
        known = jwt.JWT(key=jwk.JWK(**key.public), jwt=token, algs=["RS256"], check_claims={})
        claims = json.loads(known.claims)
    except (JWException, ValueError, TypeError):
        return None
    return claims if claims.get("iss") == settings.SITE_URL else None


def published() -> list[dict]:
    """Return the public keys: the present one, the next one, and those whose tokens may still be about."""
    _present_key()
    return [key.public for key in SigningKey.objects.order_by("-signs_from")]


def make_first() -> None:
    """Make a key where there is none that we can sign with."""
    _present_key()


def rotate(at_once: bool = False) -> SigningKey:
    """Make a new key. It is published now and signs once every product's copy of the key set is older.

    `at_once`: somebody else has the old one. It signs now, the others are gone, and what they signed is void.
    """
    if at_once:
        SigningKey.objects.all().delete()
    return _make(timedelta(0) if at_once else CACHED_FOR)


def forget_old() -> None:
    """Delete keys that another one took over from before the last of their tokens, and copies of the set, ended."""
    over = SigningKey.objects.filter(signs_from__lte=Now() - TOKENS_LIVE - CACHED_FOR).order_by("-signs_from")
    SigningKey.objects.filter(pk__in=list(over.values_list("pk", flat=True)[1:])).delete()


def _present_key() -> tuple[str, jwk.JWK]:
    """The newest key that may sign by now and that we can read, made where there is none.

    One encrypted under another SECRET_KEY cannot be read. Two hosts that start at once make one each: both are
    published, and the newer one signs.
    """
    for key in SigningKey.objects.filter(signs_from__lte=Now()).order_by("-signs_from", "kid"):
        if private := _opened(key.kid, key.private, settings.SECRET_KEY):
            return key.kid, private
    key = _make(timedelta(0))
    private = _opened(key.kid, key.private, settings.SECRET_KEY)
    assert private
    return key.kid, private


def _make(wait: timedelta) -> SigningKey:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    key = jwk.JWK.from_pyca(pair)
    kid = key.thumbprint()
    private = pair.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_passphrase(kid, settings.SECRET_KEY)),
    )
    public = {"alg": "RS256", "use": "sig", "kid": kid} | json.loads(key.export_public())
    return SigningKey.objects.create(
        kid=kid, public=public, private=private.decode(), signs_from=database_now() + wait
    )


def _passphrase(kid: str, secret: str) -> bytes:
    return salted_hmac("product.oidc.keys", kid, secret=secret, algorithm="sha256").hexdigest().encode()


@lru_cache(maxsize=8)
def _opened(kid: str, private: str, secret: str) -> jwk.JWK | None:
    try:
        return jwk.JWK.from_pem(private.encode(), password=_passphrase(kid, secret))
    except ValueError:
        return None
