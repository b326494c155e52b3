"""Deadline extraction: a time or day in words, in English or German, becomes a moment. Pure; a proposal, no more.

Said are the times by which something is needed. What lies behind (“since 9:00”, “gestern um 15 Uhr”), what we said
ourselves, and the hours at which somebody is away or may be rung are left out.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from support.business_hours import EARLIEST, LATEST

MOST_READ = 5000  # characters
DAYS_AHEAD = 366
END_OF_WORK, LAST = time(17), time(23, 59)

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag",
            "tuesday dienstag",
            "wednesday mittwoch",
            "thursday donnerstag",
            "friday freitag",
            "saturday samstag sonnabend",
            "sunday sonntag",
        )
    )
    for name in names.split()
}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jänner jan",
            "february februar feb",
            "march märz",
            "april apr",
            "may mai",
            "june juni jun",
            "july juli jul",
            "august aug",
            "september sept sep",
            "october oktober oct okt",
            "november nov",
            "december dezember dec dez",
        ),
        start=1,
    )
    for name in names.split()
}
NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            "one eins ein einer einem a an",
            "two zwei",
            "three drei",
            "four vier",
            "five fünf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwölf",
        ),
        start=1,
    )
    for name in names.split()
}
ZONES = {
    "utc": "UTC", "gmt": "UTC", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "mez": "Europe/Berlin",
    "mesz": "Europe/Berlin", "est": "America/New_York", "edt": "America/New_York", "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles", "bst": "Europe/London", "jst": "Asia/Tokyo",
}  # fmt: skip


def _any(names: dict) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


A_MONTH = rf"(?i:{_any(MONTHS)})\b"
SENTENCE = re.compile(rf"(?<!\d)[.](?= |$)|(?<=\d)[.](?= (?!{A_MONTH})[A-ZÄÖÜ])|[!?;\n]+")
CLAUSE = re.compile(r", | and | but | so | und | aber | also | – | - ")
BEHIND = re.compile(
    r"\b(yesterday|gestern|vorgestern|since|seit|ago|last (night|week|month|\w{3,6}day)|letzte\w*|vorige\w*"
    r"|signed up|registered|tried|failed|stopped|received|came back|wrote to|was told"
    r"|vor (\d+|ein\w*|zwei|drei) (minute|stunde|tag|woche)\w*"
    r"|angemeldet|registriert|versucht|fehlgeschlagen|erhalten|bekommen|geschrieben"
    r"|(you|your \w+) (said|says|promised|wrote|told)|next try|nächste[rn]? versuch"
    r"|(sie|ihre \w+) (haben|hatten|hat) .{0,30}(gesagt|versprochen)|this morning|heute morgen|heute früh)\b"
)
AWAY = re.compile(
    r"\b((call|ring|reach|phone) me|(rufen|ruf) \S+ .{0,20}\ban\b|erreich\w*|anrufen|(office|opening|working) hours"
    r"|available|öffnungszeiten"
    r"|out of (the )?office|on (leave|vacation|holiday)|vacation|away|urlaub|abwesend|nicht im büro"
    r"|back (at|on|in)|zurück|every|jeden|jede|immer)\b"
)
NEED = re.compile(
    r"\b(need\w*|must|have to|has to|deadline|due|latest|demo|presentation|presenting|present|meeting|pitch|call"
    r"|training|go(es)? live|launch\w*|starts?|begins?|workshop|webinar|brauche?n?|braucht|benötige\w*|muss|müssen"
    r"|termin|frist|spätestens|präsentation|vorführung|schulung|besprechung|beginnt|starte?t?|sitzung|bewerbung)\b"
)
TO = r"(?P<to>at|by|before|until|till|from|um|bis|vor|gegen|ab)"
BY_DAY = re.compile(
    r"\b(?:by|before|until|till|bis|vor|than)(?: (?:the|next|dem|zum|kommenden|nächsten|diesen|on|end of))* ?$"
)
COUNTED = r"(?:tage?|stunden?|minuten?|wochen?|monate?|prozent|euro|leute|nutzer|personen)\b"  # “um drei Tage”
CLOCKS = (
    re.compile(r"(?<![\d.:-])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?![\d:]) ?(?P<half>am|pm)?"),
    re.compile(r"\b(?P<h>1[0-2]|0?[1-9])(?:\.(?P<m>[0-5]\d))? ?(?P<half>am|pm)\b"),
    re.compile(r"(?<![\d.:-])(?P<h>[01]?\d|2[0-4])(?:\.(?P<m>[0-5]\d))? ?(?:uhr|o'clock|h\b)(?: (?P<m2>[0-5]\d)\b)?"),
    re.compile(rf"\b{TO} (?P<h>[01]?\d|2[0-3])\.(?P<m>[0-5]\d)(?![\d.])"),
    re.compile(rf"\b(?P<w>{_any(NUMBERS)}) (?:uhr|o'clock)\b"),
    re.compile(rf"\bhalb (?P<before>{_any(NUMBERS)})\b"),
    re.compile(rf"\bhalf past (?P<past>{_any(NUMBERS)})\b"),
    re.compile(rf"\b(?P<to>um|gegen) (?P<h>[01]?\d|2[0-3]|(?P<w>{_any(NUMBERS)}))\b(?! ?[\d:.%]| {COUNTED})"),
    re.compile(
        rf"\b{TO} (?P<h>[01]?\d|2[0-3]|(?P<w>{_any(NUMBERS)}))(?![\w.:%/-]*\w)"
        r"(?= ?(?:$|[,.!?)]|(?:today|tomorrow|tonight|on|heute|morgen|am|in|this|sharp|latest|wegen|because|i|ich|we"
        r"|wir|is|ist|have|habe|haben|beginnt|starts)\b))"
    ),
    re.compile(r"\b(?P<noon>noon|midday|mittag|mittags)\b"),
)  # fmt: skip
A_DAY, EIN_TAG = r"(?:this|tomorrow|\w{3,6}day)", r"(?:heute|morgen|\w{3,7}tag)"
PARTS = (
    (re.compile(rf"\b{A_DAY} afternoon\b|\b{EIN_TAG} ?nachmittag\b"), time(15)),
    (re.compile(rf"\b{A_DAY} morning\b|\b{EIN_TAG} ?(?:früh|vormittag)\b"), time(9)),
    (re.compile(rf"\btonight\b|\b{A_DAY} evening\b|\b{EIN_TAG} ?abend\b"), time(18)),
    (re.compile(r"\bend of (?:the )?day\b|\beod\b|\bclose of business\b|\bcob\b|\bfeierabend\b"), END_OF_WORK),
)
IN_A_WHILE = re.compile(
    rf"\b(?:in|within|innerhalb von) (?P<n>\d{{1,3}}|half an|einer halben|{_any(NUMBERS)}) "
    r"(?P<unit>hour|stunde|minute|day|tag)(?:s|n|en)?\b"
)
DATES = (
    re.compile(r"(?<!\d)(?P<y>20\d\d)-(?P<mo>\d\d)-(?P<d>\d\d)(?!\d)"),
    re.compile(r"(?<![\d.])(?P<d>[0-3]?\d)\. ?(?P<mo>[01]?\d)\.(?: ?(?P<y>20\d\d)\b)?(?!\d)"),
    re.compile(rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th|\.)? (?:of )?(?P<name>{_any(MONTHS)})\b(?: (?P<y>20\d\d))?"),
    re.compile(rf"\b(?P<name>{_any(MONTHS)}) (?P<d>[0-3]?\d)(?:st|nd|rd|th)?\b(?:,? (?P<y>20\d\d))?"),
    re.compile(r"\bthe (?P<only>[0-3]?\d)(?:st|nd|rd|th)\b"),
    re.compile(r"\b(?:am|zum|dem|den) (?P<only>[0-3]?\d)\.(?! ?\d| mal)"),
)
TOMORROW_BUT_ONE = re.compile(r"\b(?:day after tomorrow|übermorgen)\b")
TOMORROW = re.compile(
    r"\btomorrow\b|(?<!guten )(?<!heute )(?<!am )(?<!gestern )\bmorgen\b(?!,? (?:ich|wir|zusammen))"
)
TODAY = re.compile(
    r"\b(?:today|tonight|heute|this (?:afternoon|evening))\b|\b(?:end of (?:the )?day|eod|feierabend)\b"
)
WEEKDAY = re.compile(rf"\b(?P<next>next )?(?P<name>{_any(WEEKDAYS)})(?:morgen|mittag|nachmittag|abend|vormittag)?\b")
FAREWELL = re.compile(r"(?:bis|see you) (?:morgen|tomorrow|dann|bald|später|soon|then|later)")
WEEKEND = re.compile(r"\bend of (?:the|this) week\b|\bende der woche\b|\bwochenende\b")
CITY = re.compile(r"\b([a-z]+(?: [a-z]+)?) time\b")
ZONE = re.compile(rf"(?<=[\dmhr ])({'|'.join(ZONES)})\b")


@dataclass(frozen=True)
class Said:
    """One sentence's share of a deadline; what is missing was not said."""

    day: date | None = None
    clock: time | None = None
    moment: datetime | None = None
    meant: bool = False  # as something to be held


