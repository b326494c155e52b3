"""View of the confirmation link in an e-mail: GET changes nothing (scanners look), only a POST uses the link up."""

from django.shortcuts import render

from accounts.email_links import Purpose
from accounts.email_verification import disown, prove_mailbox
from accounts.forms import NewPasswordForm
from accounts.models import MailboxLink
from accounts.profile.changes import Taken, move
from accounts.sentences import clock, say
from accounts.throttle import make_known
from accounts.views.letters import by_mailbox, chosen_page, done_page, may_keep, password_form, password_page


@by_mailbox(Purpose.CONFIRM, Purpose.ALREADY_HERE, Purpose.MOVE)
def confirm(request, link: MailboxLink):
    """Dispatch a link by its purpose: confirm the address, decide about a second sign-up, or change the address."""
    if link.purpose == Purpose.MOVE:
        return _move(request, link)
    if link.purpose == Purpose.ALREADY_HERE:
        return _already_here(request, link)
    return _confirm(request, link) if may_keep(request, link) else _confirm_from_elsewhere(request, link)


def _move(request, link: MailboxLink):
    """Change of address, by its owner only.

    The letter may have gone to a mistyped address, and its reader must not get the account.
    """
    if request.user != link.account:
        return _move_page(request, "own.move_log_in", link)
    if request.method != "POST":
        return _move_page(request, "own.move_confirm", link, may_press=True)
    try:
        move(link)
    except Taken:
        return _move_page(request, "own.move_taken", link)
    return done_page(request, "own.moved", link)


def _move_page(request, key: str, link: MailboxLink, may_press=False):
    facts = {"sentence": say(key, email=link.email, old=link.account.email), "may_press": may_press}
    return render(request, "accounts/move.html", facts)


def _confirm(request, link: MailboxLink):
    if request.method == "POST":
        prove_mailbox(link)
        make_known(request, link.email)
        return done_page(request, "confirm.done", link)
    return render(request, "accounts/confirm.html", {"sentence": say("confirm.ask", email=link.email)})


def _confirm_from_elsewhere(request, link: MailboxLink):
    form = password_form(request, link, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return chosen_page(request, link, form)
    return password_page(request, form, "confirm.ask_password", link)


def _already_here(request, link: MailboxLink):
    keep, choice = may_keep(request, link), request.POST.get("choice", "")
    if choice == "keep" and keep:
        prove_mailbox(link, "already.kept")
        make_known(request, link.email)
        return done_page(request, "already.kept", link)
    if choice == "not_me":
        disown(link)
        return done_page(request, "already.not_me", link)
    form = password_form(request, link, request.POST if choice == "new" else None)
    return chosen_page(request, link, form) if form.is_valid() else _ask_what_to_do(request, link, form, keep)


def _ask_what_to_do(request, link: MailboxLink, form: NewPasswordForm, keep: bool):
    key = "already.ask" if keep else "already.ask_unproven"
    sentence = say(key, email=link.email, since=clock(link.account.created_at))
    return render(request, "accounts/already_here.html", {"form": form, "keep": keep, "sentence": sentence})
