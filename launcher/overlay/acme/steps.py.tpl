"""Acme's own set-up steps: tried again until they are done, each with its own circuit breaker.

A step takes the account and a key. It may be called again after a crash with the same key, so it must come to the same.
"""

from provisioning.exceptions import StepFailed


def reserve_name(account, key: str) -> str:
    """Reserve the name of a company, and return the reference under which it is known from now on.

    Whatever else it raises is tried again, too; `outage=True` says that it would have hit everybody.
    """
    name = "".join(sign for sign in account.company.lower() if sign.isalnum())
    if account.company and not name:
        raise StepFailed("no name can be made of that company", permanent=True)
    return f"name-{name or key[:8]}"


reserve_name.label = "company's name"  # type: ignore[attr-defined]
reserve_name.dependency = "names"  # type: ignore[attr-defined]
