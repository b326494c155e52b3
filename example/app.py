"""The example product itself: a front page, a log-in by OpenID Connect, and an ear for events."""

from urllib.parse import urlencode

from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook, WebhookVerificationError

from example.models import Told

arrivals = OAuth().register(
    "arrivals",
    server_metadata_url=f"{settings.ARRIVALS_URL}/.well-known/openid-configuration",
    client_id=settings.CLIENT_ID,
    client_secret=settings.CLIENT_SECRET,
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


def front(request):
    """Front page: who is inside, and what we were told by event."""
    if not request.user.is_authenticated:
        ways = '<h1>Example</h1><p><a href="/login/?prompt=create">Sign up</a> <a href="/login/">Log in</a></p>'
        return HttpResponse(ways)
    claims = request.session["claims"]
    rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", sorted((name, claims[name]) for name in claims))
    told = format_html_join("", "<li>{}</li>", Told.objects.order_by("at").values_list("kind"))
    page = '<h1>Inside, {}</h1><dl>{}</dl><h2>Told by event</h2><ul>{}</ul><p><a href="/logout/">Log out</a></p>'
    return HttpResponse(format_html(page, claims["name"], rows, told))


def login(request):
    """Send them to Arrivals: to the sign-up with ?prompt=create."""
    prompt = {"prompt": "create"} if request.GET.get("prompt") == "create" else {}
    return arrivals.authorize_redirect(request, f"{settings.URL}/callback/", **prompt)


def callback(request):
    """They are back. Authlib has checked state, nonce, issuer, audience and signature."""
    token = arrivals.authorize_access_token(request)
    claims = token["userinfo"]
    user, _made = User.objects.update_or_create(username=claims["sub"], defaults={"email": claims["email"]})
    auth.login(request, user)
    request.session["claims"] = dict(claims)
    request.session["id_token"] = token["id_token"]
    return redirect("/")


def logout(request):
    """Log out here, and then there."""
    asked = {"id_token_hint": request.session.get("id_token", ""), "post_logout_redirect_uri": f"{settings.URL}/"}
    auth.logout(request)
    return redirect(f"{arrivals.load_server_metadata()['end_session_endpoint']}?{urlencode(asked)}")


@csrf_exempt
@require_POST
def events(request):
    """Ear for events: verified by the Standard Webhooks package, kept once."""
    try:
        event = Webhook(settings.EVENTS_SECRET).verify(request.body, dict(request.headers))
    except (WebhookVerificationError, ValueError, RuntimeError):
        return HttpResponse(status=400)
    Told.objects.get_or_create(
        event=request.headers["Webhook-Id"], defaults={"kind": event["type"], "data": event["data"]}
    )
    return HttpResponse(status=204)


urlpatterns = [
    path("", front),
    path("login/", login),
    path("callback/", callback),
    path("logout/", logout),
    path("events/", events),
]
