"""Business hours: arithmetic on a schedule and a moment, with no database and no clock of its own.

Spans are worked out in UTC from wall-clock hours, so that a day on which the clocks change has the hours it
really has. Every search ends after HORIZON: a week of no hours answers None, "no date known".
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from support.weekday_hours import Hours

HORIZON = timedelta(days=400)
DAY = timedelta(days=1)
SAID = (time(12), time(17))  # the times of day a person would promise
EVENING = timedelta(hours=3)  # who works longer than that after the last of them would promise the end of the day

# Before and after, calendars and clocks of Python's end; nobody who writes to us has such a day.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Schedule:
    """Weekly business hours with absences and holidays.

    `week` holds the hours of Monday to Sunday; one that ends where or before it begins ends the day after.
    """

    zone: ZoneInfo
    week: tuple[Hours, ...]
    away: tuple[Span, ...] = ()
    holidays: Container[date] = field(default_factory=frozenset)


def open_spans(schedule: Schedule, start: datetime) -> Iterator[Span]:
    """Open spans that end after `start`, in UTC, in order, none touching the next."""
    start = min(max(start, EARLIEST), LATEST)
    for begin, end in _merged(_shifts(schedule, start)):
        for piece in _without((begin, end), schedule.away):
            if piece[1] > start:
                yield max(piece[0], start.astimezone(UTC)), piece[1]


def _shifts(schedule: Schedule, start: datetime) -> Iterator[Span]:
    first = start.astimezone(schedule.zone).date() - DAY  # a shift over midnight began the day before
    for number in range(HORIZON.days + 2):
        day = first + number * DAY
        if day not in schedule.holidays:
            for begin, end in sorted(schedule.week[day.weekday()]):
                until = day + DAY if end <= begin else day
                yield _moment(day, begin, schedule.zone), _moment(until, end, schedule.zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _merged(spans: Iterator[Span]) -> Iterator[Span]:
    held: Span | None = None
    for begin, end in spans:
        if end <= begin:  # the clocks took this hour away
            continue
        if held and begin <= held[1]:
            held = held[0], max(held[1], end)
            continue
        if held:
            yield held
        held = begin, end
    if held:
        yield held


def _without(span: Span, away: tuple[Span, ...]) -> Iterator[Span]:
    begin, end = span
    for gone, back in sorted(away):
        if back <= begin or gone >= end or back <= gone:
            continue
        if gone > begin:
            yield begin, gone.astimezone(UTC)
        begin = back.astimezone(UTC)
    if begin < end:
        yield begin, end


def is_open(moment: datetime, schedule: Schedule) -> bool:
    """True if `moment` is within business hours."""
    return next_open(moment, schedule) == moment


def next_open(moment: datetime, schedule: Schedule) -> datetime | None:
    """Next opening, or `moment` itself while open; None where no date is known."""
    span = next(open_spans(schedule, moment), None)
    return span[0] if span else None


def next_opening(moment: datetime, schedule: Schedule) -> datetime | None:
    """Next opening while closed; None while open, or where no date is known."""
    return None if is_open(moment, schedule) else next_open(moment, schedule)


def closes_at(moment: datetime, schedule: Schedule) -> datetime | None:
    """Closing time of the span that is open now, or of the next one; None where no date is known."""
    span = next(open_spans(schedule, moment), None)
    return span[1] if span else None


def add_working_time(start: datetime, minutes: float, schedule: Schedule) -> datetime | None:
    """Moment at which `minutes` of work have passed since `start`; None where no date is known."""
    left = timedelta(minutes=minutes)
    for begin, end in open_spans(schedule, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    return None


def working_minutes_between(start: datetime, end: datetime, schedule: Schedule) -> float:
    """Working minutes from `start` to `end`."""
    return working_minutes_to_each(start, [end], schedule)[0]


def working_minutes_to_each(start: datetime, moments: Sequence[datetime], schedule: Schedule) -> list[float]:
    """Working minutes from `start` to each of `moments`, which are in order: one walk over the hours for all."""
    spans, total, found = open_spans(schedule, start), timedelta(), []
    span = next(spans, None)
    for moment in moments:
        while span and span[1] <= moment:
            total += span[1] - span[0]
            span = next(spans, None)
        begun = max(moment - span[0], timedelta()) if span else timedelta()
        found.append((total + begun) / timedelta(minutes=1))
    return found


def add_working_days(start: datetime, days: int, schedule: Schedule) -> datetime | None:
    """First opening on the `days`-th day after `start` on which there is any work; None where none is known."""
    today = start.astimezone(schedule.zone).date()
    seen: set[date] = set()
    for begin, _end in open_spans(schedule, start):
        if (day := begin.astimezone(schedule.zone).date()) > today:
            seen.add(day)
        if len(seen) == days:
            return begin
    return None


def round_up(moment: datetime, schedule: Schedule) -> datetime | None:
    """Next noon or 17:00 inside open hours, not before `moment`; the end of hours that go on long after them.

    None where no date is known.
    """
    for begin, end in open_spans(schedule, moment - DAY):
        for bound in _bounds(begin, end, moment, schedule.zone):
            if bound >= moment:
                return bound
    return None


def _bounds(begin: datetime, end: datetime, moment: datetime, zone: ZoneInfo) -> list[datetime]:
    first = max(begin, moment - DAY).astimezone(zone).date()
    last = min(end, moment + 3 * DAY).astimezone(zone).date()
    days = [first + number * DAY for number in range((last - first).days + 1)]
    said = [_moment(day, at, zone) for day in days for at in SAID]
    bounds = [bound for bound in said if begin <= bound <= end]
    return bounds if bounds and end - bounds[-1] < EVENING else [*bounds, end]
