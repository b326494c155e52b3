"""About a thousand strings that nobody means well with, made from a few of each kind."""

from collections.abc import Iterator
from itertools import product

MARKUP = (
    "<script>alert(1)</script>", "<ScRiPt src=//evil.example>", "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "\" onfocus=alert(1) autofocus x=\"", "' onmouseover='alert(1)", "\"><iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>", "<!--", "-->", "<![CDATA[", "]]>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example>", "<style>*{}</style>",
    "&lt;script&gt;", "&#60;script&#62;", "<b", "<<b>>", "<math><mi//xlink:href=\"data:x,<script>\">",
)  # fmt: skip
SQL = (
    "' OR '1'='1", "'; DROP TABLE accounts_account; --", "\" OR 1=1 --", "admin'--", "1; SELECT pg_sleep(9)",
    "' UNION SELECT password FROM accounts_account --", "\\'; --", "%' OR '%'='", "$$; SELECT 1; $$", "E'\\x41'",
    "'::text || (SELECT 1)", "\"accounts_account\"", "/* */", "' AND 1=CAST('a' AS int) --", "chr(39)",
)  # fmt: skip
TEMPLATES = (
    "{{ 7*7 }}", "{% load admin %}", "{{ settings.SECRET_KEY }}", "{% debug %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "{{''.__class__}}", "{name.__class__.__init__.__globals__}", "{0}", "{}", "{", "}", "{{", "}}", "{email!r}",
    "{time:>999999999}", "{% include 'x' %}", "{# #}", "[[7*7]]", "@(7*7)", "{unknown}",
)  # fmt: skip
FORMATS = ("%s", "%n", "%x%x%x%x", "%(password)s", "%d", "%", "%%", "%1$s", "%99999999d", "%(", "%c", "\\0", "%00")
PATHS = (
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd\x00.png", "%2e%2e%2f", "....//....//",
    "file:///etc/passwd", "//evil.example/", "\\\\evil.example\\x", "C:\\", "CON", "NUL", ".", "..", "~root", "|id",
    "`id`", "$(id)", "; id", "&& id", "\n/bin/id", "() { :;}; id",
)  # fmt: skip
LINES = (
    "Dana\r\nBcc: all@evil.example", "Dana\nSubject: other", "Dana\rX: y", "Dana%0d%0aBcc: x", "a\r\n\r\nbody",
    "Dana\u2028Bcc: x", "Dana\u2029Bcc: x", "Dana\x85Bcc: x", "Dana\x0bX", "Dana\x0cX", "\r\n.\r\n", "=?utf-8?q?=0d=0a?=",
    "Set-Cookie: a=b", "Dana\x1b[31m", "\x07", "\x7f", "\x00", "a\x00b", "\x1f", "\ufeff", "\ufffe", "\uffff",
)  # fmt: skip
LETTERS = (
    "\u202egnp.exe", "\u2066x\u2069", "\u200b", "\u200d", "\u2060", "Da\u0301na", "Z\u0335\u0321a\u0337l\u0334g",
    "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "👩‍👩‍👧‍👦", "🏴\U000e0067\U000e0062\U000e007f", "🇩🇪", "😀" * 50,
    "ﷺ", "İ", "ı", "ß", "ẞ", "ﬁ", "Ω", "Å", "\u1e9e", "𝔇𝔞𝔫𝔞", "ｄａｎａ", "д", "данa", "\u0378", "\U0010ffff", "\ue000",
    "\ufdd0", "ก็็็็็็", "\u115f", "\u3164", "\u2800", "­", "\u180e", "\u034f", "\U000e0001",
)  # fmt: skip
EMAILS = (
    "a@b", "@", "a@", "@b.example", "a@@b.example", "a b@c.example", "a@b..example", ".a@b.example", "a.@b.example",
    "\"a b\"@c.example", "\"<script>\"@c.example", "a@[127.0.0.1]", "a@[::1]", "a@localhost", "a@b.example,c@d.example",
    "a@b.example;c@d.example", "Dana <a@b.example>", "a@b.example\r\nBcc: c@d.example", "a@xn--mnchen-3ya.example",
    "a@münchen.example", "ü@b.example", "a@b.example.", "a%c@b.example", "a!c@b.example", "a+b+c@d.example", "a@-b.example",
    "' OR 1=1 --@b.example", "a'b@c.example", "a@b.example\x00", "\u202ea@b.example", "a@b\u3002example", "K@b.example",
    "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a@" + "b." * 120 + "example", "a@b.e", "postmaster@[", "a@b.example?x",
    "mailto:a@b.example", "a@b.example#x", "a(c)@b.example", "=?x?=@b.example", "{{7*7}}@b.example", "a@{email}.example",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "1e309", "NaN", "Infinity", "-0", "0x1F", "1" * 400, "2147483648", "9223372036854775808", "1_000",
    "٣٤٥", "１２３", "²", "½", "Ⅷ", "1/0", "+", "++49 30", "(((((", "ext", "00000000000000000000", "+49 30 901820;ext=1",
)  # fmt: skip
WORDS = (
    "__proto__", "constructor", "toString", "null", "undefined", "None", "True", "true", "false", "nil", "[]", "[object Object]",
    "admin", "root", "is_staff", "self", "<built-in>", "javascript:alert(1)", "data:text/html,x", "about:blank", "",
    " ", "\t", "\u00a0", "\u3000", ",", ";", ":", "'", "\"", "\\", "/", "?", "#", "&", "=", "&amp;", "*", "_", "__class__",
    "=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "eicar", "http://169.254.169.254/", "gopher://x", "x" * 300,
)  # fmt: skip
HUGE = (
    "x" * 301,
    "x" * 5_001,
    "x" * 100_000,
    "😀" * 20_000,
    "<" * 20_000,
    "\u0301" * 20_000,
    "a" * 1_001,
    "{" * 20_000,
)

KINDS = {
    "markup": MARKUP, "sql": SQL, "templates": TEMPLATES, "formats": FORMATS, "paths": PATHS, "lines": LINES,
    "letters": LETTERS, "emails": EMAILS, "numbers": NUMBERS, "words": WORDS, "huge": HUGE,
}  # fmt: skip
AROUND = ("{}", "Dana {}", "{} Sommer", "{0}{0}")


def strings(kind: str) -> Iterator[str]:
    """Each string alone, before and after a name, and doubled; huge ones alone."""
    around = AROUND[:1] if kind == "huge" else AROUND
    for string, place in product(KINDS[kind], around):
        yield place.replace("{0}", "{}").replace("{}", string)
