"""Drafted replies (saved replies with the facts filled in): one a person, in their language, from what they wrote.

First what it cost them, then what they asked, then how it stands and what happens next. A fact that is missing drops
its sentence, never leaves a blank. The blame is in the draft, so that nobody has to act contrition. Pure: it is
gathered in reply_context.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation

from accounts.models import EventKind
from accounts.status import Status
from provisioning.models import OWED, Step
from support.diagnosis.edit_distance import meant_domain
from support.diagnosis.findings import Facts, Finding
from support.diagnosis.languages import UNKNOWN
from support.diagnosis.message_reading import Reading, Topic
from support.tickets.draft_sentences import DOINGS, NEEDS, THINGS
from support.tickets.wording import LANGUAGES, Reader, Wording, language_for
from support.trust.harm import DENIALS
from support.trust.harm_so_far import FAILURES, Harm

AT_ONCE = timedelta(minutes=5)
NOT_OURS = {"bounced", "likely_typo", "suspended"}  # the wait is no fault of ours, an answer that is missing is


@dataclass(frozen=True)
class Case:
    """Facts for one reply. Without `known` it goes to somebody whose address has no account."""

    email: str
    author: str
    now: datetime
    zone: ZoneInfo
    reading: Reading = field(default_factory=Reading)
    known: Facts | None = None
    finding: Finding | None = None
    harm: Harm | None = None
    by_another: bool = False  # somebody else wrote in the account holder's thread, and is answered
    also_to: tuple[str, ...] = ()  # others who wrote in it, and are answered as well
    near: str = ""  # an address much like theirs that has an account
    named_has_account: bool = False
    offer: str = ""

    @property
    def language(self) -> str:
        """Language of the draft: the one they wrote in, or that of their account where it cannot be told."""
        return language_for(self.reading.language or (self.known.account.language if self.known else ""))

    @property
    def named(self) -> str:
        return next(iter(self.reading.addresses), "")

    @property
    def deadline(self) -> datetime | None:
        """Deadline that was read, as long as it is ahead."""
        read = self.reading.deadline
        return read if read and read > self.now else None

    def asks(self, topic: Topic) -> bool:
        return topic in self.reading.topics


class CaseWording(Wording):
    """Wording of one reply's draft, and its case."""

    def __init__(self, case: Case):
        site = settings.SITE_URL
        super().__init__(
            Reader(case.language, case.zone, case.now),
            author=case.author,
            email=case.known.account.email if case.known else case.email,
            named=case.named,
            near=case.near,
            login=f"{site}/login/",
            signup=f"{site}/signup/",
            reset=f"{site}/password/reset/",
            own_address=f"{site}/account/address/",
        )
        self.case = case


def draft(case: Case) -> str:
    """Draft of a reply, as plain text; empty for what a machine wrote, which nobody answers."""
    if case.asks(Topic.AUTOMATIC):
        return ""
    say = CaseWording(case)
    said = [part for part in (_about_language(say), *_body(say)) if part]
    account = case.known.account if case.known and not case.by_another else None
    return say.letter(account.called if account else "", said, say("sign_off"))


def _about_language(say: CaseWording) -> str:
    spoken = say.case.reading.language
    if not spoken or spoken in LANGUAGES:
        return ""
    if spoken == UNKNOWN:
        return say("in_english_only")
    return say("in_english", language=translation.get_language_info(spoken)["name"])


def _body(say: CaseWording) -> Iterator[str]:
    """Paragraphs: what it cost them, what they asked, how it stands."""
    case = say.case
    if case.known is None:
        yield from _to_stranger(say)
    elif case.by_another:
        yield say("for_colleague", name=case.known.account.called) or say("for_somebody")
        yield say("own_account")
    else:
        yield cost(say)
        answers = [answer for answer in _answers(say, case.known) if answer]
        yield from answers
        yield from _standing(say, case.known, asked=bool(answers))
        yield _asks_what_it_cost(say)


def cost(say: CaseWording) -> str:
    """Paragraph of what it cost them, with the apology if one is owed; empty if it cost them nothing."""
    harm, finding = say.case.harm, say.case.finding
    if harm and not harm.apology and finding and finding.code in NOT_OURS:
        harm = replace(harm, minutes=0, tries=0, deadline=None)
    if not (harm and (harm.any or harm.apology)):
        return ""
    return " ".join(filter(None, [*_story(say, harm), say("sorry" if _is_over(harm) else "ours")]))


def _is_over(harm: Harm) -> bool:
    """True if one sorry is due now: until it works, there may be more to be sorry for."""
    return harm.ready_at is not None


