"""Message catalogue: every sentence that depends on the state of an account, by key.

The audit log records the keys that people saw. Rules: what is safe first; ours if it is ours; never "sent" before it
was handed over; a time only from the scheduler; no two of them may contradict each other whatever order a person
meets them in.
"""

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.text.addresses import shown

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
    "signup.busy": _(
        "So many people are signing up right now that we could not take this one, and nothing was saved. What you "
        "typed is still here except the password. Please type it again and press the button in half a minute."
    ),
    "signup.typo": _("You gave {email}. If you meant {meant}, put it right here; otherwise all is well."),
    "database.read_only": _(
        "Our database can only be read just now, so this page could not do what you asked. Nothing you had saved "
        "with us before is lost. Please try again in a minute."
    ),
    "database.away": _(
        "Our database is not answering, so this page could not do what you asked. Nothing you had saved with us "
        "before is lost. Please try again in a minute."
    ),
    # Logging in.
    "login.no_match": _("That e-mail and password do not match."),
    "login.ways_on": _(
        "Look for a slip in the address, choose a new password, or write to us. Nothing you have with us was changed."
    ),
    "login.unknown": _("We don't have an account with that email. Would you like to create one?"),
    "login.suspended": _(
        "Your password is right, but this account has been suspended. Write to us and a person will answer."
    ),
    "throttle.wait": _(
        "This was tried so often that we hold it back for a while, to keep strangers from guessing. Nothing you "
        "have with us is changed or lost. It works again at {time}."
    ),
    "throttle.ways_on": _(
        "If you cannot wait: a letter to your address lets you in meanwhile. Choose a new password with the link in "
        "it, and log in on the same device."
    ),
    "busy": _(
        "More people are coming in right now than we can check at once. Nothing you have with us is changed or "
        "lost. Please go back and press the button again in half a minute."
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
    "waiting.address": _(
        "Your account is safe. Our letter to {email} could not be delivered, so the address may be mistyped. Please "
        "put it right here, and we write again."
    ),
    "waiting.ready": _("Your account is ready."),
    "waiting.may_enter": _("Your workspace is ready and you can go in."),
    "waiting.next_try": _("We try again at {time}."),
    "waiting.trying_now": _("We are trying again now."),
    "waiting.suspended": _("This account has been suspended. Write to us and a person will answer."),
    "waiting.needed_by": _("You need it by {time}. The person who helps sees that, and comes to you first."),
    "waiting.needed_passed": _(
        "You needed it by {time}, and it was not ready then. That is our fault. The person who helps sees it first."
    ),
    "waiting.stranger": _("Log in to see where your sign-up stands."),
    # One line a step.
    "welcome_email.open": _("The letter to {email} has not gone out yet."),
    "welcome_email.late": _("The letter to {email} is late: our mail service did not take it."),
    "welcome_email.done": _("The letter to {email} was handed to the mail service at {time}."),
    "welcome_email.dead": _("The letter to {email} could not be delivered. Is the address right?"),
    "welcome_email.refused": _(
        "The mail service did not take the letter to {email}. That may be the address, or something on our side."
    ),
    "welcome_email.bounced": _(
        "The letter to {email} came back at {time}: that address does not take mail. Is it right?"
    ),
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
    "confirm.ask_password": _(
        "Choose a new password to confirm that {email} is your address: we cannot tell that it was you who signed "
        "up with it. If you signed up on another device, you can log in here first, and keep your password."
    ),
    "confirm.done": _("Thank you, {email} is confirmed."),
    "link.used.confirm": _("{email} was confirmed with this link at {time}. It has done its work."),
    "link.used.already_here": _("This link was used at {time}. It has done its work."),
    "link.used.reset": _(
        "A password was chosen with this link at {time}. If that was not you, ask for a new link and choose another."
    ),
    "link.used.move": _("With this link {email} became the address of an account at {time}. It has done its work."),
    "link.replaced": _("We wrote again after this letter, so only the link in the newest letter works."),
    "link.address_changed": _("The address of this account was changed after this letter, so its link is over."),
    "link.expired": _("This link is over: each works for a while after its letter. You can ask for a new one."),
    "link.unknown": _("This link is not complete, or not one of ours. Copy all of it, or ask for a new one."),
    "already.ask": _(
        "You have had an account with {email} since {since}. Somebody, probably you, signed up again and typed "
        "another password. Nothing was changed. What shall we do?"
    ),
    "already.ask_unproven": _(
        "There has been an account with {email} since {since}, and nobody has confirmed yet that this address is "
        "theirs. Choose a password now, and it is yours alone; whoever may have typed the first one is out."
    ),
    "already.kept": _("Your account is as it was, and its password, too. You can log in with it."),
    "already.not_me": _("Thank you for telling us. That sign-up is over, and your account is as it was."),
    "mailbox.needed": _("For this page we must know that {email} is yours. Press the link in our letter to you."),
    # A password forgotten, a letter asked for again. The same words for every address.
    "reset.taken": _("If that address has an account with us, a letter with a link goes to it."),
    "resend.taken": _("If that address has an account with us, our letter goes to it again."),
    "letter.ways_on": _(
        "It may take a few minutes. If none comes, look among the unwanted mail, try another address of yours, or "
        "write to us."
    ),
    "reset.ask": _("Choose a new password for {email}."),
    "password.changed": _("Your new password works, and {email} is confirmed. Every other device is logged out."),
    "password.wrong": _("That is not the password of this account. Nothing was changed."),
    # A page of one's own.
    "own.saved": _("What you changed is saved."),
    "own.password_ask": _("Type the password you have now, and the one you want. Every other device is logged out."),
    "own.password_changed": _(
        "Your new password works. Every other device is logged out, and we write to you about it."
    ),
    "own.address_ask": _(
        "We write to {email}. Give another address, and we write there with a link. Until it is pressed, nothing "
        "changes."
    ),
    "own.same_address": _("That is the address your account has."),
    "own.move_asked": _("A letter with a link goes to {email}. Until you press it, we write to {old} as before."),
    "own.move_confirm": _("Press the button, and {email} is the address of your account, in place of {old}."),
    "own.move_log_in": _("This link changes the address of an account to {email}. Log in to it first."),
    "own.move_taken": _("By now there is another account with {email}, so yours keeps the address it has."),
    "own.moved": _("{email} is the address of your account now. We tell the old one, and its links are over."),
    "own.sessions_ask": _(
        "Here you are logged in. If you do not know one of these, end it and choose a new password."
    ),
    "own.ended_one": _("That session has ended."),
    "own.ended_others": _("Every other session has ended."),
    "own.ended_already": _("That session had ended before. Nothing else was changed."),
    "password.blank_ends": _(
        "The password as you typed it begins or ends with a blank or a line break. If you pasted it, try it without."
    ),
    # Putting the address right, and going.
    "address.ask": _("We write to {email}. Give the right address, and we write there instead."),
    "address.confirmed": _(
        "{email} is confirmed, so we do not change it here. Log in, and change it on the page of your account."
    ),
    "delete.ask": _(
        "This deletes what you gave us: your name, address, phone number and password, and the record of how it "
        "went. It cannot be undone. We send nothing after it."
    ),
    "delete.staff": _("This account works at the desk, so it is not deleted here."),
    "delete.done": _("Everything you gave us is deleted. We will not write to you. You may sign up again any time."),
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
    "home.bounced": _("Our letter to {email} came back. You can work meanwhile; please put the address right."),
    "home.debt": _("Still to come: {what}. You can work meanwhile; we keep trying and write when it is there."),
    # Writing to us.
    "contact.taken": _(
        "Your message has reached us. If something of yours was stuck, we are repairing it now. The answer goes "
        "by e-mail to the address you gave."
    ),
    "contact.again": _(
        "The page had been open too long, or your browser holds back the cookie that shows us it was you, so your "
        "message was not sent. It is still in the form below; please press the button again. If you block cookies, "
        "allow those of this site, or write to {support}."
    ),
    "contact.unsaved": _(
        "We could not reach our database, so your message was not saved. It is still in the form below; please "
        "press the button again in a minute, or write to {support}."
    ),
}


def say(key: str, **facts) -> SafeString:
    """Return the sentence of this key for a page, its facts escaped."""
    text = str(SENTENCES[key])
    if "email" in facts:
        facts["email"] = shown(facts["email"])
    return format_html(text, **facts) if facts else format_html("{}", text)


def clock(moment) -> SafeString:
    """Format a moment as people read it: the time of day in the active zone, with the machine's form as `datetime`.

    Browsers localise that one.
    """
    moment = timezone.localtime(moment)
    day = "" if moment.date() == timezone.localdate() else f"{moment:%-d %b} "
    return format_html(
        '<time datetime="{}">{}{}</time>', moment.isoformat(timespec="seconds"), day, f"{moment:%H:%M %Z}"
    )
