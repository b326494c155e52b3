"""Settlement of an apology by a reply: whoever is answered by the agent gets no second word for the same harm.

The draft of a reply holds the personal apology that is owed (trust/harm_so_far.py), so sending it pays that.
"""

from datetime import datetime

from django.db.models import F

from accounts.models import Account, Event, EventKind, Voice
from accounts.status import Status
from support.models import TrustRepair
from support.trust.apologies import follow_up_on, open_repair, story_of
from support.trust.harm import friction
from support.trust.harm_so_far import deserves_a_word

Level, State = TrustRepair.Level, TrustRepair.State


def settle(account: Account, actor: Account, words: str, now: datetime) -> bool:
    """Mark the personal apology owed to an account as sent with this reply. False: none is owed.

    One that would be found to be owed within seconds is settled as well, before anybody drafts it.
    """
    if not TrustRepair.objects.filter(account=account).exists() and _will_be_assessed(account):
        open_repair(account, now)
    owed = TrustRepair.objects.filter(account=account, state=State.OWED, level=Level.PERSONAL)
    settled = owed.update(state=State.SENT, sent_at=now, follow_up_on=follow_up_on(now), words=words, actor=actor)
    if settled:
        Event.objects.create(
            account=account, voice=Voice.SUPPORT, kind=EventKind.WORD_SENT, detail="in a reply", actor=actor
        )
    return bool(settled)


def unsettle(account: Account, words: str) -> bool:
    """Owe an apology again, as the reply with these words that settled it was taken back. False: it settled none."""
    settled = TrustRepair.objects.filter(account=account, state=State.SENT, level=Level.PERSONAL, words=words)
    return bool(settled.update(state=State.OWED, sent_at=None, follow_up_on=None, words=F("draft"), actor=None))


def _will_be_assessed(account: Account) -> bool:
    """True if a word is owed to an account that works by now, and nobody has looked at it yet."""
    if account.status != Status.ACTIVE or account.is_staff or not account.is_active:
        return False
    story = story_of(account)
    return deserves_a_word(story, friction(story))
