"""Hours: a table by hand, then whatever hypothesis can think of, in three zones whose clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.business_hours import (
    HORIZON,
    Schedule,
    add_working_days,
    add_working_time,
    is_open,
    next_open,
    open_spans,
    round_up,
    working_minutes_between,
)
from support.weekday_hours import parse_hours

LISBON, NEW_YORK, LORD_HOWE = map(ZoneInfo, ("Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"))
OFFICE = (parse_hours("9-17:30"),) * 5 + ((), ())
NIGHTS = (parse_hours("22:00-6:00"),) * 7
ROUND_THE_CLOCK = (parse_hours("0-24"),) * 7


def at(text: str, zone=LISBON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "minutes", "week", "expected"),
    [
        ("2026-11-25 10:00", 60, OFFICE, "2026-11-25 11:00"),
        ("2026-11-25 17:00", 60, OFFICE, "2026-11-26 09:30"),
        ("2026-11-27 17:00", 60, OFFICE, "2026-11-30 09:30"),  # over the weekend
        ("2026-11-25 03:00", 0, OFFICE, "2026-11-25 09:00"),
        ("2026-11-25 23:00", 480, NIGHTS, "2026-11-26 23:00"),
        ("2026-03-28 23:00", 180, NIGHTS, "2026-03-29 03:00"),  # the hour from 1 to 2 does not exist
        ("2026-10-24 23:00", 240, NIGHTS, "2026-10-25 02:00"),  # the hour from 1 to 2 comes twice
    ],
)
def test_working_time_by_hand(start, minutes, week, expected):
    found = add_working_time(at(start), minutes, Schedule(LISBON, week))
    assert found is not None and found == at(expected)


def test_away_over_midnight_and_holidays_are_no_working_time():
    away = ((at("2026-11-25 16:30"), at("2026-11-26 12:00")),)
    schedule = Schedule(LISBON, OFFICE, away, frozenset({date(2026, 11, 27)}))
    assert add_working_time(at("2026-11-25 16:00"), 30, schedule) == at("2026-11-25 16:30")
    assert add_working_time(at("2026-11-25 16:00"), 60, schedule) == at("2026-11-26 12:30")
    assert next_open(at("2026-11-26 18:00"), schedule) == at("2026-11-30 09:00")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-25 09:10", "2026-11-25 12:00"),
        ("2026-11-25 12:00", "2026-11-25 12:00"),
        ("2026-11-25 12:01", "2026-11-25 17:00"),
        ("2026-11-25 17:10", "2026-11-26 12:00"),
        ("2026-11-27 17:10", "2026-11-30 12:00"),
    ],
)
def test_a_bound_a_person_would_say(moment, expected):
    assert round_up(at(moment), Schedule(LISBON, OFFICE)) == at(expected)


def test_hours_that_know_no_noon_are_rounded_to_their_end():
    assert round_up(at("2026-11-25 23:00"), Schedule(LISBON, NIGHTS)) == at("2026-11-26 06:00")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-25 16:10", "2026-11-25 17:00"),
        ("2026-11-25 17:10", "2026-11-25 22:30"),  # and not 17:00 on the day after
        ("2026-11-25 22:40", "2026-11-26 17:00"),
    ],
)
def test_a_late_shift_has_its_end_as_well(moment, expected):
    late = (((time(14, 30), time(22, 30)),),) * 7
    assert round_up(at(moment), Schedule(LISBON, late)) == at(expected)


def test_three_working_days_on():
    assert add_working_days(at("2026-11-26 15:00"), 3, Schedule(LISBON, OFFICE)) == at("2026-12-01 09:00")


@pytest.mark.parametrize("text", ["nine", "9-9", "25-26", "9:75-10", "9"])
def test_what_is_no_hours_is_a_sentence(text):
    with pytest.raises(ValueError, match=r"\.$"):
        parse_hours(text)


times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
shifts = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1])
weeks = st.tuples(*[st.lists(shifts, max_size=3).map(tuple)] * 7)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from([LISBON, NEW_YORK, LORD_HOWE])


@st.composite
def schedules(draw) -> Schedule:
    gone = [(start, start + draw(st.timedeltas(timedelta(0), timedelta(days=30)))) for start in
            draw(st.lists(moments, max_size=4))]  # fmt: skip
    days = draw(st.frozensets(st.dates(date(2025, 1, 1), date(2028, 12, 31)), max_size=20))
    return Schedule(draw(zones), draw(weeks), tuple(gone), days)


def wall_clock_says_open(moment: datetime, schedule: Schedule) -> bool:
    """Another way to the same answer: look at the local clock. Not for moments near a change of clocks."""
    local = moment.astimezone(schedule.zone)
    if any(gone <= moment < back for gone, back in schedule.away):
        return False
    return any(_covers(local, local.date() - back * timedelta(days=1), schedule) for back in (0, 1))


def _covers(local: datetime, day: date, schedule: Schedule) -> bool:
    if day in schedule.holidays:
        return False
    naive = local.replace(tzinfo=None)
    for begin, end in schedule.week[day.weekday()]:
        until = day if end > begin else day + timedelta(days=1)
        if datetime.combine(day, begin) <= naive < datetime.combine(until, end):
            return True
    return False


def clocks_change_near(moment: datetime, zone: ZoneInfo) -> bool:
    day = timedelta(days=1)
    return (moment - day).astimezone(zone).utcoffset() != (moment + day).astimezone(zone).utcoffset()


@settings(deadline=None)
@given(moments, schedules())
def test_open_is_what_the_clock_on_the_wall_says(moment, schedule):
    if not clocks_change_near(moment, schedule.zone):
        assert is_open(moment, schedule) == wall_clock_says_open(moment, schedule)


@settings(deadline=None)
@given(moments, st.integers(0, 6000), schedules())
def test_never_in_the_past_never_in_closed_hours_and_exactly_that_much_work(start, minutes, schedule):
    due = add_working_time(start, minutes, schedule)
    if due is None:
        assert sum((e - b for b, e in open_spans(schedule, start)), timedelta()) < timedelta(minutes=minutes) or (
            next_open(start, schedule) is None
        )
        return
    assert due >= start
    assert is_open(due, schedule) or is_open(due - timedelta(microseconds=1), schedule)
    assert working_minutes_between(start, due, schedule) == pytest.approx(minutes)


@settings(deadline=None)
@given(moments, schedules())
def test_a_said_bound_is_never_before_and_never_in_closed_hours(moment, schedule):
    bound = round_up(moment, schedule)
    if bound is not None:
        assert bound >= moment
        assert is_open(bound, schedule) or is_open(bound - timedelta(microseconds=1), schedule)


@given(moments, zones, st.integers(0, 6000))
def test_a_week_of_no_hours_knows_no_date(start, zone, minutes):
    nothing = Schedule(zone, ((),) * 7)
    assert add_working_time(start, minutes, nothing) is None
    assert next_open(start, nothing) is None
    assert round_up(start, nothing) is None
    assert working_minutes_between(start, start + timedelta(days=30), nothing) == 0


def test_gone_for_good_knows_no_date():
    schedule = Schedule(LISBON, OFFICE, ((at("2026-01-01 00:00"), at("2040-01-01 00:00")),))
    assert add_working_time(at("2026-02-01 10:00"), 1, schedule) is None


@pytest.mark.parametrize("zone", [LISBON, NEW_YORK, LORD_HOWE])
@pytest.mark.parametrize("year", [2026, 2027])
def test_a_year_round_the_clock_has_as_many_minutes_as_the_year(zone, year):
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    schedule = Schedule(zone, ROUND_THE_CLOCK)
    assert end - start < HORIZON
    assert working_minutes_between(start, end, schedule) == 365 * 24 * 60


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        (LISBON, "2026-03-29", 23 * 60), (LISBON, "2026-10-25", 25 * 60),
        (NEW_YORK, "2026-03-08", 23 * 60), (NEW_YORK, "2026-11-01", 25 * 60),
        (LORD_HOWE, "2026-10-04", 23.5 * 60), (LORD_HOWE, "2026-04-05", 24.5 * 60),
    ],
)  # fmt: skip
def test_a_day_on_which_the_clocks_change_has_the_hours_it_really_has(zone, day, minutes):
    midnight = datetime.combine(date.fromisoformat(day), time(0), zone)
    next_midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(0), zone)
    assert working_minutes_between(midnight, next_midnight, Schedule(zone, ROUND_THE_CLOCK)) == minutes
