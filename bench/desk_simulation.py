"""Simulation of eight weeks at a desk of one, with the project's own hours, promise rule and order of the queue.

    python -m bench.desk_simulation

What is invented here: when people write, how long an answer takes, which of them name a deadline. What is
measured: how long they wait and whether each way of naming a time would have been kept. A sick day breaks
promises under every rule and is left out.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from statistics import median
from zoneinfo import ZoneInfo

from support.business_hours import Schedule, add_working_time, is_open, next_open, working_minutes_between
from support.service_level.estimate import LAST, due_for, handling_minutes, must_widen, near_until, p80
from support.tickets.priority import TRIED_ENOUGH, Priority, Waiting, place
from support.weekday_hours import parse_hours

WEEKS, SEEDS, LOADS = 8, range(7), (1, 2, 4)
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # the clocks change in the fourth week
OFFICE = Schedule(ZoneInfo("Europe/Lisbon"), (parse_hours("9:00-17:30"),) * 5 + ((), ()))
MESSAGES_A_WEEK = 60
AT_NIGHT = 0.3  # of the messages come while she is not there
OUTAGE_EVERY, OUTAGE_PEOPLE = 10.0, 40  # days; of whom all write
MINUTES, SPREAD = 8.0, 0.7  # an answer: median and sigma of a log-normal
INTERRUPTED = 1 / 3  # of a minute, for each minute of answering
OF_A_GROUP = 25.0  # minutes for the one answer to all of an outage
WITH_DEADLINE, DEADLINE_WITHIN = 0.12, 16.0  # hours
PRESENT = 0.3  # are there now, or came back
ONE_AT_A_TIME, GROUPED = "each its own", "an outage is one"


@dataclass
class Item:
    """One message. `outage` is the number of the outage it is about."""

    at: datetime
    minutes: float
    outage: int | None
    deadline: datetime | None
    present: bool
    answered: datetime | None = None
    dues: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def due(self) -> datetime:
        return self.dues["by the queue"] or datetime.max.replace(tzinfo=UTC)


def first_come(item: Item, _now: datetime, _soon: datetime) -> tuple:
    return (item.at,)


def desk_order(item: Item, now: datetime, soon: datetime) -> tuple:
    """The desk's own: an outage to decide comes first, as a card of its own; then its lanes."""
    if item.outage is not None and item.minutes == OF_A_GROUP:
        return (Priority.INCIDENT,)
    back = TRIED_ENOUGH if item.present else 0
    row = Waiting(0, "wrote", item.at, promised_for=item.due, needed_by=item.deadline, came_back=back)
    return place(row, now, soon)


Order = Callable[[Item, datetime, datetime], tuple]
ORDERS: dict[str, Order] = {"first come": first_come, "lanes": desk_order}


def messages(load: int, seed: int, grouped: bool) -> list[Item]:
    dice = random.Random(f"{load} {seed}")
    items = list(_ordinary(dice, load)) + list(_of_outages(dice, grouped))
    return sorted(items, key=lambda item: item.at)


def _ordinary(dice: random.Random, load: int) -> Iterator[Item]:
    for _ in range(load * MESSAGES_A_WEEK * WEEKS):
        while True:
            at = BEGIN + timedelta(weeks=WEEKS * dice.random())
            if is_open(at, OFFICE) != (dice.random() < AT_NIGHT):
                break
        yield _item(dice, at, None)


def _of_outages(dice: random.Random, grouped: bool) -> Iterator[Item]:
    day = dice.expovariate(1 / OUTAGE_EVERY)
    for number in count():
        if day > WEEKS * 7:
            return
        start = BEGIN + timedelta(days=day)
        people = [_item(dice, start + timedelta(hours=dice.uniform(0, 3)), number) for _ in range(OUTAGE_PEOPLE)]
        if grouped:
            for person in people:
                person.minutes = OF_A_GROUP
        yield from people
        day += dice.expovariate(1 / OUTAGE_EVERY)


def _item(dice: random.Random, at: datetime, outage: int | None) -> Item:
    deadline = at + timedelta(hours=dice.uniform(0, DEADLINE_WITHIN)) if dice.random() < WITH_DEADLINE else None
    return Item(at, MINUTES * dice.lognormvariate(0, SPREAD), outage, deadline, dice.random() < PRESENT)


