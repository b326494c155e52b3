"""Mail as it comes: who is answered, who is a machine, what they wrote and what they sent along."""

from email.message import EmailMessage
from functools import reduce

import pytest

from support.inbound.child import read
from support.inbound.mime import LONGEST, Facts
from support.inbound.reply_parsing import text_of_html, written

OURS = ["support@arrivals.example", "hello@arrivals.example"]
KEY = "5f0c7c6e-1a2b-4c3d-8e9f-001122334455"
ENDED = "\r\n"


def facts(mail: bytes | str, envelope: str | None = None) -> Facts:
    return with_files(mail)[0]


def with_files(mail: bytes | str) -> tuple[Facts, list[bytes]]:
    posted = mail.encode() if isinstance(mail, str) else mail
    job = {"view": ["support.inbound.child", "Plain"], "content_type": "message/rfc822", "ours": OURS}
    [found] = read(job, posted)
    return found


def headed(*headers: str, body: str = "Hello") -> str:
    return ENDED.join([*headers, "", body])


DANA = "From: Dana <dana@acme.example>"


@pytest.mark.parametrize(
    ("headers", "email"),
    [
        ([DANA], "dana@acme.example"),
        (["From: dana@acme.example"], "dana@acme.example"),
        (["From: Sommer, Dana <dana@acme.example>"], "dana@acme.example"),
        (["From: Dana (at work) <dana@acme.example>"], "dana@acme.example"),
        (["From: <dana..s@acme.example>"], "dana..s@acme.example"),
        (["From: =?utf-8?q?D=C3=A4na?= <dana@acme.example>"], "dana@acme.example"),
        (["From: a@b.example, c@d.example"], "a@b.example"),
        (["FROM: dana@acme.example"], "dana@acme.example"),
        (["From: Dana"], "Dana"),
        (["From:"], ""),
        ([], ""),
        (["From: noreply@forms.example", "Reply-To: Dana <dana@acme.example>"], "dana@acme.example"),
        (["From: 'Dana' via Team <team@groups.example>", "Reply-To: dana@acme.example"], "dana@acme.example"),
        ([DANA, "Reply-To: support@arrivals.example"], "dana@acme.example"),
        ([DANA, "Reply-To: "], "dana@acme.example"),
        ([DANA, "Reply-To: nobody"], "dana@acme.example"),
        (["From: Support@arrivals.example"], ""),
        (["From: team@arrivals.example", "X-Original-From: dana@acme.example"], "team@arrivals.example"),
        (["From: hello@arrivals.example", "X-Original-From: dana@acme.example"], "dana@acme.example"),
    ],
    ids=str,
)
def test_whom_an_answer_goes_to(headers, email):
    assert facts(headed(*headers)).email == email


MACHINE, PERHAPS, PERSON = (True, None), (False, True), (False, False)


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ([], PERSON),
        (["Auto-Submitted: no"], PERSON),
        (["Auto-Submitted: No (a person)"], PERSON),
        (["Auto-Submitted: (by hand) no; x=y"], PERSON),
        (["Auto-Submitted: auto-replied"], MACHINE),
        (["AUTO-SUBMITTED: Auto-Generated"], MACHINE),
        (["Auto-Submitted: auto-replied (vacation); owner=x"], MACHINE),
        (["Auto-Submitted: auto-notified"], MACHINE),
        (["Return-Path: <>"], MACHINE),
        (["Return-Path: <dana@acme.example>"], PERSON),
        (["Content-Type: multipart/report; report-type=delivery-status; boundary=x"], MACHINE),
        (["Content-Type: multipart/report; report-type=disposition-notification; boundary=x"], PERHAPS),
        (["Content-Type: text/plain; x=delivery-status"], PERSON),
        (["Precedence: bulk"], PERHAPS),
        (["List-Id: <all.acme.example>"], PERHAPS),
        (["List-Unsubscribe: <https://acme.example/u>"], PERHAPS),
        (["X-Autoreply: yes"], PERHAPS),
        (["X-Auto-Response-Suppress: All"], PERHAPS),
        (["Subject: Out of office"], PERSON),
        (["Subject: Automatic reply: does not work"], PERSON),
    ],
    ids=str,
)
def test_who_is_a_machine(headers, who):
    found = facts(headed(DANA, *headers))
    assert found.automatic is who[0]
    assert who[1] is None or found.unsure is who[1]


@pytest.mark.parametrize(
    ("headers", "unsure"),
    [
        (["From: noreply@forms.example", "Reply-To: dana@acme.example"], False),
        (["From: no-reply@forms.example"], True),
        (["From: MAILER-DAEMON@acme.example"], True),
        (["From: Dana"], True),
    ],
)
def test_doubt_is_about_who_would_be_answered(headers, unsure):
    found = facts(headed(*headers))
    assert found.automatic is False and found.unsure is unsure


