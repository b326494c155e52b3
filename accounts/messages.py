"""Every sentence that depends on the state of an account, by key. The diary records the keys people saw.

Rules: what is safe first; ours if it is ours; never "sent" before it was handed over; a time only from the
scheduler; no two of them may contradict each other whatever order a person meets them in.
"""

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

SENTENCES = {
    # Signing up. The same words whether the address was free or taken.
    "receipt.heading": _("We have your sign-up, {name}."),
    "receipt.safe": _("Your details are saved. You do not need to sign up again."),
    "receipt.if_taken": _(
        "If you already had an account with {email}, nothing in it was changed, and the letter says how to get in."
    ),
    "signup.unsaved": _(
        "We could not reach our database, so nothing was saved. What you typed is still here except the "
        "password. Please type it again and press the button in a minute."
    ),
    "signup.unsure": _(
        "Our database went away while it was saving, so we cannot tell yet whether it did. Please type the "
        "password again and press the button once more: a second press never makes a second account."
    ),
    "database.away": _(
        "Our database is not answering, so this page could not do what you asked. Nothing you had saved with us "
        "before is lost. Please try again in a minute."
    ),
    # Logging in.
    "login.no_match": _("That e-mail and password do not match."),
    "login.ways_on": _(
        "Look for a slip in the address, choose a new password, or write to us. If you have just signed up, "
        "your sign-up is safe with us."
    ),
    "login.unknown": _("We don't have an account with that email. Would you like to create one?"),
    "login.suspended": _(
        "Your password is right, but this account has been suspended. Write to us and a person will answer."
    ),
    # The waiting room, for whoever proved that the account is theirs.
    "waiting.on_its_way": _("Your account is safe and we are setting it up. It usually takes under a minute."),
    "waiting.late": _(
        "Your account is safe and your password works. Setting it up is taking longer because of a fault on "
        "our side. We keep at it by ourselves; you do not have to do anything."
    ),
    "waiting.gave_up": _(
        "Your account is safe. Setting it up failed on our side too many times, so we stopped repeating it and "
        "a person is looking at it. Your number is {reference}; please don't sign up again."
    ),
    "waiting.ready": _("Your account is ready."),
    "waiting.may_enter": _("Your workspace is ready and you can go in."),
    "waiting.next_try": _("We try again at {time}."),
    "waiting.trying_now": _("We are trying again now."),
    "waiting.leave": _("You can close this page and come back; the work goes on without it."),
    "waiting.suspended": _("This account has been suspended. Write to us and a person will answer."),
    "waiting.stranger": _("Log in to see where your sign-up stands."),
    # One line a step.
    "saved.done": _("Your details are saved."),
    "welcome_email.open": _("The letter to {email} has not gone out yet."),
    "welcome_email.late": _("The letter to {email} is late: our mail service did not take it."),
    "welcome_email.done": _("The letter to {email} was handed to the mail service at {time}."),
    "welcome_email.dead": _("The letter to {email} could not be delivered. Is the address right?"),
    "workspace.open": _("Your workspace is not ready yet."),
    "workspace.late": _("Your workspace is late: creating it failed on our side at {time}."),
    "workspace.done": _("Your workspace is ready since {time}."),
    "workspace.dead": _("Your workspace could not be created. A person is looking at it."),
    "other.open": _("{step}: not ready yet."),
    "other.late": _("{step}: late, it failed on our side at {time}."),
    "other.done": _("{step}: ready since {time}."),
    "other.dead": _("{step}: failed. A person is looking at it."),
    # The link in a letter.
    "confirm.ask": _("Press the button to confirm that {email} is your address."),
    "confirm.done": _("Thank you, {email} is confirmed."),
    "confirm.void": _("This link does not work any more. Log in, and we will send a new one if you need it."),
    # The state of the whole platform, the same for everybody who looks.
    "outage.mail": _(
        "Our e-mails are running late for everyone right now. What you saved with us is safe, and you do not "
        "need to sign up again. We try again at {time}."
    ),
    "outage.workspace": _(
        "New workspaces are running late for everyone right now. What you saved with us is safe, and you do not "
        "need to sign up again. We try again at {time}."
    ),
    "outage.other": _("Setting up new accounts is running late for everyone right now. We try again at {time}."),
    # Home.
    "home.welcome": _("Welcome, {name}."),
    "home.letter_owed": _("Your welcome letter has not gone out yet. You can work meanwhile; we keep trying."),
    "home.debt": _("Still to come: {what}. You can work meanwhile; we keep trying and write when it is there."),
    # Writing to us.
    "contact.taken": _(
        "Your message has reached us. If something of yours was stuck, we are repairing it now. The answer goes "
        "by e-mail to the address you gave."
    ),
    "contact.unsaved": _(
        "We could not reach our database, so your message was not saved. It is still in the form below; please "
        "press the button again in a minute, or write to {support}."
    ),
}


def say(key: str, **facts) -> SafeString:
    """The sentence for a page, its facts escaped."""
    text = str(SENTENCES[key])
    return format_html(text, **facts) if facts else format_html("{}", text)


def clock(moment) -> SafeString:
    """A moment as people read it: its time of day in UTC, and the machine's form for the browser to localise."""
    moment = timezone.localtime(moment)
    day = "" if moment.date() == timezone.localdate() else f"{moment:%-d %b} "
    return format_html(
        '<time datetime="{}">{}{} UTC</time>', moment.isoformat(timespec="seconds"), day, f"{moment:%H:%M}"
    )
