"""OAuth server of oauthlib with the one flow we speak: authorization code with PKCE (S256), and userinfo.

No implicit, password, device or client-credentials flow and no refresh token can be configured by mistake: they are
not there. A product that wants fresh claims sends its visitor through once more, without a page being shown.
"""

import re

from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.endpoints.userinfo import UserInfoEndpoint
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_NONCE = 255


class Server(AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint):
    """Authorization, token and userinfo endpoint."""

    def __init__(self, request_validator, token_expires_in=None, token_generator=None, **_):
        self.bearer = BearerToken(request_validator, token_generator, token_expires_in, None)
        grant = AuthorizationCodeGrant(request_validator, refresh_token=False)
        grant.proxy_target._code_challenge_methods = {"S256": code_challenge_method_s256}
        grant.custom_validators.pre_auth.append(refuse_what_we_cannot_keep)
        AuthorizationEndpoint.__init__(self, "code", self.bearer, {"code": grant})
        TokenEndpoint.__init__(self, "authorization_code", self.bearer, {"authorization_code": grant})
        UserInfoEndpoint.__init__(self, request_validator)


def refuse_what_we_cannot_keep(request) -> dict:
    """Validator of oauthlib: a challenge that no S256 makes, a nonce too long to be kept, and `request` objects."""
    if request.code_challenge and not CHALLENGE.fullmatch(request.code_challenge):
        raise errors.InvalidRequestError("code_challenge is not one of S256.", request=request)
    nonce = request.nonce or ""
    if len(nonce) > LONGEST_NONCE or not nonce.isprintable():
        raise errors.InvalidRequestError(f"nonce is longer than {LONGEST_NONCE} characters.", request=request)
    return {}
