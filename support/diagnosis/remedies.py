"""Remedies for when a service refuses us: sentences for the desk and the owner. Pure."""

from django.utils.translation import gettext_lazy as _

ANYTHING_ELSE = _("The service answers, and refuses us. Ask whoever runs it what is wrong with our access.")
MEND = {
    ("mail", "sender refused"): _(
        "The mail service refuses our sender address. Mend DEFAULT_FROM_EMAIL, or have its domain allowed there "
        "(SPF, DKIM, a confirmed sender)."
    ),
    ("mail", "login refused"): _(
        "The mail service refuses our log-in. Mend the user and the password in EMAIL_URL."
    ),
    ("mail", "refuses us"): _(
        "The mail service refuses letters to different people alike, so it is we who are refused and not their "
        "addresses. Look at our sender's standing there (SPF, DKIM, a block list, the plan's limit) and at "
        "DEFAULT_FROM_EMAIL."
    ),
    ("workspace", "token refused"): _(
        "The workspace service refuses our token. Mend it in WORKSPACE_URL, or have it allowed there."
    ),
    ("workspace", "refuses us"): _(
        "The workspace service refuses different people alike, so it is we who are refused. Look at the path in "
        "WORKSPACE_URL and at what it says above."
    ),
}  # fmt: skip
REFUSALS = ("refuses us", "sender refused", "login refused", "token refused")


def what_to_mend(service: str, failure: str) -> str:
    """Remedy in one or two sentences; empty where it is not we who are refused."""
    if failure not in REFUSALS:
        return ""
    return str(MEND.get((service, failure), ANYTHING_ELSE))