class Played:
    """One run: who waits, what has been answered, and what each rule would have promised."""

    def __init__(self, load: int, seed: int, grouped: bool, order: Order) -> None:
        self.dice = random.Random(f"work {load} {seed}")
        self.grouped, self.order = grouped, order
        self.coming = messages(load, seed, grouped)
        self.waiting: list[Item] = []
        self.answered: list[Item] = []
        self.waits: list[float] = []
        self.handling: list[float] = []
        self.last: tuple[datetime, datetime] | None = None
        self.over: list[tuple[datetime, bool]] = []  # (when known, kept?), a heap
        self.outcomes: list[bool] = []
        self.worked = 0

    def play(self) -> "Played":
        free = next_open(BEGIN, OFFICE)
        while self.coming or self.waiting:
            assert free
            if not self.waiting:
                free = max(free, self.coming[0].at)
            free = next_open(free, OFFICE)
            assert free
            self._take_in(free)
            free = self._answer_next(free)
        return self

    def _take_in(self, now: datetime) -> None:
        while self.coming and self.coming[0].at <= now:
            item = self.coming.pop(0)
            item.dues = self._promise(item)
            self.waiting.append(item)

    def _promise(self, item: Item) -> dict[str, datetime | None]:
        """What each rule would tell this person."""
        past = sorted(self.waits[-50:]) or [60.0]
        return {
            "by the queue": due_for(
                item.at, self._before(item), p80(self.handling[-50:]), OFFICE, must_widen(self._known(item.at))
            ),
            "four hours": add_working_time(item.at, 240, OFFICE),
            "median": add_working_time(item.at, median(past), OFFICE),
            "p90": add_working_time(item.at, past[int(len(past) * 0.9)], OFFICE),
        }

    def _before(self, item: Item) -> int:
        mine = item.outage if self.grouped else None
        single = sum(1 for other in self.waiting if not self.grouped or other.outage is None)
        groups = {other.outage for other in self.waiting if other.outage is not None} - {mine}
        return single + (len(groups) if self.grouped else 0)

    def _known(self, now: datetime) -> list[bool]:
        while self.over and self.over[0][0] <= now:
            self.outcomes.append(heapq.heappop(self.over)[1])
        return self.outcomes[: -LAST - 1 : -1]

    def _answer_next(self, now: datetime) -> datetime:
        soon = near_until(now, self._unanswered(), p80(self.handling[-50:]), OFFICE)
        item = min(self.waiting, key=lambda item: self.order(item, now, soon))
        took = item.minutes * (1 + self.dice.expovariate(1 / INTERRUPTED))
        done = add_working_time(now, took, OFFICE)
        assert done
        self._take_in(done)
        with_it = [item]
        if self.grouped and item.outage is not None:
            with_it = [other for other in self.waiting if other.outage == item.outage]
        self._settle(item, with_it, done)
        return done

    def _unanswered(self) -> list[datetime]:
        """The open promises; all of one outage are one thing."""
        if not self.grouped:
            return [item.due for item in self.waiting]
        single = [item.due for item in self.waiting if item.outage is None]
        groups: dict[int, datetime] = {}
        for item in self.waiting:
            if item.outage is not None:
                groups[item.outage] = min(groups.get(item.outage, item.due), item.due)
        return single + list(groups.values())

    def _settle(self, item: Item, with_it: list[Item], done: datetime) -> None:
        self.worked += 1
        for one in with_it:
            self.waiting.remove(one)
            one.answered = done
            self.waits.append(working_minutes_between(one.at, done, OFFICE))
            self.answered.append(one)
            kept = done <= one.due
            heapq.heappush(self.over, (done if kept else one.due, kept))
        this = (item.at, done)
        if self.last:
            self.handling += handling_minutes([self.last, this], OFFICE)
        self.last = this


RULES = ("by the queue", "four hours", "median", "p90")


def measure(load: int, seed: int, grouped: bool, order: str) -> dict:
    played = Played(load, seed, grouped, ORDERS[order]).play()
    items, waits = played.answered, sorted(played.waits)
    deadlines = [item for item in items if item.deadline]
    promised = [working_minutes_between(item.at, due, OFFICE) for item in items if (due := item.dues["by the queue"])]
    found = {rule: _kept(items, rule) for rule in RULES}
    return found | {
        "deadlines": sum(i.answered <= i.deadline for i in deadlines) / len(deadlines),  # type: ignore[operator]
        "items": played.worked / WEEKS,
        "p50": waits[len(waits) // 2],
        "p95": waits[int(len(waits) * 0.95)],
        "promise": median(promised),
    }


def _kept(items: list[Item], rule: str) -> float:
    return sum(bool(item.dues[rule] and item.answered <= item.dues[rule]) for item in items) / len(items)  # type: ignore[operator]


def main() -> None:
    keys = [(load, grouped, order) for load in LOADS for grouped in (False, True) for order in ORDERS]
    jobs = [(load, seed, grouped, order) for load, grouped, order in keys for seed in SEEDS]
    with ProcessPoolExecutor(2) as pool:
        runs = zip(jobs, pool.map(measure, *zip(*jobs, strict=True), chunksize=4), strict=True)
        print(HEAD)
        for key, of_key in groupby(runs, key=lambda run: (run[0][0], run[0][2], run[0][3])):
            print(row(*key, [found for _job, found in of_key]))


HEAD = """\
| load | outages | order | kept: by the queue (worst seed) | four hours | median | p90 | deadlines met | items a week | wait p50 / p95 | median promise |
|---|---|---|---|---|---|---|---|---|---|---|"""  # noqa: E501


def row(load: int, grouped: bool, order: str, runs: list[dict]) -> str:
    def middle(name: str) -> float:
        return median(run[name] for run in runs)

    worst = min(run["by the queue"] for run in runs)
    kept = " | ".join(f"{100 * middle(rule):.0f} %" for rule in RULES[1:])
    return (
        f"| {load}× | {GROUPED if grouped else ONE_AT_A_TIME} | {order} "
        f"| **{100 * middle('by the queue'):.1f} %** ({100 * worst:.1f}) | {kept} "
        f"| {100 * middle('deadlines'):.0f} % | {middle('items'):.0f} "
        f"| {middle('p50'):.0f} / {middle('p95'):.0f} min | {middle('promise'):.0f} min |"
    )


if __name__ == "__main__":
    main()
