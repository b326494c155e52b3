"""OpenID Connect models: client, signing key, and authorization code that was used up.

Grants and access tokens are tables of django-oauth-toolkit.
"""

import hashlib
import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from oauth2_provider.models import AbstractApplication, ApplicationManager

from product.redirect_uris import fault_of, origin_of

ENVIRONMENT = "environment"  # as the source of a client's registration, beside the library's own words


def hash_of(secret: str) -> str:
    """Return the SHA-256 hash under which a secret or a code is stored: both are random and long (ASVS 11.4.2)."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Client(AbstractApplication):
    """OpenID Connect client: a product that people reach through us, named by OIDC_CLIENTS or by a superuser.

    Each is the platform's own (first party): whoever logs in is not asked for consent. Its secret is random, is kept
    as a hash and is shown once. Its URIs are compared byte for byte.
    """

    user = None  # a client is the platform's, and goes with nobody's account
    client_type = models.CharField(
        max_length=32,
        choices=AbstractApplication.CLIENT_TYPES,
        default=AbstractApplication.CLIENT_CONFIDENTIAL,
        help_text="Public: all of it runs in a browser or on a phone, where no secret can be kept.",
    )
    client_secret = models.CharField(max_length=64, blank=True, default="", editable=False)
    hash_client_secret = models.BooleanField(
        default=False, editable=False
    )  # the library's way of hashing is ours not
    authorization_grant_type = models.CharField(
        max_length=44,
        choices=AbstractApplication.GRANT_TYPES,
        default=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        editable=False,
    )
    algorithm = models.CharField(
        max_length=5,
        choices=AbstractApplication.ALGORITHM_TYPES,
        default=AbstractApplication.RS256_ALGORITHM,
        editable=False,
    )
    skip_authorization = models.BooleanField(default=True, editable=False)

    objects = ApplicationManager()

    class Meta:
        verbose_name = "product"
        verbose_name_plural = "products"

    def clean(self):
        """Validate the URIs, one sentence for each field."""
        wrong = {}
        for field in ("redirect_uris", "post_logout_redirect_uris"):
            faults = [f"{uri} {fault}." for uri in getattr(self, field).split() if (fault := fault_of(uri))]
            if faults:
                wrong[field] = faults
        if not self.redirect_uris.split():
            wrong["redirect_uris"] = ["Name at least one: where people are sent back to."]
        if wrong:
            raise ValidationError(wrong)

    def new_secret(self) -> str:
        """Replace the secret and return the new one, which nobody can read again. A public client has none."""
        secret = "" if self.client_type == self.CLIENT_PUBLIC else secrets.token_urlsafe(32)
        self.client_secret = hash_of(secret) if secret else ""
        return secret

    def has_secret(self, secret: str) -> bool:
        """Compare a secret in constant time. Nothing is the secret of a public client."""
        return bool(self.client_secret) and secrets.compare_digest(self.client_secret, hash_of(secret))

    def is_usable(self, request) -> bool:
        return self.registration_source != ENVIRONMENT or self.client_id in settings.OIDC_CLIENTS

    def redirect_uri_allowed(self, uri: str) -> bool:
        return uri in self.redirect_uris.split()

    def post_logout_redirect_uri_allowed(self, uri: str) -> bool:
        return uri in self.post_logout_redirect_uris.split()

    def origin_allowed(self, origin) -> bool:
        """Allow CORS at the token endpoint to a product that is all script, from where it lives."""
        ours = {origin_of(uri) for uri in self.redirect_uris.split()}
        return self.client_type == self.CLIENT_PUBLIC and origin in ours


class SigningKey(models.Model):
    """Key pair that signs ID tokens (RS256). In the database, since all hosts sign with the same one.

    The private half is encrypted under SECRET_KEY, so that a copy of the database signs nothing.
    """

    kid = models.CharField(max_length=43, primary_key=True, help_text="Thumbprint of the public key (RFC 7638).")
    public = models.JSONField()
    private = models.TextField(help_text="PKCS #8, encrypted.")
    signs_from = models.DateTimeField(db_default=Now(), help_text="Published before that, so that products know it.")

    def __str__(self):
        return self.kid


class SpentCode(models.Model):
    """Authorization code that was exchanged, with the token it was exchanged for.

    It comes only twice if somebody has copied it: then the token is revoked. The row goes with the token.
    """

    code_hash = models.CharField(max_length=64, primary_key=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    access_token = models.ForeignKey("oauth2_provider.AccessToken", on_delete=models.CASCADE, related_name="+")

    def __str__(self):
        return f"code of token {self.access_token_id}"
