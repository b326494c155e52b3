"""View decorators for pages of the platform that need a verified e-mail address."""

from functools import wraps

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from accounts.sentences import say


def mailbox_proven_required(view):
    """View decorator: login and a verified e-mail address, else a 403 page that says what is missing.

    Logged in is not enough: the link in a letter has been confirmed, too.
    """

    @wraps(view)
    def proven_only(request, *args, **kwargs):
        if request.user.mailbox_proven_at:
            return view(request, *args, **kwargs)
        sentence = say("mailbox.needed", email=request.user.email)
        return render(request, "accounts/mailbox_needed.html", {"sentence": sentence}, status=403)

    return login_required(proven_only)
