"""Sign-up: one row is committed and never taken back. Knows no mail server, no broker, no workspace."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language

from accounts.claims import hand_over, hash_token
from accounts.database.errors import DATABASE_ERRORS, is_in_doubt
from accounts.models import Account, Event, EventKind, SignupClaim, Voice
from accounts.passwords.check import check, hash_new

SHOWN = "receipt.heading"


class OutcomeUnknown(Exception):
    """The database went away during COMMIT: the sign-up may be saved or not. Sending it again is safe."""


class _Vanished(Exception):
    """The account we read was deleted before we could write: start over."""


@dataclass(frozen=True)
class Typed:
    """Validated data of the sign-up form."""

    name: str
    email: str
    phone: str
    company: str
    password: str
    zone: str = ""
    canary: bool = False


@dataclass(frozen=True)
class Receipt:
    """Result of a sign-up.

    `typed_right`: the address was free, or the password is its account's own.
    """

    claim: SignupClaim
    typed_right: bool


def sign_up(typed: Typed, token: str, held: str = "", may_prove: bool = True) -> Receipt:
    """Save the sign-up and return its receipt. Raises OutcomeUnknown.

    held: the hash of the token that this browser had until now. If not `may_prove`, the password of a taken address
    counts as wrong.

    The same statements run and the same hashing is spent whether the address is free or taken, so that
    neither the answer nor its time tells a stranger which. (Two first sign-ups racing for one address spend a
    second one: the loser has to check its password against the winner's.)
    """
    known = Account.objects.filter(email=typed.email).first()
    right = _is_right(typed, known, may_prove) if known else True
    encoded = known.password if known else hash_new(typed.password)
    reached_commit = False
    try:
        with transaction.atomic():
            if held:
                hand_over(held, typed.email, token)
            account, right = _save(typed, encoded, known, right, may_prove)
            receipt = Receipt(_claim(typed, token, held, account, right), right)
            reached_commit = True
        return receipt
    except _Vanished:
        return sign_up(typed, token, held, may_prove)
    except DATABASE_ERRORS as error:
        if reached_commit and is_in_doubt(error):
            raise OutcomeUnknown from error
        raise


def _is_right(typed: Typed, account: Account, may_prove: bool) -> bool:
    return check(typed.password, account.password).right and may_prove


def _save(typed: Typed, encoded: str, known: Account | None, right: bool, may_prove: bool) -> tuple[Account, bool]:
    """Insert the account or find the one of this address; also returns True if the password is its own."""
    mine = Account(
        email=typed.email,
        name=typed.name,
        phone=typed.phone,
        company=typed.company,
        password=encoded,
        language=get_language() or settings.LANGUAGE_CODE,
        browser_zone=typed.zone,
        canary=typed.canary,
    )
    Account.objects.bulk_create([mine], ignore_conflicts=True)
    account = Account.objects.get(email=typed.email)
    fresh = account.pk == mine.pk
    if known and fresh:
        raise _Vanished
    if not known and not fresh:
        right = _is_right(typed, account, may_prove)
    ask_for_repair(account, right, name=typed.name, phone=typed.phone, company=typed.company)
    again = EventKind.SIGNED_UP_AGAIN if right else EventKind.SIGNED_UP_WITH_OTHER_PASSWORD
    how = EventKind.SIGNED_UP if fresh else again
    Event.objects.create(account=account, voice=Voice.THEY, kind=how, shown=SHOWN)
    return account, right


def ask_for_repair(account: Account, effective: bool = True, **details: str) -> None:
    """Queue the account for set-up, since its owner came back. Set-up fetches it: this row is the message.

    `details`: what they typed anew, for the page says that it is saved. The row is written even when not `effective`,
    so that a wrong password costs what the right one does.
    """
    kept = {name: details[name] if effective else F(name) for name in details}
    Account.objects.filter(pk=account.pk).update(asked_at=Now() if effective else F("asked_at"), **kept)


def _claim(typed: Typed, token: str, held: str, account: Account, right: bool) -> SignupClaim:
    """Upsert the claim of this browser. Once proven by the right password, it stays proven whatever is typed later.

    One that held nothing has nothing to be looked for.
    """
    details = {"name": typed.name, "phone": typed.phone, "company": typed.company}
    mine = {"token_hash": hash_token(token), "email": typed.email}
    new = details | {"account": account, "proven": right, "letter_owed": not right}
    if not held:
        return SignupClaim.objects.create(**mine, **new)
    claim, made = SignupClaim.objects.get_or_create(**mine, defaults=new)
    if not made:
        claim.name, claim.phone, claim.company, claim.seen_at = typed.name, typed.phone, typed.company, Now()
        claim.proven, claim.letter_owed = claim.proven or right, claim.letter_owed or not right
        claim.save(update_fields=[*details, "seen_at", "proven", "letter_owed"])
    return claim