def report(action: str, status: str = "5.1.1", returned: str = "message/rfc822", more: str = "") -> str:
    letter = f"Message-ID: <{KEY}@arrivals.example>\r\nSubject: Welcome\r\nTo: dana@acme.example\r\n\r\nHello"
    return headed(
        "From: MAILER-DAEMON@mx.example",
        *filter(None, [more]),
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
        body=ENDED.join(
            [
                "--x\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you",
                "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n",
                f"Final-Recipient: rfc822; dana@acme.example\r\nAction: {action}\r\nStatus: {status}\r\n",
                f"--x\r\nContent-Type: {returned}\r\n\r\n{letter}",
                "--x--",
            ]
        ),
    )


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers", "message/global"])
@pytest.mark.parametrize(
    ("action", "bounce"),
    [
        ("failed", True),
        ("Failed", True),
        ("failed (bad address)", True),
        ("delayed", False),
        ("relayed", False),
        ("delivered", False),
        ("expanded", False),
    ],
)
def test_a_report_is_read_by_its_fields(action, bounce, returned):
    found = facts(report(action, returned=returned))
    assert (found.automatic, found.bounce) == (True, bounce)
    assert (KEY in found.answers) is bounce


def test_a_report_about_a_letter_in_a_thread_names_it_in_its_headers_too():
    found = facts(report("failed", returned="text/plain", more=f"In-Reply-To: <{KEY}@arrivals.example>"))
    assert found.bounce and KEY in found.answers


FORGED = [
    headed(DANA, "Content-Type: text/plain; x=delivery-status", body=f"Message-ID: <{KEY}@arrivals.example>"),
    headed("From: MAILER-DAEMON@x.example", body=f"550 no such user\r\n\r\nMessage-ID: <{KEY}@arrivals.example>"),
    headed(
        "From: MAILER-DAEMON@x.example", "Return-Path: <>", body="This is the qmail-send program\r\nAction: failed"
    ),
    headed(DANA, "Content-Type: message/delivery-status", body="\r\nAction: failed"),
    headed(
        DANA,
        "Content-Type: multipart/mixed; boundary=x",
        body="--x\r\nContent-Type: message/delivery-status\r\n\r\nx: y\r\n\r\nAction: failed\r\n--x--",
    ),
]


@pytest.mark.parametrize("mail", FORGED)
def test_what_is_no_report_is_no_bounce(mail):
    assert not facts(mail).bounce


def part(kind: str, content: str, *more: str) -> str:
    return ENDED.join([f"Content-Type: {kind}", *more, "", content])


def multi(kind: str, *parts: str, boundary: str = "x") -> str:
    inner = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


