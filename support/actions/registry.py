"""Registry of staff actions: one record each, with label, permission, function, message, proposed reason and form.

A new action is one record here and one function in actions.py, and where the desk proposes it a word in
diagnosis/findings.py; its permission stands in models/tickets.py and in a migration (CONTRIBUTING.md has an example).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import Account
from support.actions import actions
from support.actions.page_state import Seen
from support.forms import (
    ActForm,
    AddressForm,
    CompanyForm,
    DeadlineForm,
    DeleteForm,
    LetInForm,
    LinkForm,
    NoteForm,
    PutAsideForm,
    ReplyForm,
)
from support.models import Incident, Letter, Recovery, Ticket
from support.tickets import queue


@dataclass(frozen=True)
class Subject:
    """Rows that an action is about, locked for its duration, and their state."""

    state: Any
    account: Account | None = None
    ticket: Ticket | None = None
    incident: Incident | None = None
    letters: list[Letter] = field(default_factory=list)  # of a reply
    recovery: Recovery | None = None


@dataclass(frozen=True)
class StaffAction:
    """One staff action: `do(subject, actor, words, seen)` runs it, `done` is the message afterwards.

    `words` is the cleaned data of `form`, whose reason is proposed as `reason`. With `on_ticket` it is open for every
    open ticket, with `on_account` for every account, with `while_unfinished` until that is active. With `kicks` the
    engine starts on the account at once. What has changed since the page was made stops it, unless `in_any_state`.
    """

    label: str | Promise
    permission: str
    do: Callable[[Subject, Account, dict, Seen], object]
    done: str | Promise
    reason: str | Promise = ""
    form: type[forms.Form] = ActForm
    on_ticket: bool = False
    on_account: bool = False
    while_unfinished: bool = False
    in_any_state: bool = False
    kicks: bool = False


def _let_in(subject, actor, words, seen):
    pay_by = timezone.now() + timedelta(days=words["days"])
    actions.let_in(subject.account, actor, words["reason"], pay_by)


def _put_aside(subject, actor, words, seen):
    until = timezone.now() + timedelta(hours=words["hours"])
    actions.put_aside(subject.ticket, actor, words["reason"], words["wakes_on"], until)


def _reply(subject, actor, words, seen):
    draft, closes = words["draft"], words["then_close"]
    actions.reply(subject.ticket, actor, words["body"], draft, seen.key, then_close=closes)


def _on(part: str, act: Callable, *names: str) -> Callable:
    """Function of an action on this part of its subject, with these fields of its form, else with the reason."""
    fields = names or ("reason",)
    return lambda subject, actor, words, seen: act(getattr(subject, part), actor, *(words[name] for name in fields))


def _once_on_account(act: Callable) -> Callable:
    return lambda subject, actor, words, seen: act(subject.account, actor, words["reason"], seen.key)


t = gettext_lazy
ACTIONS: dict[str, StaffAction] = {
    "recover": StaffAction(
        t("Recover"),
        "support.recover",
        _on("account", actions.recover),
        done=t("It's being set up again now."),
        reason=t("Tried again by hand"),
        kicks=True,
    ),
    "let_in": StaffAction(
        t("Let in, finish later"),
        "support.let_in",
        _let_in,
        done=t("They're in; the rest will be finished later."),
        reason=t("They need to get in before everything is done"),
        form=LetInForm,
    ),
    "send_link": StaffAction(
        t("Email them how to log in"),
        "support.reply",
        _once_on_account(actions.send_link),
        done=t("An email saying how to log in is on its way. There's no need to send it again."),
        reason=t("They couldn't log in"),
    ),
    "correct_address": StaffAction(
        t("Correct their address"),
        "support.correct_address",
        _on("account", actions.correct_address, "reason", "email"),
        done=t("The welcome email will go to the new address."),
        form=AddressForm,
        kicks=True,
    ),
    "vouch": StaffAction(
        t("Vouch for them, send a new-password link"),
        "support.vouch",
        _once_on_account(actions.vouch),
        done=t("An email with a link for a new password is on its way."),
    ),
    "end_sessions": StaffAction(
        t("Log them out everywhere"),
        "support.vouch",
        _on("account", actions.end_sessions),
        done=t("They've been logged out everywhere. Their password still works."),
    ),
    "reply": StaffAction(
        t("Send"),
        "support.reply",
        _reply,
        done=t("Your reply is on its way."),
        form=ReplyForm,
        on_ticket=True,
    ),
    "put_aside": StaffAction(
        t("Put aside"),
        "support.put_aside",
        _put_aside,
        done=t("It'll come back by itself."),
        reason=t("Waiting"),
        form=PutAsideForm,
        on_ticket=True,
    ),
    "hand_over": StaffAction(
        t("Hand over to the owner"),
        "support.hand_over",
        _on("ticket", actions.hand_over),
        done=t("The owner has it now."),
        on_ticket=True,
    ),
    "mark_abusive": StaffAction(
        t("Hide or show their message"),
        "support.mark_abusive",
        _on("ticket", actions.mark_abusive),
        done=t("Done."),
        reason=t("Nobody should have to read this twice"),
        on_ticket=True,
    ),
    "close": StaffAction(
        t("Close"),
        "support.close",
        _on("ticket", lambda ticket, actor, reason: queue.close(ticket, reason, actor)),
        done=t("The ticket is closed."),
        reason=t("Answered"),
        on_ticket=True,
    ),
    "undo_reply": StaffAction(
        t("Undo"),
        "support.reply",
        lambda subject, actor, words, seen: actions.undo_reply(UUID(seen.state["reply"]), actor),
        done=t("It was not sent. Your words are in the form again."),
        form=forms.Form,
    ),
    "add_note": StaffAction(
        t("Keep the note"),
        "support.add_note",
        _on("account", actions.add_note, "note"),
        done=t("The note is kept. They never see it."),
        form=NoteForm,
        on_account=True,
        in_any_state=True,
    ),
    "correct_company": StaffAction(
        t("Correct the company name"),
        "support.correct_company",
        _on("account", actions.correct_company, "reason", "company"),
        done=t("The company name is corrected."),
        reason=t("They told us the right name"),
        form=CompanyForm,
        on_account=True,
        kicks=True,
    ),
    "note_deadline": StaffAction(
        t("Note this deadline"),
        "support.reply",
        _on("account", actions.note_deadline, "needed_by", "needed_because"),
        done=t("The deadline is noted. They come first when it is near."),
        form=DeadlineForm,
        on_account=True,
        while_unfinished=True,
        in_any_state=True,
    ),
    "delete_account": StaffAction(
        t("Delete everything about them"),
        "support.delete_on_request",
        _on("account", actions.delete_account, "proof", "reference"),
        done=t("Everything about them is deleted. Nothing more goes out to them."),
        form=DeleteForm,
        on_account=True,
        in_any_state=True,
    ),
    "link_account": StaffAction(
        t("Link to an account"),
        "support.link_account",
        _on("ticket", actions.link_account, "reason", "whose"),
        done=t("The ticket belongs to that account now."),
        form=LinkForm,
    ),
    "stop_selected": StaffAction(
        t("Stop"),
        "support.recover",
        _on("recovery", actions.stop_selected),
        done=t("Stopped. Whoever is under way goes on."),
        reason=t("I want to look first"),
    ),
    "recover_all": StaffAction(
        t("Recover everybody"),
        "support.recover_all",
        _on("incident", actions.recover_all),
        done=t("One person first, then five, then the rest. It stops by itself if two of the last five fail."),
        reason=t("The service is working again"),
    ),
    "stop_recovery": StaffAction(
        t("Stop"),
        "support.recover_all",
        _on("incident", actions.stop_recovery),
        done=t("Stopped. Those already started will carry on."),
        reason=t("I want to look first"),
    ),
}
ON_ACCOUNT = tuple(name for name, action in ACTIONS.items() if action.on_account)
ON_TICKET = tuple(name for name, action in ACTIONS.items() if action.on_ticket)
