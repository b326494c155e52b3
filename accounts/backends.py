"""Checking a password where Django asks for it (the desk's own login), under the limits of the front door."""

from django.contrib.auth.backends import ModelBackend

from accounts.models import normal_email
from accounts.passwords import compare_from_now_on
from accounts.throttle import forgive, spend


class ThrottledBackend(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        if request is None or username is None:
            return super().authenticate(request, username, password, **kwargs)
        email = normal_email(username)[:254]
        spend(request, "login", email)
        account = super().authenticate(request, username, password, **kwargs)
        if account:
            compare_from_now_on(account, password)
            forgive(request, "login", email)
        return account
