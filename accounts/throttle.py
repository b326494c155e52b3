"""Rate limits for login, sign-up, letters and contact: by address and network, by network, by address, and overall.

Counted in the database, in fixed windows, with one statement a try, the same for known and unknown addresses.
Nobody can lock an owner out. What strangers do from other networks is held against those networks alone: where the
owner proved that the address is theirs, by a password or by a link, the limits that cross networks do not count;
and a browser in which that was done is counted by itself, whatever its network does. And nobody can shut a door for
all: beyond what is borne overall, whoever has tried little may still try.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.crypto import salted_hmac

from accounts import claims, device_cookie
from accounts.canary import is_canary
from accounts.database.clock import database_now, due
from accounts.models import Event, Tries, Voice
from accounts.networks import network_of

QUARTER, HOUR, SEASON = 15 * 60, 3600, 90 * 86400  # seconds
FEW = 5  # tries that a network has at a door of which too much is made overall
BUCKETS = 2**20  # of each limit: the table is bounded however many addresses a stranger makes up
COUNT = """
    INSERT INTO accounts_tries AS tries (key, count, ends_at) VALUES {rows}
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN {over} THEN 1 ELSE tries.count + 1 END,
        ends_at = CASE WHEN {over} THEN excluded.ends_at ELSE tries.ends_at END
    RETURNING key, count, ends_at
