"""Composing of e-mails (template, language, link, Message-ID), and their hand-over to the mail service."""

import re
from datetime import timedelta
from email.utils import parseaddr
from threading import Semaphore

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import email_links
from accounts.middleware.preferences import zone_of
from accounts.models import Account, MailboxLink
from provisioning.emails.delivery import give_back_connections, hand_over
from provisioning.emails.rate_limit import Letter, stamp
from provisioning.emails.recipients import behind_now, facts_now, note_what_it_says
from provisioning.exceptions import NOT_OWED, StepFailed
from provisioning.humanize import humanize_facts, say_when
from provisioning.models import Step

LATE = timedelta(minutes=5)
COMPOSING = Semaphore(8)  # letters written at once in a process: each holds a connection to the database
NAMED_IN_LETTERS = (_("mail"), _("workspace"))  # a platform's own steps keep the names it gave them
Purpose = MailboxLink.Purpose
BY_THE_DESK = {"by_the_desk": True}  # among a letter's facts
WAITS_FOR_NOTHING = ("password_changed", "moved", "second_step_removed")
# Which letters carry a link, what it is for, and the page that it leads to.
LINKS = {
    "welcome": (Purpose.CONFIRM, "confirm"),
    "confirm_again": (Purpose.CONFIRM, "confirm"),
    "already_here": (Purpose.ALREADY_HERE, "confirm"),
    "reset": (Purpose.RESET, "choose_password"),
    "staff_invited": (Purpose.RESET, "choose_password"),
    "move": (Purpose.MOVE, "confirm"),
}
# Which lead to a page about what they were owed for; its link is signed and bound to the address, with this salt.
BOUND = {"follow_up": "after", "come_back": "after"}
AFTER = "support.after"


def send(name: str, step: Step) -> str:
    """Compose a letter of what is true now, and hand it over. Returns its Message-ID, the same at every try.

    Raises StepFailed: Withdrawn if its reason is gone, Held until its turn comes.
    """
    with COMPOSING:
        if not Step.objects.owed().filter(pk=step.pk, key=step.key).exists():
            raise StepFailed("this letter is not owed any more", failure=NOT_OWED, permanent=True)
        step.facts = facts_now(step)
        if not step.account.canary:
            stamp(_as_counted(name, step))
        message = compose(name, step)
        give_back_connections()
    hand_over(message)
    return message.extra_headers["Message-ID"]


def _as_counted(name: str, step: Step) -> Letter:
    """The letter as the rate limit counts it, before it is written.

    A link that has to wait must not end those that are in the mailbox already.
    """
    name, account = _addressed(name, step)
    by_a_person = "words" in step.facts or BY_THE_DESK.items() <= step.facts.items()
    held = name not in WAITS_FOR_NOTHING and not by_a_person
    to = _to(account, step)
    return Letter(step.key, to, name, bool(account.mailbox_proven_at) and to == account.email, held)


def _to(account: Account, step: Step) -> str:
    return step.facts.get("to") or account.email


def compose(name: str, step: Step) -> EmailMultiAlternatives:
    """E-mail message for a step, in the language its reader signed up in or chose since.

    What the desk wrote by hand stays in the desk's.
    """
    name, account = _addressed(name, step)
    by_hand = "words" in step.facts
    with translation.override(settings.LANGUAGE_CODE if by_hand else account.language):
        return _compose(name, account, step, by_hand)


def _compose(name: str, account: Account, step: Step, by_hand: bool) -> EmailMultiAlternatives:
    now, zone = timezone.now(), zone_of(account)
    context = {
        "account": account,
        "site": settings.SITE_URL,
        "support": settings.SUPPORT_EMAIL,
        "link": _link(name, account, step),
        "late_since": step.created_at if now - step.created_at > LATE else None,
        "facts": step.facts | humanize_facts(step.facts | {"zone": zone.key}, now),
        "things": ", ".join(gettext(thing) for thing in step.facts.get("what", [])),
        "by_hand": by_hand,
    }
    if name == "welcome":
        outage = behind_now(account)
        note_what_it_says(step, bool(outage))
        since = say_when(outage.began_at, now, zone) if outage else ""
        context["outage"] = outage and {"thing": gettext(outage.dependency_id), "since": since}
    context["subject"] = " ".join(_words(f"{name}-subject.txt", context).split())
    words = re.sub(r"\n{3,}", "\n\n", _words(f"{name}-words.txt", context)).strip()
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("emails/_letter.txt", context | {"words": words}),
        to=[_to(account, step)],
        reply_to=[settings.SUPPORT_EMAIL],
        headers={
            "Message-ID": message_id(step),
            "Auto-Submitted": step.facts.get("auto_submitted", "auto-generated"),
        },
    )
    linked = mark_safe(urlize(words, autoescape=True)) if by_hand else _link_ours(words)
    html = render_to_string("emails/_letter.html", context | {"words": linked})
    message.attach_alternative(html, "text/html")
    return message


def _words(template: str, context: dict) -> str:
    return render_to_string("emails/_words.txt", context | {"template": f"emails/{template}"})


def _link_ours(words: str) -> SafeString:
    """Escaped words, with links to our own pages only.

    What somebody typed as a name may look like an address, too.
    """
    ours = re.escape(escape(settings.SITE_URL)) + r"/\S*"
    return mark_safe(re.sub(ours, r'<a href="\g<0>">\g<0></a>', escape(words)))


def _addressed(name: str, step: Step) -> tuple[str, Account]:
    """Template and recipient of a letter.

    Who wanted a letter at an address that is somebody else's gets none there: its owner is told instead.
    """
    wanted = {"welcome": step.account.address_taken, "move": step.facts.get("to", "")}.get(name)
    owner = Account.objects.filter(email=wanted).first() if wanted else None
    return ("already_here", owner) if owner else (name, step.account)


def _link(name: str, account: Account, step: Step) -> str:
    if name in BOUND:
        return settings.SITE_URL + reverse(BOUND[name], args=[email_links.bound(step.occasion, account, AFTER)])
    if name not in LINKS:
        return ""
    purpose, page = LINKS[name]
    to = step.facts.get("to", "") if name == "move" else ""
    return settings.SITE_URL + reverse(page, args=[email_links.hand_out(account, purpose, step.key, to)])


def message_id(step: Step) -> str:
    """Message-ID of a step's letter: its key at the sender's domain, the same at every try."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{step.key}@{domain}>"
