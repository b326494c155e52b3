"""Reply parsing: the writer's own text, without what is quoted; plain text of HTML mail.

Each line is looked at once, whatever is in it.
"""

import re
from collections.abc import Iterator
from html import unescape

QUOTED = re.compile(r"[ \t\xa0]{0,8}>")
LEFT_OUT = "[…]"
LONGEST_LINE = 300  # of what may be a client's own line above a quote
# The lines that Outlook and its like put above the letter they answer, in the languages of our readers.
FROM = re.compile(r"[*_ ]{0,3}(From|Von|De|Da|Van|Från|Fra|Od|Expéditeur|Remitente|Absender)\b.{0,3}:", re.I)
FIELD = re.compile(
    r"[*_ ]{0,3}(Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para|Asunto|Inviato"
    r"|Data|A|Oggetto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Wysłano|Do|Temat)\b.{0,3}:",
    re.I,
)
ORIGINAL = re.compile(r"-{3,12} ?[^\W\d_][\w .'’]{4,40} ?-{3,12}$")
FORWARDED = re.compile(r"forward|weitergeleitet|transféré|transfere|reenviado|inoltrat", re.I)
BREAKS = {"br", "p", "div", "tr", "li", "ul", "ol", "table", "hr", "pre", "h1", "h2", "h3", "h4", "h5", "blockquote"}
UNSEEN = {"script", "style", "title", "template"}
TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?![^\s/>])")


def written(text: str) -> str:
    """The writer's own lines, without what they quote.

    What is quoted between them is left out with a mark; all of it is taken, if nothing else is there.
    """
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = lines[: _end_of_answer(lines)]
    quoted = {number for number, line in enumerate(lines) if QUOTED.match(line)}
    quoted |= set(_introductions(lines, quoted))
    return "\n".join(_own(lines, quoted)).removesuffix(LEFT_OUT).strip() or text.strip()


def _own(lines: list[str], quoted: set[int]) -> Iterator[str]:
    began = gap = False
    for number, line in enumerate(lines):
        if number in quoted:
            gap = began
        elif line or began:
            if gap and line:
                yield LEFT_OUT
                gap = False
            began = began or bool(line)
            if not gap:
                yield line


def _introductions(lines: list[str], quoted: set[int]) -> Iterator[int]:
    """Numbers of the lines that introduce a quote: “On Monday at 10:00, Jordan wrote:”."""
    for number in quoted:
        if number - 1 in quoted:
            continue
        above = [n for n in range(max(0, number - 4), number) if lines[n] and n not in quoted][-2:]
        if not above or not lines[above[-1]].endswith((":", "：")) or len(lines[above[-1]]) > LONGEST_LINE:
            continue
        if _names_a_time(lines[above[-1]]):
            yield above[-1]
        elif len(above) == 2 and above[0] == above[1] - 1 and _names_a_time(lines[above[0]]):
            yield from above


def _names_a_time(line: str) -> bool:
    return len(line) <= LONGEST_LINE and any(char.isdigit() for char in line)


def _end_of_answer(lines: list[str]) -> int:
    """Number of the line at which the answered letter begins, with its headers.

    A letter that they forward is what they have to say.
    """
    began = False
    for number, line in enumerate(lines):
        if began and len(line) <= LONGEST_LINE and (ORIGINAL.match(line) or _is_header(lines, number)):
            before = " ".join(line[:LONGEST_LINE] for line in lines[max(0, number - 2) : number + 1])
            return len(lines) if FORWARDED.search(before) else number
        began = began or bool(line.strip("_- "))
    return len(lines)


def _is_header(lines: list[str], number: int) -> bool:
    if not FROM.match(lines[number]):
        return False
    return sum(bool(FIELD.match(line)) for line in lines[number + 1 : number + 6]) >= 2


def text_of_html(html: str) -> str:
    """Plain text of HTML, a line for each block; what it quotes has `>` before it."""
    lines: list[str] = []
    line: list[str] = []
    depth, unseen = 0, ""
    first, *pieces = _without_comments(html).split("<")
    line.append(first)
    for piece in pieces:
        tag, closed, words = piece.partition(">")
        found = TAG.match(tag) if closed else None
        markup = closed and (found or tag.startswith(("!", "?", "/")))
        if not markup and not unseen:
            line.append("<" + piece)
            continue
        end, name = (found[1], found[2].lower()) if found else ("", "")
        if name in UNSEEN:
            unseen = "" if end else name
        if name in BREAKS:
            lines.append(_line(line, depth))
            line = []
        if name == "blockquote":
            depth = max(0, depth + (-1 if end else 1))
        if not unseen:
            line.append(words)
    return "\n".join([*lines, _line(line, depth)]).strip()


def _line(words: list[str], depth: int) -> str:
    line = " ".join(unescape("".join(words)).split())
    return f"> {line}" if depth and line else line


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (begin := html.find("<!--", at)) >= 0 and (end := html.find("-->", begin)) >= 0:
        kept.append(html[at:begin])
        at = end + 3
    return "".join([*kept, html[at:]])