def _story(say: CaseWording, harm: Harm) -> Iterator[str]:
    if harm.waited:
        span = timedelta(minutes=harm.minutes)
        yield say("waited", came=harm.came_at, span=span) if harm.ready_at else say("waiting", came=harm.came_at)
    if harm.tries > 1:
        yield say("tried", number=say.times(harm.tries))
    if harm.wrote_again:
        yield say("had_to_write_again", number=say.times(harm.times_written))
    elif harm.chased:
        yield say("chased")
    if harm.untrue:
        yield say("denied" if any(key in DENIALS for key in harm.untrue) else "too_early")
    yield say("promise_broken", promised=harm.promised_for)
    yield say("deadline_missed", deadline=harm.deadline)
    if _is_over(harm) and harm.apology:
        yield say("cause", doing=say.steps(_that_failed(say.case.known), DOINGS))


def _that_failed(known: Facts | None) -> list[Step]:
    """Set-up steps that failed before, by the diary."""
    if known is None:
        return []
    failed = {event.kind.rpartition(".")[0] for event in known.events if event.kind.endswith(FAILURES)}
    return [step for step in known.setup if step.kind in failed]


def _asks_what_it_cost(say: CaseWording) -> str:
    harm = say.case.harm
    if not (harm and harm.apology) or say.case.asks(Topic.DELETE):
        return ""
    return _joined(say("asks_cost_of_it" if harm.deadline else "asks_cost"), say.case.offer)


def _answers(say: CaseWording, known: Facts) -> Iterator[str]:
    """Paragraphs that answer what the message asks, as far as it was read."""
    case, account = say.case, known.account
    if case.asks(Topic.EMPTY):
        yield say("empty")
    if case.asks(Topic.DELETE):
        yield say("delete")
        yield say("delete_by_us")
    if case.asks(Topic.INVOICE):
        yield say("invoice")
    about_login = case.asks(Topic.LOGIN) and account.status == Status.ACTIVE
    if (case.asks(Topic.PASSWORD) or about_login) and not case.asks(Topic.DELETE):
        yield from _password(say, known)
    if case.asks(Topic.ADDRESS):
        yield from _other_address(say, bool(account.mailbox_proven_at), bool(account.phone))
    if case.asks(Topic.COLLEAGUE):
        yield say("about_colleague")
    if account.status != Status.ACTIVE and not case.asks(Topic.DELETE):
        yield say("deadline_seen", deadline=case.deadline)
    if case.asks(Topic.THANKS) and account.status == Status.ACTIVE:
        yield f"{say('glad')} {say('nothing_to_do')}"


def _password(say: CaseWording, known: Facts) -> Iterator[str]:
    if known.account.status == Status.ACTIVE:
        yield _joined(say("there"), _last_login(say, known))
    yield say("password")
    again = known.last(EventKind.SIGNED_UP_WITH_OTHER_PASSWORD)
    late = say("mail_is_late") if known.is_down("mail") else ""
    yield _joined(say("first_password") if again else "", late)


def _other_address(say: CaseWording, proven: bool, has_phone: bool) -> Iterator[str]:
    if proven:
        yield say("address_themselves")
        return
    wanted = say("address_named", named=say.case.named) or say("address_unnamed")
    yield f"{wanted} {say('address_by_phone' if has_phone else 'address_no_phone')}"


def _standing(say: CaseWording, known: Facts, asked: bool) -> Iterator[str]:
    """Paragraphs on how it stands and what happens next. Whoever asked for something else reads only what is open."""
    case, finding = say.case, say.case.finding
    if finding is None or case.asks(Topic.DELETE):
        return
    is_open = known.account.status != Status.ACTIVE or finding.code in ("debt", "bounced")
    if not asked and not case.harm:
        yield say("thanks")
    of_address = case.asks(Topic.ADDRESS) and finding.code in ("bounced", "likely_typo")
    if not of_address and (not asked or is_open or (case.harm and case.harm.apology)):
        yield from STANDING[finding.code](say, known)
    if case.deadline and known.account.status == Status.ACTIVE and finding.code != "debt":
        yield say("in_time", deadline=case.deadline)
    if case.deadline and is_open and "let_in" in (finding.act, *finding.alternatives):
        yield say("deadline_let_in")


