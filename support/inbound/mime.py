"""MIME parsing: the headers, text and attachments of a mail as plain facts.

Runs in the child (inbound/child.py); no database. Headers are taken as they stand and read leniently: the email
package's own header parser breaks on some, and takes minutes over others.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.header import decode_header
from email.message import Message as Mime
from email.utils import getaddresses

from provisioning.sanitize import tried
from support.inbound.reply_parsing import text_of_html, written

LONGEST = 100_000  # characters of its words that are shown; all of it can be fetched as it came
LONGEST_HEADER = 4_000
MOST_PARTS = 300
AROUND_ADDRESSES = re.compile(r"[\s<>,;:\"()]+")
COMMENT = re.compile(r"\([^()]{0,200}\)")
FIELD_OF_REPORT = re.compile(r"(?im)^action[ \t]{0,9}:[ \t]{0,9}([a-z]{1,20})")
ID_IN_TEXT = re.compile(r"(?im)^message-id:\s{0,9}(<[^<>\s]{1,900}>)")
RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
DOUBTFUL = ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "feedback-id", "precedence")
MACHINES = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply")
NAMES = {"unknown-8bit": "", "x-unknown": "", "utf8mb4": "utf-8", "ansi": "cp1252", "iso-8859-8-i": "iso-8859-8"}


@dataclass
class Facts:
    """Facts of one mail, as the child hands them over."""

    email: str = ""
    sender: str = ""
    subject: str = ""
    body: str = ""
    whole: str = ""
    message_id: str = ""
    answers: str = ""
    automatic: bool = False
    unsure: bool = False
    bounce: bool = False
    files: list[tuple[str, str]] = field(default_factory=list)  # names and kinds, in the order of their contents


def facts_of(mail: Mime, envelope: str | None, ours: Iterable[str]) -> tuple[Facts, list[bytes]]:
    """Facts of a mail, and the contents of its attachments.

    `envelope`: the sender that the mail service names, None where it names none; `ours`: addresses we read.
    """
    parts = list(_parts(mail))
    words, files = _words_and_files(mail)
    whole = "\n\n".join(filter(str.strip, words))[:LONGEST]
    subject = header(mail, "Subject")
    email, sender = correspondents(mail, envelope, ours)
    bounce = is_failure_report(mail, parts, envelope)
    facts = Facts(
        email=email,
        sender=sender,
        subject=subject,
        body=written(whole) or subject,
        whole=whole.strip("\n"),
        message_id=_plain(mail, "Message-ID").strip(),
        answers="\n".join(_answers(mail, parts, bounce)),
        automatic=is_automatic(mail, envelope),
        unsure=is_doubtful(mail, email),
        bounce=bounce,
        files=[(name, kind) for name, kind, _content in files],
    )
    return facts, [content for _name, _kind, content in files]


def _plain(mail: Mime, name: str) -> str:
    """Raw value of the first header of that name, as it stands; without the bytes that no text is."""
    found = (str(value) for key, value in mail.raw_items() if key.lower() == name.lower())
    value = next(found, "")
    return decoded(value.encode("utf-8", "surrogateescape"), "") if not value.isascii() else value


def header(mail: Mime, name: str) -> str:
    """Readable value of a header: encoded words are decoded, one line."""
    value = _plain(mail, name)[:LONGEST_HEADER]
    pieces = tried(lambda: decode_header(value), [(value, None)])
    words = "".join(piece if isinstance(piece, str) else decoded(piece, charset or "") for piece, charset in pieces)
    return " ".join(words.split())


def addresses(mail: Mime, name: str) -> list[str]:
    """E-mail addresses in a header, looked for leniently where the standard parser finds none."""
    value = _plain(mail, name)[:LONGEST_HEADER]
    found = [address for _name, address in tried(lambda: getaddresses([value]), [])]
    return list(filter(_is_address, found)) or list(filter(_is_address, AROUND_ADDRESSES.split(value)))


def _is_address(word: str) -> bool:
    local, at, domain = word.rpartition("@")
    return bool(at and local and domain) and not AROUND_ADDRESSES.search(domain)


def correspondents(mail: Mime, envelope: str | None, ours: Iterable[str]) -> tuple[str, str]:
    """Reply address and sender of a mail. Never one of our own addresses: it would come back.

    Where no address is named, what stands there instead: a person may make something of it.
    """
    own = set(ours)

    def first(*names: str) -> str:
        return next((email for name in names for email in addresses(mail, name) if email.lower() not in own), "")

    sender = first("From", "X-Original-From", "Sender") or (envelope if envelope and "@" in envelope else "")
    email = first("Reply-To") or sender
    if email or addresses(mail, "From"):
        return email, sender
    said = header(mail, "From").strip("<> ")
    return said, said


def is_automatic(mail: Mime, envelope: str | None) -> bool:
    """True for automatic mail: written by a machine, as RFC 3834 and 3464 tell it.

    It is never to be answered, and no person waits for it.
    """
    submitted = COMMENT.sub("", _plain(mail, "Auto-Submitted")[:LONGEST_HEADER]).partition(";")[0].strip().lower()
    return submitted not in ("", "no") or is_from_nobody(mail, envelope) or is_report(mail)


def is_from_nobody(mail: Mime, envelope: str | None) -> bool:
    """True for the null sender.

    Its sender wants no answer, not even that it could not be delivered.
    """
    return "<>" in ((envelope or "<>") if envelope is not None else "", _plain(mail, "Return-Path").strip())


def is_report(mail: Mime) -> bool:
    """True for a delivery status notification (RFC 3464)."""
    report = str(tried(lambda: mail.get_param("report-type"), "") or "").lower()
    return kind_of(mail) == "multipart/report" and report in ("", "delivery-status")


def is_doubtful(mail: Mime, email: str) -> bool:
    """True for mail with signs of a machine that may be a person's all the same.

    Web forms and lists write like this. A person reads it, no machine answers.
    """
    names = {name.lower() for name, _value in mail.raw_items()}
    signs = names.intersection(DOUBTFUL) or any(name.startswith("list-") for name in names)
    local = email.lower().partition("@")[0]
    return bool(signs) or "@" not in email or local.startswith(MACHINES) or kind_of(mail) == "multipart/report"


def is_failure_report(mail: Mime, parts: list[Mime], envelope: str | None) -> bool:
    """True for a bounce: a report that says `failed`; not delayed, relayed, delivered or expanded.

    A mail service that takes mail apart leaves the report among the attachments of a mail from nobody.
    """
    if not (is_report(mail) or is_from_nobody(mail, envelope)):
        return False
    reports = [
        part for part in parts if kind_of(part) in ("message/delivery-status", "message/global-delivery-status")
    ]
    return any("failed" in map(str.lower, FIELD_OF_REPORT.findall(_fields(part))) for part in reports)


def _fields(part: Mime) -> str:
    """Fields of a delivery report; the email package takes each block of them for a message."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return _text(part)
    blocks = [block for block in payload if isinstance(block, Mime)]
    lines = [f"{name}: {value}" for block in blocks for name, value in block.raw_items()]
    return "\n".join(lines) or "\n".join(str(block.get_payload()) for block in blocks)


