"""Validator of django-oauth-toolkit with our rules: clients of the environment, codes used once, our own claims."""

import logging

from django.conf import settings
from django.db.models.functions import Now
from oauth2_provider.models import AccessToken, Grant
from oauth2_provider.oauth2_validators import OAuth2Validator

from product.models import Client, SpentCode
from product.models.oidc import ENVIRONMENT, hash_of
from product.oidc import claims, keys
from product.redirect_uris import origin_of

logger = logging.getLogger(__name__)


class Validator(OAuth2Validator):
    """Validator for the flow in server.py."""

    oidc_claim_scope = None

    def _load_application(self, client_id, request):
        """Return the client; one that the environment names is first made like what stands there."""
        if not (client_id or "").isprintable():
            return None
        client = super()._load_application(client_id, request)
        named = settings.OIDC_CLIENTS.get(client_id)
        if named and not _is_like(client, named):
            _write(client_id, named)
            request.client = None
            client = super()._load_application(client_id, request)
        return client

    def _check_secret(self, provided_secret, stored_secret):
        """Compare with the stored hash. Of a public client there is none, and nothing is like it."""
        return Client(client_secret=stored_secret).has_secret(provided_secret)

    def validate_silent_login(self, request):
        return True  # the view knows who is logged in

    def validate_silent_authorization(self, request):
        return True  # every client is the platform's own: there is no consent to ask for

    def validate_code(self, client_id, code, client, request, *args, **kwargs):
        """Lock the code, so that of two who bring it at once one is second. A second time revokes its token.

        Runs in the token view's transaction.
        """
        if not code.isprintable():
            return False
        grant = Grant.objects.select_for_update(of=("self",)).filter(code=code, application=client).first()
        if grant is None:
            self._revoke_if_spent(code, client)
            return False
        return grant.user.is_active and super().validate_code(client_id, code, client, request, *args, **kwargs)

    def _revoke_if_spent(self, code, client) -> None:
        spent = AccessToken.objects.filter(
            pk__in=SpentCode.objects.filter(code_hash=hash_of(code), client=client).values("access_token")
        )
        if spent.delete()[0]:
            logger.warning("a code was brought twice, so its token is revoked", extra={"client": client.client_id})

    def _create_access_token(self, expires, request, token, source_refresh_token=None):
        request.issued = super()._create_access_token(expires, request, token, source_refresh_token)
        return request.issued

    def _load_id_token(self, token):
        return None  # ID tokens are told by their signature, and no row is kept of them

    def invalidate_authorization_code(self, client_id, code, request, *args, **kwargs):
        super().invalidate_authorization_code(client_id, code, request, *args, **kwargs)
        SpentCode.objects.create(code_hash=hash_of(code), client=request.client, access_token=request.issued)

    def validate_bearer_token(self, token, scopes, request):
        """Check an access token. With their account suspended, a person's token opens nothing."""
        return super().validate_bearer_token(token, scopes, request) and request.user.is_active

    def get_claim_dict(self, request):
        return claims.of(request.user, request.scopes)

    def finalize_id_token(self, id_token, token, token_handler, request):
        """Sign the ID token."""
        mine, _expires = self.get_id_token_dictionary(token, token_handler, request)
        nonce = {"nonce": request.nonce} if request.nonce else {}
        return keys.sign(id_token | mine | nonce)

    def get_oidc_issuer_endpoint(self, request):
        return settings.SITE_URL


def _is_like(client: Client | None, named: dict) -> bool:
    return client is not None and all(getattr(client, name) == value for name, value in _fields(named).items())


def _fields(named: dict) -> dict[str, str]:
    """Columns of a client that the environment names. After logging out people may be sent to its front page."""
    uris = named["redirect_uris"]
    confidential = bool(named["secret_hash"])
    return {
        "client_type": Client.CLIENT_CONFIDENTIAL if confidential else Client.CLIENT_PUBLIC,
        "client_secret": named["secret_hash"],
        "redirect_uris": " ".join(uris),
        "post_logout_redirect_uris": " ".join(dict.fromkeys(f"{origin_of(uri)}/" for uri in uris)),
        "registration_source": ENVIRONMENT,
    }


def _write(client_id: str, named: dict) -> None:
    Client.objects.bulk_create(
        [Client(client_id=client_id, name=client_id, **_fields(named))],
        update_conflicts=True,
        unique_fields=["client_id"],
        update_fields=[*_fields(named), "updated"],
    )


def forget_ended(batch: int) -> None:
    """Delete codes and tokens that have ended, a batch of each."""
    for table in (Grant, AccessToken):
        ended = table.objects.filter(expires__lte=Now()).values_list("pk", flat=True)[:batch]
        table.objects.filter(pk__in=list(ended)).delete()