def _failed(say: CaseWording, known: Facts) -> str:
    """Sentence on the failure: its time, its steps, and that it is ours; empty if nothing failed."""
    stuck = [step for step in known.stuck() if step.failed_at and not step.permanent]
    if not stuck:
        return ""
    at = min(step.failed_at for step in stuck if step.failed_at)
    harm, doing = say.case.harm, say.steps(stuck, DOINGS)
    at_once = harm is not None and harm.waited and at - harm.came_at < AT_ONCE  # that time was named
    failed = say("failed_then", doing=doing) if at_once else say("failed", failed=at, doing=doing)
    return _joined(say("saved"), failed[:1].upper() + failed[1:])


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _wait(say: CaseWording, known: Facts) -> list[str]:
    down = [known.services[s.dependency] for s in known.setup if known.is_down(s.dependency) and s.state in OWED]
    again = min((row.probe_at for row in down if row.probe_at and row.probe_at > known.now), default=None)
    needs = [step for step in known.setup if known.is_down(step.dependency) and step.state in OWED]
    down_for = say("down", needs=say.steps(needs, NEEDS))
    return [_joined(down_for, say("saved")), _joined(say("next_try", next_try=again), say("by_itself"))]


def _healing(say: CaseWording, known: Facts) -> list[str]:
    owed = [step for step in known.setup if step.state in OWED]
    later = bool(owed) and all(step.due_at > known.now and not step.leased for step in owed)
    again = say("next_try", next_try=min(step.due_at for step in owed)) if later else say("healing")
    return [_failed(say, known), _joined(again, say("by_itself"))]


def _restarted(say: CaseWording, known: Facts) -> list[str]:
    return [_joined(_failed(say, known), say("restart")), say("by_itself")]


def _gave_up(say: CaseWording, known: Facts) -> list[str]:
    return [_failed(say, known), say("look_into_it")]


def _refused(say: CaseWording, known: Facts) -> list[str]:
    return [say("refused")]


def _suspended(say: CaseWording, known: Facts) -> list[str]:
    return [_joined(say("suspended"), say("look_into_it"))]


def _bounced(say: CaseWording, known: Facts) -> list[str]:
    return [_joined(say("bounced"), say("perhaps_meant", meant=_meant(known)))]


def _typo(say: CaseWording, known: Facts) -> list[str]:
    return [_joined(say("perhaps_typo"), say("perhaps_meant", meant=_meant(known)))]


def _meant(known: Facts) -> str:
    domain = meant_domain(known.account.email, known.known_domains)
    return f"{known.account.email.partition('@')[0]}@{domain}" if domain else ""


def _other_password(say: CaseWording, known: Facts) -> list[str]:
    event = known.last(EventKind.SIGNED_UP_WITH_OTHER_PASSWORD)
    if say.case.asks(Topic.PASSWORD):
        return []
    return [say("other_password", again=event.at if event else None), say("log_in")]


def _works(say: CaseWording, known: Facts) -> list[str]:
    if say.case.harm:
        return [say("works_since", ready=say.case.harm.ready_at)]
    return [_joined(_last_login(say, known), say("works"))]


def _last_login(say: CaseWording, known: Facts) -> str:
    event = known.last(EventKind.LOGGED_IN)
    return say("last_login", last_login=event.at if event else None)


def _debt(say: CaseWording, known: Facts) -> list[str]:
    return [say("you_are_in"), say("debt", missing=say.steps(known.debts(), THINGS))]


def _ask(say: CaseWording, known: Facts) -> list[str]:
    return [say("look_into_it")]


STANDING: dict[str, Callable[[CaseWording, Facts], list[str]]] = {
    "dep_down": _wait,
    "healing": _healing,
    "dep_back": _restarted,
    "exists_but_no_record": _restarted,
    "gave_up": _gave_up,
    "refused": _refused,
    "suspended": _suspended,
    "bounced": _bounced,
    "likely_typo": _typo,
    "other_password": _other_password,
    "abandoned": lambda say, known: [say("works_since", ready=known.account.status_at), say("gone")],
    "fine": _works,
    "debt": _debt,
    "unknown": _ask,
}


def _to_stranger(say: CaseWording) -> Iterator[str]:
    """Paragraphs to somebody whose address has no account; a near miss is named."""
    case = say.case
    if case.asks(Topic.INVOICE):
        yield say("invoice")
    elif case.asks(Topic.THANKS):
        yield _joined(say("glad"), say("nothing_to_do"))
    elif case.asks(Topic.COLLEAGUE):
        yield say("for_somebody")
        yield say("own_account")
    elif case.asks(Topic.EMPTY):
        yield say("empty")
        yield say("near_miss" if case.near else "no_account")
    elif case.asks(Topic.DELETE) and not case.near and not case.named:
        yield say("nothing_to_delete")
    else:
        yield _joined(say("thanks"), say(_account_of_stranger(case)))


def _account_of_stranger(case: Case) -> str:
    if case.near:
        return "near_miss"
    if case.named:
        return "named_other" if case.named_has_account else "named_none"
    return "no_account"
