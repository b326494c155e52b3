"""Drafted replies, a template for each finding (saved replies with the facts filled in).

A fact that is missing drops its sentence, never leaves a blank. The agent sends it, so it says "I". The blame is in
the draft, so that nobody has to act contrition.
"""

from django.conf import settings

from accounts.models import EventKind
from provisioning.models import OWED, State
from support.diagnosis.findings import Facts, Finding, plain
from support.labels import clock_words
from support.trust.apology_draft import hello


def draft(finding: Finding, facts: Facts, author: str) -> str:
    """Draft of a reply to the person a finding is about, signed with `author`."""
    said = BODIES[finding.code](facts) if finding.code in BODIES else []
    lines = [_failed(facts), *said, _debts_told(finding, facts)]
    body = "\n\n".join(line for line in lines if line)
    return f"{hello(facts.account.called)}\n\n{body}\n\n{_name(author)}"


def to_stranger(email: str, author: str) -> str:
    """Draft of a reply to somebody whose address has no account."""
    return (
        f"Hello,\n\nthank you for writing. There is no account with {email} here. If you signed up with another "
        f"address, tell me which one, or sign up here and I will watch it: {settings.SITE_URL}/signup/\n\n"
        f"{_name(author)}"
    )


def _name(author: str) -> str:
    return f"{author}, support"


def _failed(facts: Facts) -> str:
    """Sentence on the failure: its steps, its time, and that it is ours; empty if nothing failed."""
    times = [step.failed_at for step in facts.stuck() if step.failed_at and not step.permanent]
    if not times:
        return ""
    what = " and ".join(sorted({plain(step.kind) for step in facts.stuck()}))
    return f"your sign-up is saved. A step after it ({what}) failed on our side at {clock_words(min(times))}."


def _login() -> str:
    return f"{settings.SITE_URL}/login/"


def _wait(facts: Facts) -> list[str]:
    down = [facts.services[s.dependency] for s in facts.setup if facts.is_down(s.dependency) and s.state in OWED]
    when = min((row.probe_at for row in down if row.probe_at), default=None)
    again = f" The next try is at {clock_words(when)}." if when else ""
    return [f"A service we need is down for everybody. We repeat it by ourselves.{again} You need not do anything."]


def _healing(facts: Facts) -> list[str]:
    return ["It is being repaired right now, by itself. You need not do anything."]


def _recovered(facts: Facts) -> list[str]:
    return [f"I am at it myself now, and I write to you when it is through. Your password works: {_login()}"]


def _bounced(facts: Facts) -> list[str]:
    return [
        f"our letters to {facts.account.email} come back: that address takes no mail. Is there a slip in it? "
        "Tell me the right one, and when I may ring you to make sure that it is you."
    ]


def _typo(facts: Facts) -> list[str]:
    return [f"I want to make sure that {facts.account.email} is written as you meant it. Would you look once more?"]


def _other_password(facts: Facts) -> list[str]:
    event = facts.last(EventKind.SIGNED_UP_WITH_OTHER_PASSWORD)
    when = f" at {clock_words(event.at)}" if event else ""
    return [
        f"you signed up again{when} with another password. The first one still counts; we did not swap it, so "
        f"that nobody else could. Log in with the first one here: {_login()}"
    ]


def _gone(facts: Facts) -> list[str]:
    return [
        f"when you signed up our set-up failed, and you left before it worked. It has worked since "
        f"{clock_words(facts.account.status_at)}: {_login()}",
        "If you have found something else meanwhile, I understand. I will not write about this again.",
    ]


def _fine(facts: Facts) -> list[str]:
    return [f"your account is complete and nothing on our side is stuck: {_login()}"]


def _ask(facts: Facts) -> list[str]:
    return ["I am looking into it myself, and I write to you either way."]


def _debts_told(finding: Finding, facts: Facts) -> str:
    missing = [plain(step.kind) for step in facts.debts() if step.state == State.WAIVED]
    if finding.code != "debt" or not missing:
        return ""
    return f"you are in: {_login()}\n\nStill missing, and owed by us: {', '.join(missing)}. We keep at it."


BODIES = {
    "dep_down": _wait,
    "dep_back": _recovered,
    "gave_up": _recovered,
    "exists_but_no_record": _recovered,
    "refused": _ask,
    "unknown": _ask,
    "suspended": _ask,
    "healing": _healing,
    "bounced": _bounced,
    "likely_typo": _typo,
    "other_password": _other_password,
    "abandoned": _gone,
    "fine": _fine,
}
