"""Requests for a letter (reset, resend) made without a password.

What was typed is written down for set-up to fetch, and nothing is looked up.
"""

from accounts.models import AccessRequest


def ask_for_letter(kind: AccessRequest.Kind, email: str) -> AccessRequest:
    """Queue a request for a letter, with one INSERT for any address.

    So neither the answer nor its time tells whether the address has an account.
    """
    return AccessRequest.objects.create(kind=kind, email=email)