"""
# A window that ends later than one that begins now was not written by this clock: it holds nobody back.
OVER = "(tries.ends_at <= statement_timestamp() OR tries.ends_at > excluded.ends_at + interval '5 seconds')"
LONGEST = timedelta(seconds=SEASON)


class TooMany(Exception):
    """Rate limit exceeded. `until`: when the next try counts as a fresh one."""

    def __init__(self, until: datetime):
        super().__init__(f"held back until {until:%H:%M:%S}")
        self.until = until


@dataclass(frozen=True)
class Limit:
    """One rate limit: at most `most` tries in `seconds`, counted by `scope`.

    Doors that name the same `what` share a count.
    """

    what: str
    scope: str
    most: int
    seconds: int = QUARTER

    @property
    def crosses_networks(self) -> bool:
        return self.scope in ("address", "all")


def guesses(of_one_address_here: int) -> tuple[Limit, ...]:
    """Return the limits of a door where a password is typed, which is a guess at every door.

    Signing up bears more: a double click is no second guess.
    """
    return (
        Limit("guess", "address and network", of_one_address_here),
        Limit("guess", "network", 100),
        Limit("guess", "address", 100, HOUR),
        Limit("guess", "all", 10_000),
    )


def asks(what: str) -> tuple[Limit, ...]:
    """Return the limits of a door where something is asked for without a password."""
    return Limit(what, "address and network", 10), Limit(what, "network", 100), Limit(what, "all", 5_000)


def refused(what: str) -> tuple[Limit, ...]:
    """Return the limits of a machine that does not show who it is."""
    return Limit(what, "network", 100), Limit(what, "all", 10_000)


DOORS = {
    "login": guesses(10),
    "signup": (*guesses(30), Limit("signup", "network", 500), Limit("signup", "all", 5_000)),
    "letter": asks("letter"),
    "contact": asks("contact"),
    "api": (Limit("api", "network", 10_000),),
    "api without a token": refused("api refused"),
    "token": (Limit("token", "network", 10_000),),
    "token refused": refused("token refused"),
}


def spend(request, door: str, email: str) -> bool:
    """Count one try at this door. Raises TooMany; whether the address is known plays no part in it.

    False, at sign-up: this may be somebody's first visit, so it is taken in; but so many guess at this address that
    its password must not be tried.
    """
    if not settings.THROTTLES or is_canary(request):
        return True
    limits = _limits(request, door, email)
    counted = [(limits[key], count, until) for key, count, until in _count(limits)]
    few = [limit.what for limit, count, _until in counted if limit.scope == "network" and count <= FEW]
    exceeded = [
        (limit, count, until)
        for limit, count, until in counted
        if count > limit.most and not (limit.scope == "all" and limit.what in few)
    ]
    crossing = all(limit.crosses_networks for limit, *_ in exceeded)
    if not exceeded or (crossing and is_theirs(request, email)):
        return True
    if crossing and door == "signup" and all(limit.what == "guess" for limit, *_ in exceeded):
        return False
    _note(email, door, exceeded)
    raise TooMany(max(until for _limit, _number, until in exceeded))


def refund(request, door: str, email: str, effective: bool = True) -> None:
    """Take back the count of a right password, which was no guess.

    Written even if not `effective`, so that both cost the same. Whoever logs in has proven more than who signs up:
    the count starts anew.
    """
    if is_canary(request):
        return
    if settings.THROTTLES:
        limits = _limits(request, door, email)
        keys = sorted(key for key, limit in limits.items() if limit.what == "guess")
        Tries.objects.filter(key__in=keys).update(count=Greatest(F("count") - int(effective), 0))
        if door == "login":
            Tries.objects.filter(key=next(iter(limits))).update(count=0)
    if door == "login":
        make_known(request, email)
    else:
        seem_to_know(request, email, effective)


def make_known(request, email: str) -> None:
    """Trust this network and browser for the address, after proof by its password or by a link from its mailbox."""
    _know_network(email, network_of(request))
    device_cookie.remember(request, email)


def seem_to_know(request, email: str, effective: bool) -> None:
    """Do what looks and costs the same as `make_known`, whether it was proven or not."""
    _know_network(email if effective else "", network_of(request))
    device_cookie.seem_to_remember(request, email, effective)


def is_theirs(request, email: str) -> bool:
    """Return True if the address was proven from this network, or in this browser when it signed up."""
    return is_known(email, network_of(request)) or claims.is_proven_for(request, email)


def is_known(email: str, network: str) -> bool:
    """Return True if the address was proven from this network."""
    return Tries.objects.filter(~due("ends_at", LONGEST), key=_known(email, network)).exists()


def _know_network(email: str, network: str) -> None:
    if settings.THROTTLES:
        _count({_known(email, network): Limit("known", "address and network", 1, SEASON)})


def _limits(request, door: str, email: str) -> dict[str, Limit]:
    """Limits of this try, by key.

    A browser that is known for the address is counted by itself; whoever shares its network is not it.
    """
    if number := device_cookie.number_of(request, email):
        first = DOORS[door][0]
        own = Limit(first.what, "browser", first.most, first.seconds)
        return {_key(own, email, number): own}
    network = network_of(request)
    return {_key(limit, email, network): limit for limit in DOORS[door]}


def forget_old() -> None:
    """Periodic job: delete the counters of windows that are over."""
    Tries.objects.filter(due("ends_at", LONGEST)).delete()


def _key(limit: Limit, email: str, network: str) -> str:
    parts = {"address": email, "network": network, "all": ""}
    whose = parts.get(limit.scope, f"{email} {network}")
    number = int.from_bytes(salted_hmac("accounts.throttle", whose, algorithm="sha256").digest()[:8])
    return f"{limit.what} {limit.scope} {number % BUCKETS}"


def _known(email: str, network: str) -> str:
    """Key of a network that is known for an address.

    Not in buckets: of many that are known, some would make strangers known.
    """
    return (
        f"known {salted_hmac('accounts.throttle.known', f'{email} {network}', algorithm='sha256').hexdigest()[:40]}"
    )


def _count(limits: dict[str, Limit]) -> Iterable[tuple[str, int, datetime]]:
    """Count one try for each key, with one statement; returns key, count and end of window.

    Keys in order, so that two tries never wait for each other crosswise.
    """
    rows = ", ".join(["(%s, 1, statement_timestamp() + make_interval(secs => %s))"] * len(limits))
    values = [value for key in sorted(limits) for value in (key, limits[key].seconds)]
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(rows=rows, over=OVER), values)
        return cursor.fetchall()


def _note(email: str, door: str, exceeded: Iterable[tuple[Limit, int, datetime]]) -> None:
    """Audit an exceeded limit: one line in the diary for each window, not one for each try."""
    if any(count == limit.most + 1 for limit, count, _until in exceeded):
        Event.objects.create(address=email, voice=Voice.THEY, kind=f"held_back.{door}", shown="throttle.wait")


def seconds_until(moment: datetime) -> int:
    """Return the seconds until a moment by the database's clock, at least 1."""
    return max(1, round((moment - database_now()).total_seconds()))
