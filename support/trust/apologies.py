"""Apologies owed to people whom we failed, once their account is active: assessed, drafted and sent."""

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.middleware.preferences import zone_of
from accounts.models import Account, Event, EventKind, Voice, write_diary
from accounts.status import Status
from provisioning.engine import faults
from provisioning.intake.outbox import owe_letter
from provisioning.kinds import MAIL
from provisioning.models import Attempt, Outage, Outcome, Step
from provisioning.models import State as StepState
from support.business_hours import add_working_days
from support.models import Desk, TrustRepair, the_desk
from support.service_level.promises import broken_for
from support.tickets.outbox import UNDO_FOR
from support.tickets.wording import Reader, language_for
from support.trust.apology_draft import Person, draft
from support.trust.harm import DENIALS, NOTICEABLE, Friction, Seen, Story, friction, level

Level, State = TrustRepair.Level, TrustRepair.State
FAILING = (Outcome.FAILED, Outcome.REFUSED, Outcome.OUTAGE)
LOOK_BACK = timedelta(days=30)
FOLLOW_UP_DAYS = 3  # working days
BATCH = 200
WORD = "letter.word"


def assess(now: datetime) -> None:
    """Periodic job: open a trust repair for everybody who is set up after something of ours had failed them."""
    failing = Attempt.objects.filter(step__account=OuterRef("pk"), step__occasion="", outcome__in=FAILING)
    waited = Q(status_at__gt=F("created_at") + timedelta(minutes=NOTICEABLE)) & ~Exists(came_back_to_us("pk"))
    denied = Event.objects.filter(account=OuterRef("pk"), shown__in=DENIALS)
    healed = Account.objects.filter(
        Exists(failing) | Exists(denied) | waited,
        ~Exists(TrustRepair.objects.filter(account=OuterRef("pk"))),
        status=Status.ACTIVE,
        status_at__gt=now - LOOK_BACK,
        is_staff=False,
        canary=False,
        is_active=True,
    )
    faults.batch(
        healed.order_by("status_at"), partial(open_repair, now=now), "finding what this person is owed", BATCH
    )


def open_repair(account: Account, now: datetime) -> TrustRepair | None:
    """Open a trust repair, with its level and, where it is personal, its draft.

    None: somebody else opened it, and one apology is all there is.
    """
    story = story_of(account)
    found, outage = friction(story), first_outage(account, story.ready_at)
    how, reasons = level(found, story.failed)
    repair = TrustRepair(
        account=account,
        outage=outage,
        incident=f"outage {outage.pk}" if outage else "alone",
        level=how,
        state=State.NOT_NEEDED if how == Level.NONE else State.OWED,
        harms=asdict(found),
        reasons=reasons,
        ready_at=story.ready_at,
        opened_at=now,
        closed_at=now if how == Level.NONE else None,
    )
    if how == Level.PERSONAL:
        repair.draft = repair.words = draft_now(repair, the_desk(), now)
    try:
        with transaction.atomic():
            repair.save()
            return repair
    except IntegrityError:
        return None


def draft_now(repair: TrustRepair, desk: Desk, now: datetime) -> str:
    """Draft of a personal apology in words that are true now: “today” may be yesterday by the time it is sent."""
    account = repair.account
    person = Person(account.called, account.created_at, repair.ready_at, settings.SITE_URL + "/login/")
    reader = Reader(language_for(account.language), zone_of(account), now)
    return draft(person, harms_of(repair), desk.sign_off or desk.name, desk.offer, reader)


def harms_of(repair: TrustRepair) -> Friction:
    """Harm as it was found when the repair was opened; what an earlier release did not note is none."""
    none = Friction(0, (), (), False, False, False, 0, False)
    known = {field.name for field in fields(Friction)}
    harms = repair.harms if isinstance(repair.harms, dict) else {}
    return replace(none, **{name: harm for name, harm in harms.items() if name in known})


def words_now(repair: TrustRepair, desk: Desk, now: datetime) -> str:
    """Words of an apology that is owed: the agent's own where they were changed, else the draft of this moment."""
    return repair.words if repair.words != repair.draft else draft_now(repair, desk, now)


def story_of(account: Account) -> Story:
    """History of an account until it was ready, as far as it decides on harm."""
    theirs = Event.objects.filter(account=account, voice=Voice.THEY).order_by("at", "pk")
    return Story(
        created_at=account.created_at,
        ready_at=account.status_at,
        events=tuple(Seen(event.at, event.kind, event.shown) for event in theirs[:500]),
        failed=failed_by_us(account),
        needed_by=account.needed_by,
        promises_broken=broken_for(account),
        earlier=TrustRepair.objects.filter(account=account).exclude(level=Level.NONE).count(),
    )


def level_owed(account: Account) -> str:
    """Level of the apology owed to an account for its wait, whether it was assessed yet or not."""
    assessed = TrustRepair.objects.filter(account=account, ready_at=account.status_at).first()
    return assessed.level if assessed else level(friction(story_of(account)), failed_by_us(account))[0]