def stated_deadline(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The earliest moment still ahead of `now` that a message names as one by which something is needed."""
    if not EARLIEST < now < LATEST:  # a row whose time is a wrong clock's names no day
        return None
    local = now.astimezone(zone)
    parts = (" ".join(part.lower().split()) for part in SENTENCE.split(_plain(text)))
    sentences = [part for part in parts if not FAREWELL.fullmatch(part)]
    moments = [moment for moment in _moments(sentences, local) if moment > now]
    near = [moment for moment in moments if moment - now < timedelta(days=DAYS_AHEAD)]
    return min(near, default=None)


def _plain(text: str) -> str:
    text = text[:MOST_READ].replace("’", "'").replace("\r", "")
    return re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", text, flags=re.I)


def _moments(sentences: list[str], local: datetime) -> Iterator[datetime]:
    """Moments of the sentences; a clock that follows a day in the sentence before belongs to that day."""
    open_day: Said | None = None
    for sentence in sentences:
        kept = ", ".join(c for c in CLAUSE.split(sentence) if not BEHIND.search(c) and not AWAY.search(c))
        said = _said(kept, local)
        if said.moment:
            yield said.moment
        if open_day and said.clock and not said.day:
            said, open_day = Said(open_day.day, said.clock, None, True), None
        if open_day:
            yield _at(open_day, local)
            open_day = None
        if said.meant and said.day and not said.clock:
            open_day = said
        elif said.meant and said.clock:
            yield _at(said, local, _zone_in(kept))
    if open_day:
        yield _at(open_day, local)


def _said(words: str, local: datetime) -> Said:
    if ahead := IN_A_WHILE.search(words):
        return _in_a_while(ahead, words, local)
    day, where = _day(words, local)
    clock, sure = _clock(words, local, day)
    by = where is not None and bool(BY_DAY.search(words[:where]))
    return Said(day, clock, None, bool(NEED.search(words)) or by or (clock is not None and (sure or day is not None)))


def _in_a_while(ahead: re.Match, words: str, local: datetime) -> Said:
    number = ahead["n"]
    amount = int(number) if number.isdigit() else NUMBERS.get(number, 0.5)
    unit = {"h": "hours", "s": "hours", "m": "minutes", "d": "days", "t": "days"}[ahead["unit"][0]]
    moment = local + timedelta(**{unit: amount})
    return Said(moment=moment if NEED.search(words) or "within" in words or "innerhalb" in words else None)


def _day(words: str, local: datetime) -> tuple[date | None, int | None]:
    """The first day named, and where it stands."""
    today = local.date()
    for pattern in DATES:
        if (found := pattern.search(words)) and (named := _date_of(found, today)):
            return named, found.start()
    if found := TOMORROW_BUT_ONE.search(words):
        return today + timedelta(days=2), found.start()
    if found := WEEKDAY.search(words):
        ahead = (WEEKDAYS[found["name"]] - today.weekday()) % 7
        return today + timedelta(days=ahead or (7 if found["next"] else 0)), found.start()
    if found := WEEKEND.search(words):
        return today + timedelta(days=(4 - today.weekday()) % 7), found.start()
    if found := TOMORROW.search(words):
        return today + timedelta(days=1), found.start()
    if found := TODAY.search(words):
        return today, found.start()
    return None, None


def _date_of(found: re.Match, today: date) -> date | None:
    parts = found.groupdict()
    if only := parts.get("only"):
        return _day_of_month(int(only), today)
    month = MONTHS[parts["name"]] if parts.get("name") else int(parts["mo"])
    try:
        named = date(int(parts["y"] or today.year), month, int(parts["d"]))
        return named if parts["y"] or named >= today else named.replace(year=today.year + 1)
    except ValueError:
        return None


def _day_of_month(day: int, today: date) -> date | None:
    """The next day with this number, in this month or the next."""
    for first in (today.replace(day=1), (today.replace(day=1) + timedelta(days=32)).replace(day=1)):
        with suppress(ValueError):
            if first.replace(day=day) >= today:
                return first.replace(day=day)
    return None


def _clock(words: str, local: datetime, day: date | None) -> tuple[time | None, bool]:
    """The first time of day named; the second is true if it is meant as a deadline by its preposition alone."""
    for pattern in CLOCKS:
        for found in pattern.finditer(words):
            if (clock := _time_of(found, local, day)) is not None:
                before = words[: found.start()].split()[-1:]
                led = found.groupdict().get("to") or "".join(before)
                return clock, led in ("at", "by", "before", "until", "till", "um", "bis", "vor", "gegen")
    part = next((clock for pattern, clock in PARTS if pattern.search(words)), None)
    return part, False


def _time_of(found: re.Match, local: datetime, day: date | None) -> time | None:
    parts = found.groupdict()
    if parts.get("noon"):
        return time(12)
    if parts.get("before"):
        hour = NUMBERS[parts["before"]] - 1
        return time(hour + 12 if hour < 7 else hour, 30)
    if parts.get("past"):
        hour = NUMBERS[parts["past"]] % 12
        return time(hour + 12 if hour < 7 else hour, 30)
    hour = NUMBERS[parts["w"]] if parts.get("w") else int(parts["h"])
    minute = int(parts.get("m") or parts.get("m2") or 0)
    if half := parts.get("half"):
        return time(hour % 12 + (12 if half == "pm" else 0), minute) if hour <= 12 else None
    if hour == 24:
        return LAST
    is_early = 0 < hour < 7 and not (parts.get("h") or "").startswith("0")
    by_name = parts.get("m") is None and "uhr" not in found[0]
    is_over = by_name and day in (None, local.date()) and time(hour, minute) <= local.time()
    return time(hour + 12 if is_early or (is_over and 0 < hour < 12) else hour, minute)


def _at(said: Said, local: datetime, zone: ZoneInfo | None = None) -> datetime:
    """The moment of a day and a clock: today without a day, the end of the working day without a clock."""
    day, clock = said.day or local.date(), said.clock or END_OF_WORK
    moment = datetime.combine(day, clock, zone or local.tzinfo)
    is_today = said.day == local.date() and said.clock is None
    return datetime.combine(day, LAST, local.tzinfo) if is_today and moment <= local else moment


def _zone_in(words: str) -> ZoneInfo | None:
    if found := ZONE.search(words):
        return ZoneInfo(ZONES[found[1]])
    for city in CITY.finditer(words):
        for name in (city[1], city[1].rpartition(" ")[2]):
            if name in _cities():
                return ZoneInfo(_cities()[name])
    return None


@cache
def _cities() -> dict[str, str]:
    regions = ("Europe/", "America/", "Asia/", "Africa/", "Australia/")
    names = sorted(name for name in available_timezones() if name.startswith(regions))
    return {name.rpartition("/")[2].replace("_", " ").lower(): name for name in names}