def _answers(mail: Mime, parts: list[Mime], bounce: bool) -> Iterator[str]:
    """Message-IDs that a mail refers to. A bounce names the letter that came back inside itself."""
    for name in ("References", "In-Reply-To"):
        if found := _plain(mail, name)[-LONGEST_HEADER:]:
            yield found
    for part in parts if bounce else ():
        if kind_of(part) in RETURNED:
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else None
            yield from [_plain(inner, "Message-ID")] if isinstance(inner, Mime) else []
            yield from ID_IN_TEXT.findall(_text(part)[:LONGEST]) if inner is None else []


def kind_of(part: Mime) -> str:
    """Content type of a part, in lower case."""
    return str(tried(part.get_content_type, "application/octet-stream")).lower()


def _parts(mail: Mime) -> Iterator[Mime]:
    """MIME parts of a mail, the outermost first; not what forwarded letters are made of.

    They are read leniently from here on.
    """
    waiting: list[Mime] = [mail]
    for _number in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        part.policy = policy.compat32
        yield part
        waiting += reversed(_inside(part))


def _inside(part: Mime) -> list[Mime]:
    payload = part.get_payload()
    if not isinstance(payload, list) or not kind_of(part).startswith("multipart/"):
        return []
    return [inner for inner in payload if isinstance(inner, Mime)]


