"""Remedies for when a service refuses us: sentences for the desk and the owner. Pure."""

from django.utils.translation import gettext_lazy as _

ANYTHING_ELSE = _("The service answers but refuses us. Ask whoever runs it what's wrong with our access.")
MEND = {
    ("mail", "sender refused"): _(
        "The mail service refuses our sender address. Correct DEFAULT_FROM_EMAIL, or get its domain allowed there "
        "(SPF, DKIM, a confirmed sender)."
    ),
    ("mail", "login refused"): _(
        "The mail service refuses our log-in. Correct the user and password in EMAIL_URL."
    ),
    ("mail", "refuses us"): _(
        "The mail service refuses email to different people alike, so it's refusing us and not their addresses. "
        "Check our sender's standing there (SPF, DKIM, block lists, the plan's limit) and DEFAULT_FROM_EMAIL."
    ),
    ("workspace", "token refused"): _(
        "The workspace service refuses our token. Correct it in WORKSPACE_URL, or get it allowed there."
    ),
    ("workspace", "refuses us"): _(
        "The workspace service refuses different people alike, so it's refusing us. Check the path in WORKSPACE_URL, "
        "and what it says above."
    ),
}  # fmt: skip
REFUSALS = ("refuses us", "sender refused", "login refused", "token refused")


def what_to_mend(service: str, failure: str) -> str:
    """Remedy in one or two sentences; empty where it is not we who are refused."""
    if failure not in REFUSALS:
        return ""
    return str(MEND.get((service, failure), ANYTHING_ELSE))
