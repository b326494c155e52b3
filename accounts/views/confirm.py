"""The link in a letter. Looking changes nothing (scanners look); only a press of the button uses it up."""

from django.shortcuts import render

from accounts import claims
from accounts.confirm import choose_password, disown, prove_mailbox
from accounts.forms import NewPasswordForm
from accounts.links import Purpose
from accounts.messages import clock, say
from accounts.models import MailboxLink
from accounts.throttle import make_known
from accounts.views.letters import by_mailbox, done_page, password_page


@by_mailbox(Purpose.CONFIRM, Purpose.ALREADY_HERE)
def confirm(request, link: MailboxLink):
    if link.purpose == Purpose.ALREADY_HERE:
        return _already_here(request, link)
    return _confirm(request, link) if _may_keep(request, link) else _confirm_from_elsewhere(request, link)


def _may_keep(request, link: MailboxLink) -> bool:
    """Whether the password may stay. A stranger may have signed up with this address before its owner did:
    a first proof from a browser that cannot show it is the owner's replaces whatever password is there."""
    return bool(link.account.mailbox_proven_at) or claims.is_theirs(request, link.account)


def _confirm(request, link: MailboxLink):
    if request.method == "POST":
        prove_mailbox(link)
        make_known(request, link.email)
        return done_page(request, "confirm.done", link)
    return render(request, "accounts/confirm.html", {"sentence": say("confirm.ask", email=link.email)})


def _confirm_from_elsewhere(request, link: MailboxLink):
    form = NewPasswordForm(link.account, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _chosen(request, link, form)
    return password_page(request, form, "confirm.ask_password", link)


def _already_here(request, link: MailboxLink):
    keep, choice = _may_keep(request, link), request.POST.get("choice", "")
    if choice == "keep" and keep:
        prove_mailbox(link, "already.kept")
        make_known(request, link.email)
        return done_page(request, "already.kept", link)
    if choice == "not_me":
        disown(link)
        return done_page(request, "already.not_me", link)
    form = NewPasswordForm(link.account, request.POST if choice == "new" else None)
    return _chosen(request, link, form) if form.is_valid() else _ask_what_to_do(request, link, form, keep)


def _ask_what_to_do(request, link: MailboxLink, form: NewPasswordForm, keep: bool):
    key = "already.ask" if keep else "already.ask_unproven"
    sentence = say(key, email=link.email, since=clock(link.account.created_at))
    return render(request, "accounts/already_here.html", {"form": form, "keep": keep, "sentence": sentence})


def _chosen(request, link: MailboxLink, form: NewPasswordForm):
    choose_password(link, form.cleaned_data["password"], claims.hash_of(request))
    make_known(request, link.email)
    return done_page(request, "password.changed", link)
