"""A sick person is not a sick service, and a refusal of us is not a refusal of them: the rule as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.engine.attribution import DOWN, REFUSED, Evidence, Report, is_theirs, learn, people_needed, verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def fails(person, **more):
    return Report(person, False, "5xx", "said 500", **more)


def refused(person, **more):
    return fails(person, refused=True, **more)


def works(person="somebody", **more):
    return Report(person, True, **more)


def play(*told, evidence=None):
    """Each report settled by itself, a second after the one before. Returns the verdicts."""
    evidence = evidence or Evidence()
    verdicts = []
    for second, report in enumerate(told):
        learn(evidence, [report], at(second))
        verdicts.append(verdict(evidence, at(second)))
    return verdicts


WORKED_JUST_NOW: dict = {"last_ok_at": at(-1)}
TABLE = [
    ("one person, however often", {}, [fails("a")] * 20, ""),
    ("three people in a row", WORKED_JUST_NOW, [fails("a"), fails("b"), fails("c")], DOWN),
    ("two people while others went through a moment ago", WORKED_JUST_NOW, [fails("a"), fails("b"), fails("a")], ""),
    ("two people where nothing has worked for a while", {}, [fails("a"), fails("b"), fails("a")], DOWN),
    ("two failures are too few", {}, [fails("a"), fails("b")], ""),
    ("a success between them", {}, [fails("a"), fails("b"), works(), fails("c"), fails("d")], ""),
    ("a bug of ours that hits everybody", WORKED_JUST_NOW, [fails("a"), fails("b"), fails("c")], DOWN),
    ("three refused alike", WORKED_JUST_NOW, [refused("a"), refused("b"), refused("c")], REFUSED),
    ("one refused for ever", {}, [refused("a")] * 20, ""),
    ("two refused", {}, [refused("a"), refused("b"), refused("a")], ""),
    ("refused, and others taken between", {}, [refused("a"), works(), refused("b"), works(), refused("c")], ""),
    ("four mailboxes that do not exist", {}, [refused(p, named=True) for p in "abcd"], ""),
    ("a fifth is no accident", {}, [refused(p, named=True) for p in "abcde"], REFUSED),
    (
        "mailboxes, and one refusal that names none",
        {},
        [refused("a", named=True), refused("b"), refused("c")],
        REFUSED,
    ),
]


@pytest.mark.parametrize(("what", "known", "told", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_who_is_ill(what, known, told, expected):
    assert play(*told, evidence=Evidence(last_ok_at=known.get("last_ok_at")))[-1] == expected


def test_an_outage_is_known_at_the_third_failure_and_not_before():
    assert play(fails("a"), fails("b"), fails("c"), evidence=Evidence(**WORKED_JUST_NOW)) == ["", "", DOWN]


@pytest.mark.parametrize("number", [1, 2, 3, 5, 10, 40])
def test_who_fails_again_after_others_went_through_is_ill_alone(number):
    """However many they are: the first time it takes many of them, from then on no number is enough."""
    evidence = Evidence(last_ok_at=at(-1))
    before = at(-20)
    again = [fails(str(person), failed_at=before) for person in range(number)]
    assert all(is_theirs(report, evidence, at(0)) for report in again)
    third = [fails(str(person), failed_at=before, theirs=1) for person in range(number)]
    learn(evidence, third, at(0))
    assert verdict(evidence, at(0)) == ""
    if number <= 10:
        learn(evidence, again, at(1))
        assert verdict(evidence, at(1)) == ""


def test_a_crowd_that_failed_before_can_still_show_that_it_is_away_again():
    """A service that is up for five seconds and away again: everybody who waits has failed before."""
    evidence = Evidence(last_ok_at=at(0))
    learn(evidence, [fails(str(person), failed_at=at(-60)) for person in range(15)], at(1))
    assert verdict(evidence, at(1)) == DOWN


def test_who_waited_through_an_outage_says_less_at_first():
    """Twelve people whom it refuses came together: three made it look away, somebody new went through."""
    evidence = Evidence(last_ok_at=at(10), closed_at=at(10))
    crowd = [fails(str(person), since=at(0)) for person in range(12)]
    learn(evidence, crowd, at(11))
    assert verdict(evidence, at(11)) == ""
    assert not any(is_theirs(report, evidence, at(11)) for report in crowd), "they may still be innocent"
    learn(evidence, crowd[:3], at(40))
    assert verdict(evidence, at(40)) == DOWN, "again, and nobody went through"


def test_who_came_after_an_outage_or_waited_through_one_long_ago_counts_in_full():
    for since, now in ((11, 12), (0, 1000)):
        evidence = Evidence(last_ok_at=at(now - 1), closed_at=at(10))
        learn(evidence, [fails(person, since=at(since)) for person in "abc"], at(now))
        assert verdict(evidence, at(now)) == DOWN


@pytest.mark.parametrize("group", ["at acme.example", "of o'brien & sons"])
def test_a_domain_or_a_company_that_fails_while_others_go_through_is_ill_alone(group):
    evidence = Evidence()
    learn(evidence, [fails("a", groups=(group,)), fails("b", groups=(group,))], at(0))
    learn(evidence, [works(groups=("at other.example",))], at(1))
    strangers = [fails(person, groups=(group,)) for person in "cdefgh"]
    assert all(is_theirs(report, evidence, at(2)) for report in strangers)
    learn(evidence, strangers, at(2))
    assert verdict(evidence, at(2)) == ""
    learn(evidence, [works(groups=(group,))], at(3))
    assert not is_theirs(fails("i", groups=(group,)), evidence, at(4)), "it is well again"


def test_one_of_a_domain_does_not_make_the_domain_suspect():
    evidence = Evidence()
    learn(evidence, [fails("a", groups=("at gmail.example",))], at(0))
    learn(evidence, [works(groups=("at other.example",))], at(1))
    assert not is_theirs(fails("b", groups=("at gmail.example",)), evidence, at(2))


def test_an_unreliable_service_needs_a_longer_row():
    evidence = Evidence(last_ok_at=at(0))
    assert people_needed(evidence, at(0)) == 3
    learn(evidence, [works(str(n), again=True) for n in range(3)], at(1))
    assert people_needed(evidence, at(2)) == 15
    learn(evidence, [fails(str(n)) for n in range(14)], at(2))
    assert verdict(evidence, at(2)) == ""
    learn(evidence, [fails("fifteen")], at(3))
    assert verdict(evidence, at(3)) == DOWN
    assert people_needed(evidence, at(1000)) == 3, "that was a while ago"


def test_a_suspicion_of_the_future_or_of_yesterday_is_not_believed():
    for when in (at(3600), at(-2 * 86400)):
        evidence = Evidence(suspects={"at acme.example": when})
        assert not is_theirs(fails("a", groups=("at acme.example",)), evidence, at(0))


def test_what_is_remembered_is_bounded():
    evidence = Evidence()
    learn(evidence, [fails(str(n), groups=(f"at {n}", "of one")) for n in range(5000)], at(0))
    assert len(evidence.row) <= 100
    learn(evidence, [works(str(n), again=True) for n in range(5000)], at(1))
    assert len(evidence.recovered) <= 100 and len(evidence.suspects) <= 100
