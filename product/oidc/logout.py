"""Logout that the product begins (OpenID Connect RP-Initiated Logout 1.0)."""

from django.contrib.auth import logout as end_session
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oauth2_provider.models import AccessToken
from oauthlib.common import add_params_to_uri

from accounts import claims as signups
from accounts import onward
from accounts.sentences import say
from product.models import Client
from product.oidc import keys
from product.redirect_uris import origin_of

ASKED = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def logout(request):
    """End the session here, too, and go back to the product where its address is registered.

    With an ID token of the person logged in at once; without, they are asked: else any page could log them out.
    """
    given = request.POST if request.method == "POST" else request.GET
    asked = {name: given[name] for name in ASKED if given.get(name)}
    hint = keys.read(asked.get("id_token_hint", "")) or {}
    client = _client(asked.get("client_id") or hint.get("aud", ""))
    back = _way_back(client, asked)
    is_theirs = request.user.is_authenticated and hint.get("sub") == str(request.user.pk)
    if request.user.is_authenticated and not is_theirs and request.method != "POST":
        return _ask(request, asked, back)
    AccessToken.objects.filter(user__isnull=False, user=request.user.pk).delete()
    end_session(request)
    response = HttpResponseRedirect(back) if back else redirect("landing")
    signups.end_here(request, response)
    onward.forget(response)
    return response


def _client(client_id: str) -> Client | None:
    client = Client.objects.filter(client_id=client_id).first() if client_id.isprintable() else None
    return client if client and client.is_usable(None) else None


def _way_back(client: Client | None, asked: dict[str, str]) -> str:
    """The product's address for afterwards; nothing where it is not registered."""
    uri = asked.get("post_logout_redirect_uri", "")
    if not client or not client.post_logout_redirect_uri_allowed(uri):
        return ""
    return add_params_to_uri(uri, [("state", asked["state"])]) if "state" in asked else uri


def _ask(request, asked: dict[str, str], back: str):
    page = render(request, "product/logout.html", {"sentence": say("oidc.logout_ask"), "asked": asked})
    if back:
        page._csp_update = {"form-action": [origin_of(back)]}  # type: ignore[attr-defined]
    return page
