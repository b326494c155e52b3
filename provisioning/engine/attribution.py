"""Failure attribution: whether failures speak of the service or of the people they happened to. Pure.

A count cannot tell them apart. What can is *who* fails, and whether others went through meanwhile:

- Somebody who fails for the first time says something about the service; three different people in a row, with
  nobody going through between them, are an outage (two are enough where nothing has worked for a while).
- Somebody who fails again after others went through says something about themselves, the more so each time.
  The same holds for their mail domain and their company once one of it failed and others went through.
- Whoever waited through an outage that somebody's going through ended says less at their first failure: those
  who made it look like one are still among them. From the second in a row on it counts in full.
- People who fail and go through at the next try say that the service is unreliable, not that it is away: the
  more of them lately, the longer the row of failures has to be.
- A refusal (4xx, 5xx to one recipient, a company not taken) speaks of the person, until different people are
  refused in a row: then it is we who are refused. Where the words name the mailbox it takes more of them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DOWN, REFUSED = "down", "refused"  # what an outage is: it does not work, or it works and refuses us

PEOPLE = 3
PEOPLE_NAMED = 5  # where each refusal named the mailbox as the reason
PEOPLE_UNRELIABLE = (3, 6, 9, 15)  # in a row, after that many people recovered at their next try
SUSPECT = 0.2  # of a person: failed before while others went through, once only; or waited through an outage
QUIET = timedelta(seconds=30)  # without a success for that long, two people are enough
UNRELIABLE_FOR = timedelta(minutes=10)
SUSPECTED_FOR = timedelta(days=1)
MOST = 100  # of anything that is remembered


@dataclass(frozen=True)
class Report:
    """Report of one try about a dependency.

    person, groups: whose try it was, and what they share with others (mail domain, company).
    refused: the service answered, and refused this one; `named`: because of the mailbox, in so many words.
    since: when this person's step was made. failed_at: when it failed before, if it did.
    theirs: how often that was found to be theirs.
    again: it worked, after failures that were no outage.
    """

    person: str
    worked: bool
    failure: str = ""
    error: str = ""
    groups: tuple[str, ...] = ()
    refused: bool = False
    named: bool = False
    since: datetime | None = None
    failed_at: datetime | None = None
    theirs: int = 0
    again: bool = False


@dataclass
class Evidence:
    """Evidence about a dependency, kept between two settlements; times are the database's."""

    last_ok_at: datetime | None = None
    since: datetime | None = None  # the first failure of the row of failures
    row: dict[str, dict] = field(default_factory=dict)  # by person, since it last worked
    suspects: dict[str, datetime] = field(default_factory=dict)  # groups that failed while others went through
    recovered: list[datetime] = field(default_factory=list)  # who went through at the next try, lately
    closed_at: datetime | None = None  # when an outage of it ended last


def weight(report: Report, evidence: Evidence, now: datetime) -> float:
    """Weight of this failure as evidence against the service, in people: 1, SUSPECT or 0."""
    if report.theirs or _is_of_suspects(report, evidence, now):
        return 0.0
    return SUSPECT if is_again(report, evidence) or _has_waited(report, evidence, now) else 1.0


def is_again(report: Report, evidence: Evidence) -> bool:
    """True if they failed before, and others have gone through since."""
    return bool(report.failed_at and evidence.last_ok_at and report.failed_at < evidence.last_ok_at)


def is_theirs(report: Report, evidence: Evidence, now: datetime) -> bool:
    """True if a failure says something about this person: that is kept with the step."""
    return not report.worked and (
        report.theirs > 0 or _is_of_suspects(report, evidence, now) or is_again(report, evidence)
    )


def _has_waited(report: Report, evidence: Evidence, now: datetime) -> bool:
    if report.since is None or evidence.closed_at is None:
        return False
    return report.since < evidence.closed_at and now - evidence.closed_at < UNRELIABLE_FOR


def _is_of_suspects(report: Report, evidence: Evidence, now: datetime) -> bool:
    suspected = [evidence.suspects[group] for group in report.groups if group in evidence.suspects]
    return any(timedelta(0) <= now - since < SUSPECTED_FOR for since in suspected)


def learn(evidence: Evidence, reports: Iterable[Report], now: datetime) -> None:
    """Add to the evidence what was settled together.

    A success among the reports came last, since it shows that it works.
    """
    reports = list(reports)
    for report in reports:
        if not report.worked:
            _learn_failure(evidence, report, now)
    if worked := [report for report in reports if report.worked]:
        _learn_success(evidence, worked, now)


def _learn_failure(evidence: Evidence, report: Report, now: datetime) -> None:
    if report.person not in evidence.row and len(evidence.row) >= MOST:
        return
    seen = evidence.row.setdefault(report.person, {"weight": 0.0, "times": 0, "groups": list(report.groups)})
    if not seen["times"]:
        seen["weight"] = weight(report, evidence, now)
    elif seen["weight"] and not is_theirs(report, evidence, now):
        seen["weight"] = 1.0
    seen["times"] += 1
    seen["refused"], seen["named"] = report.refused, report.named
    evidence.since = evidence.since or now


def _learn_success(evidence: Evidence, worked: list[Report], now: datetime) -> None:
    """Add successes to the evidence: they end the row of failures.

    Two of one domain or company failed, and others went through: that says something about those two.
    """
    well = {group for report in worked for group in report.groups}
    shared = Counter(group for seen in evidence.row.values() for group in seen["groups"])
    for group, people in shared.items():
        if people > 1 and group not in well:
            evidence.suspects[group] = now
    for group in well:
        evidence.suspects.pop(group, None)
    evidence.suspects = dict(sorted(evidence.suspects.items(), key=lambda pair: pair[1])[-MOST:])
    lately = [at for at in evidence.recovered if timedelta(0) <= now - at < UNRELIABLE_FOR]
    evidence.recovered = [*lately, *(now for report in worked if report.again)][-MOST:]
    evidence.row, evidence.since, evidence.last_ok_at = {}, None, now


def verdict(evidence: Evidence, now: datetime) -> str:
    """DOWN, REFUSED, or nothing where the failures are the people's own, or too few to tell."""
    named = [seen["named"] for seen in evidence.row.values() if seen["refused"] and seen["weight"]]
    if _weigh(evidence, refused=True) >= (PEOPLE_NAMED if named and all(named) else PEOPLE):
        return REFUSED
    people = _weigh(evidence, refused=False)
    needed = people_needed(evidence, now)
    if people >= needed:
        return DOWN
    times = sum(seen["times"] for seen in evidence.row.values() if seen["weight"] == 1 and not seen["refused"])
    quiet = evidence.last_ok_at is None or now - evidence.last_ok_at > QUIET
    return DOWN if quiet and needed == PEOPLE and people >= 2 and times >= PEOPLE else ""


def people_needed(evidence: Evidence, now: datetime) -> int:
    """Number of people failing in a row that makes an outage.

    More where people lately went through at their next try.
    """
    lately = [at for at in evidence.recovered if timedelta(0) <= now - at < UNRELIABLE_FOR]
    return PEOPLE_UNRELIABLE[min(len(lately), len(PEOPLE_UNRELIABLE) - 1)]


def _weigh(evidence: Evidence, refused: bool) -> float:
    return round(sum(seen["weight"] for seen in evidence.row.values() if bool(seen["refused"]) is refused), 3)
