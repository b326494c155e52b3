"""Message catalogue: every sentence that depends on the state of an account, by key.

The audit log records the keys that people saw. Rules: what is safe first; ours if it is ours; never "sent" before it
was handed over; a time only from the scheduler; no two of them may contradict each other whatever order a person
meets them in.
"""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.text.addresses import shown

SENTENCES = {
    # Signing up. The same words whether the address was free or taken.
    "receipt.heading": _("We have your sign-up, {name}."),
    "receipt.safe": _("Your details are saved. You don't need to sign up again."),
    "receipt.if_taken": _(
        "If you already had an account with {email}, nothing in it has changed, and our email tells you how to log "
        "in."
    ),
    "signup.unsaved": _(
        "We couldn't reach our database, so nothing was saved. Everything you typed is still here except the "
        "password. Please type it again and press the button in a minute."
    ),
    "signup.unsure": _(
        "We lost our database while it was saving, so we can't tell yet whether it did. Please type the password "
        "again and press the button once more. You won't end up with two accounts."
    ),
    "signup.busy": _(
        "So many people are signing up right now that we couldn't take your sign-up, and nothing was saved. "
        "Everything you typed is still here except the password. Please type it again and press the button in half "
        "a minute."
    ),
    "signup.typo": _("You entered {email}. Did you mean {meant}? If not, there's nothing to correct."),
    "database.read_only": _(
        "We can't save anything in our database right now, so this page couldn't do what you asked. Nothing you had "
        "already saved with us is lost. Please try again in a minute."
    ),
    "database.away": _(
        "Our database isn't answering, so this page couldn't do what you asked. Nothing you had already saved with "
        "us is lost. Please try again in a minute."
    ),
    # Logging in.
    "login.no_match": _("That email and password don't match."),
    "login.ways_on": _(
        "Check the email address for typos, choose a new password, or write to us. Nothing you have with us has "
        "changed."
    ),
    "login.unknown": _("We don't have an account with that email. Would you like to create one?"),
    "login.suspended": _(
        "Your password is right, but this account has been suspended. Write to us and a person will answer."
    ),
    "throttle.wait": _(
        "There have been too many tries, so we've paused this for a while to keep strangers from guessing. Nothing "
        "you have with us is changed or lost. You can try again at {time}."
    ),
    "throttle.ways_on": _(
        "If you can't wait, you can also get in by email: ask for a link, choose a new password with it, and log in "
        "on the same device."
    ),
    "busy": _(
        "More people are coming in right now than we can check at once. Nothing you have with us is changed or "
        "lost. Please go back and press the button again in half a minute."
    ),
    # The waiting room, for whoever proved that the account is theirs.
    "waiting.on_its_way": _("Your account is safe and we're setting it up. It usually takes under a minute."),
    "waiting.held_up": _("Your account is safe and we're setting it up. It's taking longer than usual right now."),
    "waiting.late": _(
        "Your account is safe and your password works. Setting it up is taking longer because of a fault on our "
        "side. We'll keep trying; there's nothing you need to do."
    ),
    "waiting.gave_up": _(
        "Your account is safe. Setting it up failed on our side, so we've stopped trying and passed it on to a "
        "person. Your reference number is {reference}; please don't sign up again."
    ),
    "waiting.address": _(
        "Your account is safe. Our email to {email} couldn't be delivered, so there may be a typo in the address. "
        "Please correct it here, and we'll send the email again."
    ),
    "waiting.ready": _("Your account is ready."),
    "waiting.may_enter": _("Your workspace is ready and you can go in."),
    "waiting.next_try": _("We'll try again at {time}."),
    "waiting.trying_now": _("We're trying again now."),
    "waiting.suspended": _("This account has been suspended. Write to us and a person will answer."),
    "waiting.needed_by": _("You need it by {time}. Support can see that, and will help you first if it's late."),
    "waiting.needed_passed": _(
        "You needed it by {time}, and it wasn't ready in time. That's our fault. Support will help you first."
    ),
    "waiting.stranger": _("Log in to see how your sign-up is going."),
    # One line a step.
    "welcome_email.open": _("Our email to {email} hasn't gone out yet."),
    "welcome_email.late": _("Our email to {email} is late: our mail service didn't accept it."),
    "welcome_email.done": _("Our email to {email} was handed to the mail service at {time}."),
    "welcome_email.dead": _("Our email to {email} couldn't be delivered. Is the address right?"),
    "welcome_email.refused": _(
        "The mail service didn't accept our email to {email}. The problem may be the address, or it may be on our "
        "side."
    ),
    "welcome_email.bounced": _(
        "Our email to {email} came back at {time}: that address doesn't accept mail. Is it right?"
    ),
    "workspace.open": _("Your workspace isn't ready yet."),
    "workspace.late": _("Your workspace is late: creating it failed on our side at {time}."),
    "workspace.done": _("Your workspace has been ready since {time}."),
    "workspace.dead": _("Your workspace couldn't be created. A person will look into it."),
    "other.open": _("{step}: not ready yet."),
    "other.late": _("{step}: late, it failed on our side at {time}."),
    "other.done": _("{step}: ready since {time}."),
    "other.dead": _("{step}: failed. A person will look into it."),
    # The link in a letter.
    "confirm.ask": _("Press the button to confirm that {email} is your address."),
    "confirm.ask_password": _(
        "Choose a new password to confirm that {email} is your address: we can't tell whether it was you who signed "
        "up with it. If you signed up on another device, you can log in here first and keep your password."
    ),
    "confirm.done": _("Thank you, {email} is confirmed."),
    "link.used.confirm": _("This link has already been used: it confirmed {email} at {time}."),
    "link.used.already_here": _("This link was already used at {time}."),
    "link.used.reset": _(
        "This link was already used to choose a password at {time}. If that wasn't you, ask for a new link and "
        "choose another password."
    ),
    "link.used.move": _("This link has already been used: it made {email} the address of an account at {time}."),
    "link.replaced": _("We've emailed you again since then, so only the link in our newest email works."),
    "link.address_changed": _(
        "The address of this account has changed since we sent this link, so the link no longer works."
    ),
    "link.expired": _("This link has expired. You can ask for a new one."),
    "link.unknown": _(
        "This link is incomplete, or it isn't one of ours. Copy the whole link from our email, or ask for a new one."
    ),
    "already.ask": _(
        "You've had an account with {email} since {since}. Somebody, probably you, signed up again and typed a "
        "different password. Nothing has changed. What would you like to do?"
    ),
    "already.ask_unproven": _(
        "There has been an account with {email} since {since}, but nobody has confirmed yet that the address is "
        "theirs. Choose a password now to make the account yours alone; anyone else will be signed out."
    ),
    "already.kept": _("Your account and its password are unchanged. You can log in with that password."),
    "already.not_me": _("Thank you for telling us. We've dropped that sign-up, and your account is unchanged."),
    "mailbox.needed": _(
        "To open this page, please confirm that {email} is yours, with the link in the email we sent you."
    ),
    # A password forgotten, a letter asked for again. The same words for every address.
    "reset.taken": _("If there's an account with that address, we'll email you a link to choose a new password."),
    "resend.taken": _("If there's an account with that address, we'll send you our email again."),
    "letter.ways_on": _(
        "It may take a few minutes. If nothing arrives, check your spam folder, try another of your addresses, or "
        "write to us."
    ),
    "letter.ways_on_late": _(
        "Our emails are late right now, so please give it time: we'll send it as soon as we can, and you don't need "
        "to ask again. If it can't wait, write to us."
    ),
    "reset.ask": _("Choose a new password for {email}."),
    "password.changed": _(
        "Your new password works, and {email} is confirmed. You've been logged out on every other device."
    ),
    "password.wrong": _("That isn't the password of this account. Nothing has changed."),
    # A page of one's own.
    "own.saved": _("Your changes are saved."),
    "own.password_ask": _("Type your current password, and the new one. You'll be logged out on every other device."),
    "own.password_changed": _(
        "Your new password works. You've been logged out on every other device, and we'll confirm the change by "
        "email."
    ),
    "own.address_ask": _(
        "We write to {email}. Enter another address, and we'll email you a link there. Nothing changes until you use "
        "it."
    ),
    "own.same_address": _("That's already the address of your account."),
    "own.move_asked": _("We'll email a link to {email}. Until you use it, we'll keep writing to {old}."),
    "own.move_confirm": _("Press the button to make {email} the address of your account, in place of {old}."),
    "own.move_log_in": _(
        "This link changes the address of an account to {email}. Please log in to that account first."
    ),
    "own.move_taken": _("There's now another account with {email}, so your account keeps the address it has."),
    "own.moved": _(
        "Your account's address is now {email}. We'll let the old address know, and links we sent there no longer "
        "work."
    ),
    "own.sessions_ask": _(
        "This is where you're logged in. If you don't recognize one of these sessions, end it and choose a new "
        "password."
    ),
    "own.export_ask": _(
        "You'll get one file with your details, the record of your sign-up, and every message between you and us. "
        "Keep it somewhere safe."
    ),
    "own.ended_one": _("That session has ended."),
    "own.ended_others": _("All your other sessions have ended."),
    "own.ended_already": _("That session had already ended. Nothing else has changed."),
    "password.blank_ends": _(
        "The password you typed begins or ends with a space or a line break. If you pasted it, try it without."
    ),
    # Putting the address right, and going.
    "address.ask": _("We write to {email}. Enter the right address, and we'll write there instead."),
    "address.confirmed": _(
        "{email} is already confirmed, so it can't be changed here. Log in and change it on your account page."
    ),
    "delete.ask": _(
        "This deletes everything you gave us: your name, address, phone number and password, and the record of your "
        "sign-up. It can't be undone. We won't send you anything afterwards."
    ),
    "delete.staff": _("This account is used for support, so it can't be deleted here."),
    "delete.done": _(
        "Everything you gave us has been deleted. We won't write to you. You're welcome to sign up again at any time."
    ),
    # The state of the whole platform, the same for everybody who looks.
    "outage.mail": _(
        "Our emails are running late for everyone right now. Anything you've saved with us is safe, and you don't "
        "need to sign up again. We'll try again at {time}."
    ),
    "outage.workspace": _(
        "New workspaces are running late for everyone right now. Anything you've saved with us is safe, and you "
        "don't need to sign up again. We'll try again at {time}."
    ),
    "outage.several": _(
        "Our emails and new accounts are running late for everyone right now. Anything you've saved with us is "
        "safe, and you don't need to sign up again. We'll try again at {time}."
    ),
    "outage.other": _(
        "New accounts are running late for everyone right now. Anything you've saved with us is safe, and you don't "
        "need to sign up again. We'll try again at {time}."
    ),
    # Home.
    "home.welcome": _("Welcome, {name}."),
    "home.letter_owed": _(
        "Our welcome email hasn't gone out yet. You can start working in the meantime; we'll keep trying."
    ),
    "home.bounced": _(
        "Our email to {email} came back. You can start working in the meantime, but please correct your address."
    ),
    "home.debt": _("Still to come: {what}. You can start working in the meantime; we'll keep trying."),
    # On the way to the product.
    "oidc.refused": _(
        "The page you came from sent you here in a way we don't know, so we can't take you on. Nothing you have with "
        "us has changed. Please go back and try again, or write to us."
    ),
    "oidc.logout_ask": _("Do you want to log out here, too?"),
    # Writing to us.
    "contact.taken": _(
        "Your message has reached us. If your account was stuck, we're already working on it. We'll reply by email, "
        "to the address you gave."
    ),
    "contact.again": _(
        "The page was open too long, or your browser blocked the cookie that tells us it's you, so your message "
        "wasn't sent. It's still in the form below; please press the button again. If you block cookies, please "
        "allow ours, or write to {support}."
    ),
    "contact.unsaved": _(
        "We couldn't reach our database, so your message wasn't saved. It's still in the form below; please press "
        "the button again in a minute, or write to {support}."
    ),
}


def say(key: str, **facts) -> SafeString:
    """Return the sentence of this key for a page, its facts escaped."""
    text = str(SENTENCES[key])
    if "email" in facts:
        facts["email"] = shown(facts["email"])
    return format_html(text, **facts) if facts else SafeString(text)


def clock(moment) -> SafeString:
    """Format a moment as people read it: the time of day in the active zone, with the machine's form as `datetime`.

    Browsers localise that one.
    """
    moment = timezone.localtime(moment)
    day = "" if moment.date() == timezone.localdate() else f"{date_format(moment, 'j M')} "
    words = gettext("{clock} {zone}").format(clock=f"{moment:%H:%M}", zone=f"{moment:%Z}")
    return format_html('<time datetime="{}">{}{}</time>', moment.isoformat(timespec="seconds"), day, words)
