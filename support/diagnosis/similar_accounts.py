"""Similar accounts: near misses of an address, looked for among a bounded number of candidates."""

from datetime import timedelta

from django.db.models.functions import Lower, Now

from accounts.models import Account, Event
from support.diagnosis.edit_distance import near_addresses

LOOK_AT = 500
SINCE = timedelta(days=30)
SAME_START = 3


def near_misses(email: str) -> list[Account]:
    """Accounts whose address is one slip away: the same name at another domain, or the same first letters."""
    everybody = Account.objects.alias(lower=Lower("email")).exclude(email=email)
    name = email.partition("@")[0]
    same_name = everybody.filter(lower__startswith=name + "@")[:LOOK_AT]
    same_start = everybody.filter(lower__startswith=email[:SAME_START])[:LOOK_AT]
    known = {account.email: account for account in (*same_name, *same_start)}
    return [known[address] for address in near_addresses(email, known)]


def typed_near(account: Account) -> list[Event]:
    """Typed addresses that have no account, one slip from this one: of the last 30 days, as events."""
    start = account.email[:SAME_START]
    typed = Event.objects.filter(address__startswith=start, at__gt=Now() - SINCE).exclude(address="")
    rows = {event.address: event for event in typed.order_by("address", "at")[:LOOK_AT]}
    return [rows[address] for address in near_addresses(account.email, rows)]
