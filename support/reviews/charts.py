"""SVG charts rendered on the server: bars and steps. Pure.

No script, no style of their own, colours from the page.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 24, 30
FLOOR = HEIGHT - BOTTOM
BAR = (
    '<rect class="bar" x="{0}" y="{1}" width="{2}" height="{3}"/>'
    '<text text-anchor="middle" x="{4}" y="{5}">{6}</text><text text-anchor="middle" x="{4}" y="{7}">{8}</text>'
)

Point = tuple[datetime, int]


def bars(title: str, rows: Sequence[tuple[str, int]]) -> SafeString:
    """Bar chart: one bar a row, its number above it."""
    most, room = max([number for _label, number in rows] + [1]), (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    drawn = [
        _bar(LEFT + room * place, room, number / most, number, label) for place, (label, number) in enumerate(rows)
    ]
    return _frame(title, format_html_join("", BAR, drawn))


def _bar(left: float, room: float, share: float, number: int, label: str) -> tuple:
    tall = (FLOOR - TOP) * share
    middle = round(left + room / 2, 1)
    box = (round(middle - room * 0.36, 1), round(FLOOR - tall, 1), round(room * 0.72, 1), round(tall, 1))
    return (*box, middle, round(FLOOR - tall - 5, 1), number, HEIGHT - 9, label)


def steps(title: str, points: Sequence[Point], zone: ZoneInfo) -> SafeString:
    """Step chart of a number over time: level until it changes."""
    if len(points) < 2:
        return _frame(title, SafeString(""))
    begin, end = points[0][0], points[-1][0]
    most = max([number for _at, number in points] + [1])
    corners = [(_x(at, begin, end), round(FLOOR - (FLOOR - TOP) * number / most, 1)) for at, number in points]
    body = format_html('<path class="area" d="{}"/>{}{}', _path(corners), _scale(most), _days(begin, end, zone))
    return _frame(title, body)


def _x(at: datetime, begin: datetime, end: datetime) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * ((at - begin) / (end - begin)), 1)


def _path(corners: Sequence[tuple[float, float]]) -> str:
    line = "".join(f"H{x}V{y}" for x, y in corners[1:])
    return f"M{corners[0][0]},{FLOOR}V{corners[0][1]}{line}V{FLOOR}Z"


def _scale(most: int) -> SafeString:
    """Horizontal grid lines: the top, and half of it where that is a whole number."""
    marks = [(most, TOP)] + ([(most // 2, (TOP + FLOOR) / 2)] if most % 2 == 0 else [])
    return format_html_join(
        "",
        '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text text-anchor="end" x="{3}" y="{4}">{5}</text>',
        ((LEFT, WIDTH - RIGHT, y, LEFT - 6, y + 4, number) for number, y in marks),
    )


def _days(begin: datetime, end: datetime, zone: ZoneInfo) -> SafeString:
    """Time axis of five moments.

    Days where it is about days, else the time, with the day at both ends.
    """
    moments = [begin + (end - begin) * number / 4 for number in range(5)]
    anchors = ["start", "middle", "middle", "middle", "end"]
    rows = zip(anchors, moments, strict=True)
    return format_html_join(
        "",
        '<text text-anchor="{}" x="{}" y="{}">{}</text>',
        ((anchor, _x(at, begin, end), HEIGHT - 9, _tick(at, begin, end, zone)) for anchor, at in rows),
    )


def _tick(at: datetime, begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if end - begin > timedelta(days=3):
        return f"{local:%-d %b}"
    return f"{local:%-d %b %H:%M}" if at in (begin, end) else f"{local:%H:%M}"


def _frame(title: str, body: SafeString) -> SafeString:
    return format_html(
        '<svg class="picture" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}'
        '<line class="floor" x1="{}" x2="{}" y1="{}" y2="{}"/></svg>',
        WIDTH, HEIGHT, title, title, body, LEFT, WIDTH - RIGHT, FLOOR, FLOOR,
    )  # fmt: skip
