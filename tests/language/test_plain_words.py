"""Plain English, idiomatic German: the words that are out, and the better ones, wherever a person reads them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.utils.translation.template import templatize

from support.tickets.draft_sentences import DOINGS, GERMAN, NEEDS, THINGS
from tests.language.catalogue import IN_TEMPLATES, PROJECT, sources, words_of_source
from tests.language.test_german import FOLDER

TEMPLATES = PROJECT / "templates"
OUT = {
    r"(?<!one )(?<!plain )\bletters?\b(?! outside)": "email",
    r"\be-mails?\b": "email",
    r"unwanted mail": "spam folder",
    r"\bslips?\b": "typo",
    r"\bis (ready|down) since\b|\bworks( again)? since\b": "has been ready since, is working again",
    r"\bwe (try again|try next|write to you|write again|keep at it)\b": "we'll try again, we'll write",
    r"\bby ourselves\b": "automatically",
    r"\bneed not\b|\bdo not have to do anything": "there's nothing you need to do",
    r"\bdone its work\b": "has already been used",
    r"\b(link|links|sign-up|it|they|moment) (is|are) over\b": "no longer works, has passed",
    r"\bis out\b": "will be signed out",
    r"\bput (it|the address|your address|their address) right\b": "correct",
    r"\bgive (the|your|another|a) \w*\s?(address|day|reason|domain)": "enter",
    r"\bwrite to me\b": "send it again",
    r"no page here|first page": "page not found, home page",
    r"\bother (people|person) waits? with you": "(drop it)",
    r"time you needed it by": "you missed your deadline because of us",
    r"\b[45]xx\b": "server error",
    r"\bwritten to\b": "told, emailed",
    r"\bheal(s|ed|ing)?\b": "recover",
    r"\bdebts?\b": "finish later",
    r"\bway in\b": "how to log in",
    r"(?<!, to )\bmend(s|ed)?\b": "fix",
    r"\btoo many times\b": "failed",
    r"\bwithout your confirmation\b": "(untrue)",
    r"\bthe person who helps\b": "support",
    r"\bthe machine\b": "automatically, our software",
    r"\bare? looking at it\b|\bis looking at (it|your)\b": "will look into it",
    r"\bYou have (had )?no\b|\bI do not know\b": "you don't have, I don't know",
    r"\b0\d:\d\d [AP]M\b": "5:32 PM",
}
NICHT = {
    r"(?i)brief(e|en|es|s)?\b": "E-Mail",
    r"(?i)\b(ein|aus)?ge?logg|\blogg(en|e|t)\b|\b(ein|aus)logg": "anmelden, abmelden",
    r"unerwünschte\w* Post": "Spam-Ordner",
    r"Passwort gilt": "funktioniert",
    r"bleiben (von selbst )?daran": "bleiben dran",
    r"\bgetan\b": "erledigt",
    r"\bIhre Bitte\b": "Ihre Anfrage",
    r"versuchen es (um \S+|gerade) wieder\b": "erneut",
    r"\bHilfe\b|Mensch, der hilft|\b[Ee]in Mensch (sieht|liest|antwortet|schreibt)": "unser Support",
    r"\bKnopf\b|[Dd]rücken Sie": "klicken, Button",
    r"\bSchalter\b": "Support",
    r"\b(Maschine|repariert|Reparatur)": "automatisch, behoben",
    r"von (selbst|allein)\b": "automatisch, Wir bleiben dran",
}


GERMAN_DRAFTS = {*GERMAN.values(), *(said for table in (THINGS, NEEDS, DOINGS) for said in table["de"].values())}


def out_of(text: str, table: dict[str, str]) -> list[str]:
    """What is out in this text, each with the better word; the names of facts are no words."""
    text = re.sub(r"%\(\w+\)\w|\{\w+\}", "…", text)
    flags = re.IGNORECASE if table is OUT else 0
    found = ((re.search(pattern, text, flags), better) for pattern, better in table.items())
    return [f"“{hit[0]}” in “{text}”: better {better}" for hit, better in found if hit]


def places(paths) -> list:
    return [pytest.param(path, id=str(path.relative_to(PROJECT))) for path in sorted(paths)]


def of_the_desk() -> Iterator[Path]:
    yield from (path for path in (PROJECT / "support").rglob("*.py") if "migrations" not in path.parts)
    yield from (PROJECT / "accounts" / "models").glob("*.py")


def sentences_of(path: Path) -> Iterator[str]:
    """Texts in a source that read like a sentence, docstrings left out; what is put into it is “…”."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(value.value) if isinstance(value, ast.Constant) else "…" for value in node.values)
        else:
            continue
        if re.match(r"[A-Z“…{%(]", text) and " " in text.strip():
            yield text


