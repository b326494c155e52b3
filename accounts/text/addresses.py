"""E-mail address normalisation and validation: one form for an address, however it was typed, pasted or sent.

A domain is kept in ASCII, as letters travel and as a browser's e-mail field sends it (IDNA 2008, after the mapping
of UTS 46), and shown in its own script where that deceives nobody.
"""

import re
import unicodedata
from collections.abc import Iterator
from encodings import idna as idna2003
from urllib.parse import unquote

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.text.unicode import JOINERS, folded

LONGEST_TYPED = 1000  # characters, with all that stands around it
LONGEST_LOCAL, LONGEST_LABEL, LONGEST_DOMAIN, LONGEST_ADDRESS = 64, 63, 253, 254  # octets: RFC 5321, RFC 1035
WRAPPINGS = 5  # mailto: in brackets behind a name, and a comma at the end

ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL = re.compile(rf'{ATOM}(\.{ATOM})*|"([ !#-\[\]-~]|\\[ -~])*"')
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
HAS_TWO_SIDES = re.compile(r'("[^"]*"|[^\s@",;<>]+)@[^\s@,;<>]+')
NAMED = re.compile(r"[^<>]*<([^<>]*)>")  # Dana Sommer <dana@acme.example>
EXPLAINED = re.compile(r"([^\s@]+@[^\s@()]+)\s*\([^()]*\)")  # dana@acme.example (Dana Sommer)
QUOTED = re.compile("['\"‘“„«(\\[{]([^'\"]*@.*)['\"’”“»)\\]}]", re.DOTALL)
FULL_STOPS = re.compile("[。｡]")  # of East Asia; they part labels as ours do
# Whole words of these look like Latin ones: shown only where the domain ends in a script of its own, too.
LIKE_LATIN = {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "LISU"}
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"}

NO_ADDRESS = _("Enter an email address like name@example.com.")
TOO_LONG = _("This address is too long: email allows up to 254 characters.")
NAME_TOO_LONG = _("The part before the @ is too long: email allows up to 64 characters.")
NAME_NOT_ASCII = _("We can only write to addresses with plain letters (a to z), digits and signs before the @.")
NO_DOMAIN = _("We can't send email to what comes after the @. Enter a domain like example.com.")


def normal_email(typed: str) -> str:
    """Normalise an address to the form in which it is kept and looked for.

    What is no address comes back without what stood around it.
    """
    if len(typed) > LONGEST_TYPED:
        return typed.strip()
    local, at, domain = _unwrapped(FULL_STOPS.sub(".", folded(typed, besides=JOINERS))).rpartition("@")
    return f"{folded(local).lower()}{at}{in_ascii(domain.lower())}"


def check_address(email: str) -> None:
    """Validate a normalised address; ValidationError has the sentence that says why no letter can go there."""
    local, _at, domain = email.rpartition("@")
    if len(email) > LONGEST_TYPED:
        raise ValidationError(TOO_LONG, code="max_length")
    if not HAS_TWO_SIDES.fullmatch(email):
        raise ValidationError(NO_ADDRESS, code="invalid")
    if not local.isascii():
        raise ValidationError(NAME_NOT_ASCII, code="invalid")
    if not LOCAL.fullmatch(local):
        raise ValidationError(NO_ADDRESS, code="invalid")
    if len(local) > LONGEST_LOCAL:
        raise ValidationError(NAME_TOO_LONG, code="max_length")
    if len(email) > LONGEST_ADDRESS:
        raise ValidationError(TOO_LONG, code="max_length")
    if not is_domain(domain):
        raise ValidationError(NO_DOMAIN, code="invalid")


def in_ascii(domain: str) -> str:
    """Encode a domain for DNS (IDNA): müller.example as xn--mller-kva.example.

    In lower case only, where it cannot be encoded.
    """
    if domain.startswith("["):  # an IP address
        return domain
    try:
        return ".".join(_label_in_ascii(label) for label in domain.lower().split("."))
    except UnicodeError:
        return domain.lower()


def shown(email: str) -> str:
    """Format an address for people: its domain in its own script, unless that could be taken for another one."""
    local, _at, domain = email.rpartition("@")
    try:
        labels = [_label_in_unicode(label) for label in domain.split(".")]
    except UnicodeError:
        return email
    return f"{local}@{'.'.join(labels)}" if local and _deceives_nobody(labels) else email


def is_domain(domain: str) -> bool:
    """Return True if mail can be addressed to this ASCII domain; where it ends in a number, it is an IP address."""
    labels = domain.split(".")
    if len(domain) > LONGEST_DOMAIN or not all(map(_is_label, labels)):
        return False
    return domain == "localhost" or (len(labels) > 1 and len(labels[-1]) > 1 and not labels[-1].isdigit())


def _is_label(label: str) -> bool:
    try:
        return len(label) <= LONGEST_LABEL and bool(LABEL.fullmatch(label)) and label == _label_in_ascii(label)
    except UnicodeError:
        return False


def _unwrapped(text: str) -> str:
    """Strip a name, brackets, quotes, mailto: and the stop that ended the sentence."""
    for _again in range(WRAPPINGS):
        text = text.strip().rstrip(".,;:!?")
        found = NAMED.fullmatch(text) or EXPLAINED.fullmatch(text) or QUOTED.fullmatch(text)
        if found:
            text = found[1]
        elif text[:7].lower() == "mailto:":
            text = unquote(text[7:].partition("?")[0])
        else:
            text = text.lstrip("<").rstrip(">")
    return text.strip()


def _label_in_ascii(label: str) -> str:
    """Encode one label. Raises UnicodeError."""
    if label.isascii() and not label.startswith("xn--"):
        return label
    return _encoded(_label_in_unicode(label) if label.isascii() else label)


def _encoded(label: str) -> str:
    """Encode by IDNA 2008, with joiners only where the script wants them; signs it has no place for, by IDNA 2003."""
    if len(label) > LONGEST_LABEL:
        raise UnicodeError("label too long")
    for form in dict.fromkeys((label, folded(label))):
        try:
            return idna.alabel(idna.uts46_remap(form)).decode()
        except idna.IDNAError:
            continue
    if any(unicodedata.category(each) == "Cn" for each in label):
        raise UnicodeError("not assigned in Unicode")
    return idna2003.ToASCII(folded(label)).decode()


def _label_in_unicode(label: str) -> str:
    """Decode one label. Raises UnicodeError."""
    if not label.startswith("xn--"):
        return label
    if len(label) > LONGEST_LABEL:
        raise UnicodeError("label too long")
    try:
        return idna.ulabel(label)
    except idna.IDNAError:
        return idna2003.ToUnicode(label)


def _deceives_nobody(labels: list[str]) -> bool:
    """Homograph check: each label in one script, one that looks like Latin only before a last label not in Latin."""
    scripts = [set(_scripts(label)) for label in labels]
    return all(len(used) <= 1 for used in scripts) and (
        not labels[-1].isascii() or not any(used & LIKE_LATIN for used in scripts)
    )


def _scripts(label: str) -> Iterator[str]:
    """Yield the scripts of a label.

    A sign that is no letter counts as a script of its own and of no other, so that it is not shown.
    """
    for each in label:
        name = unicodedata.name(each, "?").split(" ")[0]
        kind = unicodedata.category(each)
        if kind[0] in "LM" and name != "COMBINING":
            yield "EAST ASIAN" if name in EAST_ASIAN else name
        elif not (each == "-" or kind == "Nd" or kind[0] == "M"):
            yield from ("a sign", name)