def _words_and_files(mail: Mime) -> tuple[list[str], list[tuple[str, str, bytes]]]:
    """Text and attachments of a mail, in their order.

    Of two forms of the same words the plain one is taken. Everything else is an attachment.
    """
    words: list[str] = []
    files: list[tuple[str, str, bytes]] = []
    waiting = [(mail, False)]
    for _number in range(MOST_PARTS):
        if not waiting:
            break
        part, has_plain = waiting.pop()
        kind, inside = kind_of(part), _inside(part)
        if kind == "multipart/alternative":
            has_plain = any(kind_of(inner) == "text/plain" and _text(inner).strip() for inner in inside)
        waiting += [(inner, has_plain) for inner in reversed(inside)]
        if _are_words(part, kind) or (kind.startswith("multipart/") and not inside):
            words += [] if has_plain and kind == "text/html" else [_words(part, kind)]
        elif not kind.startswith("multipart/"):
            files.append((_name(part, kind), kind, _content(part)))
    return words, files


def _are_words(part: Mime, kind: str) -> bool:
    disposition = str(tried(part.get_content_disposition, "") or "")
    return kind in ("text/plain", "text/html") and disposition != "attachment" and not tried(part.get_filename, "")


def _words(part: Mime, kind: str) -> str:
    text = _text(part)
    return text_of_html(text) if kind == "text/html" else text.replace("\r\n", "\n")


def _text(part: Mime) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):
        return ""
    charset = str(tried(part.get_content_charset, "") or "")
    return decoded(_content(part), charset)


def _content(part: Mime) -> bytes:
    """Bytes of a part; of a forwarded letter all of it."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"\n\n".join(tried(inner.as_bytes, b"") for inner in payload if isinstance(inner, Mime))
    plain = payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "surrogateescape")
    if b" " in plain.strip() and "base64" in _plain(part, "Content-Transfer-Encoding").lower():
        return plain  # said to be base64, and is none
    found = tried(lambda: part.get_payload(decode=True), None)
    return found if isinstance(found, bytes) and (found or not plain.strip()) else plain


def _name(part: Mime, kind: str) -> str:
    given = str(tried(part.get_filename, "") or "")[:LONGEST_HEADER]
    pieces = tried(lambda: decode_header(given), [(given, None)])
    name = "".join(piece if isinstance(piece, str) else decoded(piece, charset or "") for piece, charset in pieces)
    return name or {"text/calendar": "invitation.ics", "message/rfc822": "letter.eml"}.get(kind, "")


def decoded(content: bytes, charset: str) -> str:
    """Text of these bytes, in the charset that the mail names, unless they say otherwise.

    What can be read as UTF-8 and is no ASCII is UTF-8.
    """
    text = content.replace(b"\0", b"") if charset[:5].lower() not in ("utf-1", "utf-3", "utf16", "utf32") else content
    if not text.isascii() and (read := _strictly(text, "utf-8")) is not None:
        return read
    named = NAMES.get(charset.lower(), charset) or "utf-8"
    for name in (named, named.replace("cp-", "cp").replace("x-", ""), "utf-8", "cp1252"):
        if (read := _strictly(text, name)) is not None:
            return read.replace("\0", "")
    return text.decode("latin-1")


def _strictly(content: bytes, charset: str) -> str | None:
    """Text decoded strictly; None if these bytes are no text in that charset, or it is none."""
    try:
        codecs.lookup(charset)
        return content.decode(charset)
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        return None
