"""Open sessions of each account, recorded at login so that they can be listed and ended."""

from django.contrib.auth import user_logged_in
from django.db import models
from django.db.models.functions import Now
from django.dispatch import receiver

from accounts.models.account import Account
from accounts.text.user_agents import named


class Login(models.Model):
    """An open session of one account. It goes with the session, and ending the session is how it is ended.

    Of the visitor it keeps what kind of browser it was, in two words: neither the address they came from nor all
    that a browser says about itself.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    session = models.OneToOneField(  # an older release, which does not know of this table, may delete it, too
        "sessions.Session", on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    browser = models.CharField(max_length=20, blank=True)
    system = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.browser} on {self.system} since {self.at:%d %b %H:%M}"


@receiver(user_logged_in)
def note_login(sender, request, user, **_) -> None:
    """Record a session: signal receiver for every view that logs somebody in."""
    if request.session.session_key is None:
        request.session.create()
    browser, system = named(request.META.get("HTTP_USER_AGENT", ""))
    facts = {"account": user, "browser": browser, "system": system, "at": Now()}
    Login.objects.update_or_create(session_id=request.session.session_key, defaults=facts)
