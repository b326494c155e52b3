"""OpenID Connect endpoints: discovery, keys, authorize with the waiting room inside, token, userinfo and logout."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from oauthlib.openid.connect.core.exceptions import InteractionRequired, LoginRequired

from accounts import claims as signups
from accounts import onward
from accounts.models import Account, Event, EventKind, SignupClaim, Voice
from accounts.sentences import say
from product.machines import held_back
from product.oidc import claims, keys
from product.redirect_uris import origin_of
from provisioning.waiting_room.pages import look_at


@require_safe
def discovery(request):
    """Discovery document (OpenID Connect Discovery 1.0)."""
    where = {name: settings.SITE_URL + reverse(f"oidc_{name}") for name in ("authorize", "token", "userinfo")}
    document = {
        "issuer": settings.SITE_URL,
        "authorization_endpoint": where["authorize"],
        "token_endpoint": where["token"],
        "userinfo_endpoint": where["userinfo"],
        "jwks_uri": settings.SITE_URL + reverse("oidc_keys"),
        "end_session_endpoint": settings.SITE_URL + reverse("oidc_logout"),
        "scopes_supported": list(settings.OIDC_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": claims.SUPPORTED,
        "prompt_values_supported": ["none", "login", "create"],
        "ui_locales_supported": [code for code, _name in settings.LANGUAGES],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
    return _for_anybody(JsonResponse(document))


@cache_control(public=True, max_age=settings.OIDC_KEYS_CACHED_SECONDS)
@require_safe
def key_set(request):
    """JSON Web Key Set."""
    return _for_anybody(JsonResponse({"keys": keys.published()}))


def _for_anybody(response):
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@method_decorator(never_cache, name="dispatch")
class Authorize(OAuthLibMixin, View):
    """Authorization endpoint.

    Whoever is not ready waits in the waiting room, whoever is nobody yet signs up or logs in, and both come back here
    by themselves (accounts/onward.py). There is no page of consent: every client is the platform's own.
    """

    http_method_names = ["get"]

    def get(self, request):
        try:
            scopes, credentials = self.validate_authorization_request(request)
            return self._meet(request, scopes, credentials)
        except OAuthToolkitError as error:
            return self._refused(request, error)

    def _meet(self, request, scopes: list[str], credentials: dict):
        """Send on whoever may enter, and everybody else to the page that is theirs."""
        prompt = set(request.GET.get("prompt", "").split())
        if "none" in prompt:
            self._let_in_silently(request, credentials)
        elif "login" in prompt or _is_too_long_ago(request, request.user):
            return self._by_way_of(request, credentials, "login")
        elif not request.user.is_authenticated:
            return self._meet_by_claim(request, scopes, credentials)
        elif not may_enter(request.user):
            return self._by_way_of(request, credentials, "arriving")
        return self._sent_back(request, scopes, credentials)

    def _meet_by_claim(self, request, scopes: list[str], credentials: dict):
        """Let in by the sign-up of this browser, which was made with the account's own password."""
        claim = signups.latest_claim(request)
        if not claim:
            to_sign_up = "create" in request.GET.get("prompt", "").split()
            return self._by_way_of(request, credentials, "signup" if to_sign_up else "login")
        if not (claim.proven and may_enter(claim.account)):
            return self._by_way_of(request, credentials, "arriving")
        _log_in(request, claim)
        if _is_too_long_ago(request, claim.account):
            return self._by_way_of(request, credentials, "login")
        response = self._sent_back(request, scopes, credentials)
        signups.end_here(request, response)
        return response

    def _let_in_silently(self, request, credentials: dict) -> None:
        """Raise the error of OpenID Connect for whoever a page would have to be shown to."""
        error: OAuth2Error | None = None
        if not request.user.is_authenticated or _is_too_long_ago(request, request.user):
            error = LoginRequired(state=credentials["state"])
        elif not may_enter(request.user):
            error = InteractionRequired(state=credentials["state"])
        if error:
            raise OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])

    def _by_way_of(self, request, credentials: dict, page: str):
        """Redirect to a page from which they come back here. Whoever logs in there need not log in again."""
        met = ("prompt", "max_age") if page == "login" else ("prompt",)
        asked = {name: value for name, value in request.GET.items() if name not in met}
        back = f"{reverse('oidc_authorize')}?{urlencode(asked)}"
        if len(back) > onward.LONGEST:
            error = InvalidRequestError("The request is too long.", state=credentials["state"])
            raise OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])
        response = redirect(reverse(page) + _in_the_language_asked_for(request))
        onward.remember(response, back, origin_of(credentials["redirect_uri"]))
        return response

    def _sent_back(self, request, scopes: list[str], credentials: dict):
        """Redirect to the product, with a code."""
        kept = {name: value for name, value in credentials.items() if name not in ("ui_locales", "prompt")}
        uri, *_rest = self.create_authorization_response(request, " ".join(scopes), kept, allow=True)
        response = HttpResponseRedirect(uri)
        onward.forget(response)
        return response

    def _refused(self, request, error: OAuthToolkitError):
        """Redirect to the product with an error, or say it here where the redirect is not the product's."""
        wrong = error.oauthlib_error
        if isinstance(error, FatalClientError) or not wrong.redirect_uri:
            facts = {"sentence": say("oidc.refused"), "error": wrong.error, "description": wrong.description}
            response = render(request, "product/refused.html", facts, status=400)
        else:
            told = [*wrong.twotuples, ("iss", settings.SITE_URL)]
            response = HttpResponseRedirect(add_params_to_uri(wrong.redirect_uri, told))
        onward.forget(response)
        return response