def failed_by_us(account: Account) -> bool:
    """True if something of ours failed them: a step of theirs, or the whole of it, behind which they waited.

    The wait of somebody whose own address took no mail says nothing about us.
    """
    tries = Attempt.objects.filter(step__account=account, step__occasion="", outcome__in=FAILING)
    theirs = Account.objects.filter(pk=account.pk).filter(Exists(came_back_to_us("pk")))
    return tries.exists() or not theirs.exists()


def came_back_to_us(account: str) -> QuerySet[Event]:
    """Diary lines that say that an address of the account's took no mail; `account` names its key outside."""
    bounced = (EventKind.MAIL_BOUNCED, EventKind.WELCOME_EMAIL_BOUNCED, EventKind.CORRECTED_ADDRESS)
    return Event.objects.filter(account=OuterRef(account), kind__in=bounced)


def first_outage(account: Account, until: datetime) -> Outage | None:
    """The first outage behind which their set-up waited. Others that overlap are no second reason to apologise."""
    needs = Step.objects.of_setup().filter(account=account).values("dependency")
    touching = Outage.objects.filter(Q(ended_at=None) | Q(ended_at__gte=account.created_at), began_at__lte=until)
    return touching.filter(dependency__in=needs).order_by("began_at").first()


def words_owed():
    """Personal apologies that the agent owes, oldest first."""
    return TrustRepair.objects.filter(state=State.OWED, level=Level.PERSONAL).select_related("account").order_by(
        "opened_at", "pk"
    )  # fmt: skip


def send_word(repair: TrustRepair, actor: Account, words: str, restitution: str, now: datetime) -> bool:
    """Send a personal apology in UNDO_FOR, because the agent pressed the button.

    False: it had been sent already, so nothing goes out.
    """
    with transaction.atomic():
        sent = _mark_sent(repair, now, words=words, restitution=restitution, actor=actor)
        if sent:
            repair.words = words
            owe_words([repair])
            write_diary([line_of(repair, EventKind.WORD_SENT, actor, restitution)])
    return sent


def line_of(repair: TrustRepair, kind: str, actor: Account, detail: str = "") -> Event:
    """Line of the diary about a personal apology."""
    return Event(account_id=repair.account_id, voice=Voice.SUPPORT, kind=kind, detail=detail, actor=actor)


def owe_words(repairs: Iterable[TrustRepair]) -> None:
    """Owe the emails of personal apologies; each waits for UNDO_FOR, in which it can be taken back."""
    emails = [
        Step(
            account_id=repair.account_id,
            kind=WORD,
            occasion=occasion_of(repair),
            dependency=MAIL,
            facts={"words": repair.words, "auto_submitted": "no"},
            due_at=Now() + UNDO_FOR,
        )
        for repair in repairs
    ]
    Step.objects.bulk_create(emails, ignore_conflicts=True)


def occasion_of(repair: TrustRepair) -> str:
    """Occasion of a personal apology's email."""
    return f"repair {repair.pk}"


def take_back(sent: QuerySet[TrustRepair], actor: Account) -> int:
    """Take back those of these apologies that no worker has begun to send: they are owed again. Returns how many."""
    with transaction.atomic():
        locked = sent.filter(state=State.SENT, actor=actor).select_for_update(of=["self"])
        emails = {occasion_of(repair): repair for repair in locked}
        waiting = Step.objects.filter(kind=WORD, occasion__in=emails, state=StepState.OPEN, epoch=0, due_at__gt=Now())
        held = [emails[step.occasion] for step in waiting.select_for_update(skip_locked=True)]
        Step.objects.filter(kind=WORD, occasion__in=[occasion_of(repair) for repair in held]).delete()
        again = TrustRepair.objects.filter(pk__in=[repair.pk for repair in held])
        again.update(state=State.OWED, sent_at=None, actor=None, follow_up_on=None)
        write_diary(line_of(repair, EventKind.WORD_TAKEN_BACK, actor) for repair in held)
    return len(held)


def send_lines(now: datetime) -> None:
    """Periodic job: send the automatic apologies, which need nobody."""
    owed = TrustRepair.objects.filter(state=State.OWED, level=Level.AUTOMATIC).select_related("account")
    faults.batch(owed.order_by("opened_at"), partial(_send_line, now), "sending this person a line", BATCH)


def _send_line(now: datetime, repair: TrustRepair) -> None:
    if _mark_sent(repair, now):
        owe_letter(repair.account_id, "letter.amends", f"repair {repair.pk}")


def follow_up_on(now: datetime) -> datetime | None:
    """When to ask how it went on, of a word that is sent now; None where the desk has no working days."""
    return add_working_days(now, FOLLOW_UP_DAYS, the_desk().schedule())


def _mark_sent(repair: TrustRepair, now: datetime, **facts) -> bool:
    owed = TrustRepair.objects.filter(pk=repair.pk, state=State.OWED)
    return owed.update(state=State.SENT, sent_at=now, follow_up_on=follow_up_on(now), **facts) == 1
