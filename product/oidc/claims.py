"""Claims: what the product is told about a person, in the ID token and by userinfo."""

from accounts.models import Account
from provisioning.models import Step, Workspace
from provisioning.unknown_kinds import counted

SCOPES = {
    "email": "email",
    "email_verified": "email",
    "name": "profile",
    "company": "profile",
    "workspace": "profile",
    "owed": "profile",
}
SUPPORTED = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", *SCOPES]


def of(account: Account, scopes) -> dict:
    """Return the claims of an account that these scopes allow."""
    found = {"sub": str(account.pk), "email": account.email, "email_verified": bool(account.mailbox_proven_at)}
    if "profile" in scopes:
        found |= {"name": account.name, "company": account.company} | _set_up(account)
    return {name: value for name, value in found.items() if name == "sub" or SCOPES[name] in scopes}


def _set_up(account: Account) -> dict:
    """The reference of the workspace, and the names of what we still owe: somebody may be in with a debt."""
    workspace = Workspace.objects.filter(account=account).values_list("reference", flat=True).first()
    owed = Step.objects.of_setup().unpaid().filter(counted(), account=account).order_by("pk")
    return {"workspace": workspace, "owed": list(owed.values_list("kind", flat=True))}