def may_enter(account: Account) -> bool:
    """Return True if the account's owner may go to their workspace, by the rule of the home page."""
    return account.is_active and look_at(account).may_enter


def _log_in(request, claim: SignupClaim) -> None:
    """Log in the browser that signed up: its claim has waited for this.

    The session gets a new key. The password was typed when they signed up, so that is what products are told.
    """
    account = claim.account
    login(request, account)
    account.last_login = claim.created_at
    account.save(update_fields=["last_login"])
    Event.objects.create(account=account, voice=Voice.THEY, kind=EventKind.LOGGED_IN)


def _in_the_language_asked_for(request) -> str:
    """Query of a page for the first of `ui_locales` that we speak; none where this browser has chosen one."""
    asked = (tag.partition("-")[0].lower() for tag in request.GET.get("ui_locales", "").split())
    language = next((tag for tag in asked if tag in dict(settings.LANGUAGES)), "")
    chosen_here = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    return f"?language={language}" if language and not chosen_here else ""


def _is_too_long_ago(request, account) -> bool:
    """True if the product asks for a log-in within `max_age` seconds, and theirs is older."""
    most = request.GET.get("max_age", "")
    if not most.isdecimal() or len(most) > 9 or not account.is_authenticated or not account.last_login:
        return False
    return (timezone.now() - account.last_login).total_seconds() > int(most)


def _answer(told) -> HttpResponse:
    _uri, headers, body, status = told
    return HttpResponse(body or "", status=status, headers=headers)


@csrf_exempt
@never_cache
@sensitive_post_parameters("client_secret", "code", "code_verifier")
@require_POST
def token(request):
    """Token endpoint. In one transaction: a code is locked until it is used up.

    Requests are counted by network, and those that are refused once more.
    """
    if too_many := held_back(request, "token"):
        return too_many
    with transaction.atomic():
        answer = _answer(OAuthLibMixin().create_token_response(request))
    if answer.status_code == 200:
        return answer
    return held_back(request, "token refused") or answer


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def userinfo(request):
    """Userinfo endpoint."""
    return _answer(OAuthLibMixin().create_userinfo_response(request))