PICTURE = part(
    "image/png; name=a.png", "aGVsbG8=", "Content-Transfer-Encoding: base64", "Content-Disposition: inline"
)
PLAIN, HTML = part("text/plain", "The words"), part("text/html", "<p>The words</p>")
AS_IT_COMES = {
    "plain": PLAIN,
    "only HTML": HTML,
    "alternative": multi("alternative", PLAIN, HTML),
    "alternative, the plain one empty": multi("alternative", part("text/plain", " "), HTML),
    "alternative in mixed": multi("mixed", multi("alternative", PLAIN, HTML, boundary="y"), PICTURE),
    "related in alternative": multi("alternative", PLAIN, multi("related", HTML, PICTURE, boundary="y")),
    "signed": multi("signed", PLAIN, part("application/pkcs7-signature; name=smime.p7s", "AAAA")),
    "deep": reduce(lambda inner, name: multi("mixed", inner, boundary=name), "abcdefgh", PLAIN),
    "no boundary": "Content-Type: multipart/mixed\r\n\r\nThe words",
    "another boundary": "Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n\r\nThe words\r\n--y--",
    "broken base64": part("text/plain", "VGhlIHdvcmRz=!*", "Content-Transfer-Encoding: base64"),
    "base64 that is none": part("text/plain", "The words!", "Content-Transfer-Encoding: base64"),
    "odd encoding": part("text/plain", "The words", "Content-Transfer-Encoding: x-nothing"),
    "quoted-printable": part("text/plain", "The=20wor=\r\nds", "Content-Transfer-Encoding: quoted-printable"),
    "utf-7": part("text/plain; charset=utf-7", "The+ACA-words"),
    "odd type": part("text", "The words"),
    "no type": "\r\nThe words",
    "Word's own": multi("mixed", PLAIN, part("application/ms-tnef; name=winmail.dat", "AAAA")),
    "calendar": multi("alternative", PLAIN, part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR")),
}  # fmt: skip


@pytest.mark.parametrize("name", AS_IT_COMES)
def test_mail_as_it_comes(name):
    found = facts(DANA + "\r\n" + AS_IT_COMES[name])
    assert "The words" in found.body and "The words" in found.whole and found.whole.count("The words") == 1


@pytest.mark.parametrize(
    ("charset", "content", "reads"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode(), "Grüße"),
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("us-ascii", "Grüße".encode("latin-1"), "Grüße"),
        ("unknown-8bit", "Grüße".encode("latin-1"), "Grüße"),
        ("cp-850", "Grüße".encode("cp850"), "Grüße"),
        ("utf8mb4", "Grüße".encode(), "Grüße"),
        ("nonesuch", b"Gru\xdfe", "Gruße"),
        ("hex", b"Hello", "Hello"),
        ("iso-2022-jp", "こんにちは".encode("iso-2022-jp"), "こんにちは"),
        ("gb2312", "你好".encode("gb2312"), "你好"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
        ("", b"\xff\xfe\x00", "ÿþ"),
        ("x\x00y", b"Hello", "Hello"),
    ],
    ids=str,
)
def test_charsets_that_lie(charset, content, reads):
    mail = (
        f"{DANA}\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    )
    assert reads in facts(mail + content).whole


def test_words_on_both_sides_of_a_picture():
    mail = multi("mixed", part("text/plain", "Before"), PICTURE, part("text/plain", "After"))
    found, files = with_files(DANA + "\r\n" + mail)
    assert found.body == "Before\n\nAfter" and found.files == [("a.png", "image/png")] and files == [b"hello"]


def test_files_are_kept_with_their_names():
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "dana@acme.example", "Files"
    mail.set_content("See?")
    mail.add_attachment(b"\x00\xff", maintype="application", subtype="pdf", filename="Grüße.pdf")
    mail.add_attachment("One\n", filename="notes.txt")
    inner = EmailMessage()
    inner["Subject"] = "Forwarded"
    inner.set_content("The inner letter")
    mail.add_attachment(inner)
    found, files = with_files(mail.as_bytes())
    assert [name for name, _kind in found.files] == ["Grüße.pdf", "notes.txt", "letter.eml"]
    assert files[0] == b"\x00\xff" and files[1].strip() == b"One" and b"The inner letter" in files[2]
    assert found.body == "See?"


QUOTES = [
    ("Thanks.\n\nOn 25 Nov 2026, at 10:00, Jordan wrote:\n> Hello\n> you\n", "Thanks."),
    ("Danke.\n\nAm Mi., 25. Nov. 2026 um 10:00 Uhr schrieb Jordan <j@a.example>:\n\n> Hallo\n", "Danke."),
    ("Merci.\n\nLe mer. 25 nov. 2026 à 10:00, Jordan <j@a.example> a\nécrit :\n> Bonjour", "Merci."),
    ("Tack.\n\nDen 25 nov. 2026 kl. 10:00 skrev Jordan:\n> Hej", "Tack."),
    ("谢谢\n\nJordan 于2026年11月25日写道：\n> 你好", "谢谢"),
    ("Thanks.\n\n-----Original Message-----\nFrom: Jordan\nSent: x\n\nHello", "Thanks."),
    ("Danke.\n\nVon: Jordan\nGesendet: Mittwoch\nAn: Dana\nBetreff: Hallo\n\nHallo", "Danke."),
    ("Above.\n\nOn 25 Nov 2026 Jordan wrote:\n> Hello\n\nBelow.", "Above.\n\n[…]\nBelow."),
    ("> Does it work?\nYes.\n> And this?\nNo.", "Yes.\n[…]\nNo."),
    ("On 25 Nov 2026 Jordan wrote:\n> Hello\n\nOnly below.", "Only below."),
    ("> Only a quote", "> Only a quote"),
    ("See below.\n\n---------- Forwarded message ---------\nFrom: Kim\nDate: x\nSubject: y\n\nThe words", None),
    ("FYI\n\nBegin forwarded message:\nFrom: Kim\nDate: x\nSubject: y\n\nThe words", None),
    ("My steps:\n1. I log in\n2. It says 500", None),
    ("It says:\nFrom: here\nand then nothing", None),
    ("a > b", None),
]


@pytest.mark.parametrize(("text", "own"), QUOTES)
def test_what_they_wrote_themselves(text, own):
    assert written(text) == (text if own is None else own)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<style>p {}</style><script>x()</script>One", "One"),
        ("<!-- a > b -->One<!--[if mso]> x <![endif]-->", "One"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("a < b", "a < b"),
        ("<div>Yes</div><blockquote>Hello<br>you</blockquote>", "Yes\n\n> Hello\n> you"),
        ("<!-- never closed", "<!-- never closed"),
    ],
)
def test_the_words_of_a_page(html, text):
    assert text_of_html(html) == text


def test_what_stands_below_the_words_is_at_most_so_long():
    assert len(facts(headed(DANA, body="x" * 3 * LONGEST)).whole) == LONGEST