def plain_text_of(template: Path) -> Iterator[str]:
    """Marked texts of a template, and all of one that is not translated."""
    yield from (ast.literal_eval(found["text"]) for found in IN_TEMPLATES.finditer(templatize(template.read_text())))
    if template.name.endswith(("-body.txt", "-subject.txt")):
        yield re.sub(r"{%.*?%}|{{.*?}}", "…", template.read_text())


@pytest.mark.parametrize("path", places(sources()))
def test_of_sentences(path):
    assert [said for text in words_of_source(path) for said in out_of(text, OUT)] == []


@pytest.mark.parametrize("path", places(of_the_desk()))
def test_of_the_desk(path):
    english = [text for text in sentences_of(path) if text not in GERMAN_DRAFTS]
    assert [said for text in english for said in out_of(text, OUT)] == []


def test_of_german_drafts():
    assert [said for text in GERMAN_DRAFTS for said in out_of(text, NICHT)] == []


@pytest.mark.parametrize("path", places([*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")]))
def test_of_templates_and_emails(path):
    assert [said for text in plain_text_of(path) for said in out_of(text, OUT)] == []


@pytest.mark.parametrize("model", [model for model in apps.get_models() if model.__module__.split(".")[0] in
    ("accounts", "provisioning", "support")], ids=str)  # fmt: skip
def test_of_labels(model):
    fields = model._meta.get_fields()
    texts = [str(getattr(field, "help_text", "")) for field in fields]
    texts += [str(label) for field in fields for _value, label in getattr(field, "choices", None) or ()]
    assert [said for text in texts for said in out_of(text, OUT)] == []


def test_an_email_begins_with_a_capital_letter():
    """After “Hello Dana,” and an empty line."""
    begun = {path.name: _first_words(path) for path in (TEMPLATES / "emails").glob("*-words.txt")}
    assert {name: words for name, words in begun.items() if words[:1].islower()} == {}
    assert begun["welcome-words.txt"].startswith("Your account is here")


def _first_words(path: Path) -> str:
    return next((text for text in plain_text_of(path) if not text.startswith("Hello")), "")


def german() -> list[tuple[str, str]]:
    found = re.findall(r'^msgid (".*")\nmsgstr (".*")$', (FOLDER / "django.po").read_text(), re.MULTILINE)
    return [(ast.literal_eval(text), ast.literal_eval(words)) for text, words in found]


def test_of_german():
    assert len(german()) > 300
    assert [said for _text, words in german() for said in out_of(words, NICHT)] == []


def test_signing_up_is_not_called_logging_in_in_german():
    says_logging_in = re.compile(r"(?i)\ban(ge)?meld|meld\w* .*\ban\b")
    signing_up = [(text, said) for text, said in german() if re.search(r"(?i)\bsign(s|ed|ing)?[- ]up\b", text)]
    only = [(text, said) for text, said in signing_up if not re.search(r"(?i)\blog(s|ged)?[- ](in|out)\b", text)]
    assert len(only) > 20
    assert [pair for pair in only if says_logging_in.search(pair[1])] == []


@pytest.mark.parametrize(
    "text", ["The letter to dana@acme.example is late.", "If you need not wait", "Its link is over."]
)
def test_words_that_are_out_are_found(text):
    assert out_of(text, OUT)


@pytest.mark.parametrize("text", ["Please use at least one letter.", "These 40 people won't recover by themselves."])
def test_and_no_others(text):
    assert not out_of(text, OUT)
