"""The eight acts of the story as end-to-end scenarios: what happened to Dana and Bo, and what happens here instead.

They are played by `manage.py story`, which prints what each person sees, and by the tests. Each raises ActFailed, and
ends with one line of what it has proved.
"""

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage

from stage.processes import wait_until
from stage.stage import Stage
from stage.visitor import Page, Visitor

DANA = {
    "name": "Dana Sommer",
    "email": "dana@acme.example",
    "phone": "+49 30 901820",
    "company": "Acme",
    "password": "correct horse battery staple",
}
BO = DANA | {"name": "Bo Lund", "email": "bo@lund.example", "company": "Lund & Co"}
CLEO = DANA | {"name": "Cleo Marin", "email": "cleo@marin.example", "company": "Marin"}
ED = DANA | {"name": "Ed Novak", "email": "ed@novak.example", "company": "Novak"}
PROVED = "Proved"
UNTRUE = ("not found", "in use", "already taken", "successfully", "try again later")
Scene = tuple[str, str]  # who, and what they see or do


class ActFailed(AssertionError):
    """A promise of the story did not hold."""


def check(holds: object, what: str) -> None:
    """Raise ActFailed unless it holds."""
    if not holds:
        raise ActFailed(what)


def true_words(page: Page) -> str:
    """Return the page as it is read; raises ActFailed for words that were untrue in the story."""
    for words in UNTRUE:
        check(words not in page.text.lower(), f"the page says {words!r}: {page.text}")
    return page.lines


def log_in(visitor: Visitor, who: dict[str, str]) -> Page:
    """Log in at the public login page."""
    return visitor.post("/login/", email=who["email"], password=who["password"])


def everything_breaks(stage: Stage) -> Iterator[Scene]:
    """Dana signs up while the mail service is mute and workspaces answer 503."""
    stage.mail.mode, stage.workspaces.mode = "mute", "503"
    dana = stage.visitor()
    answer = dana.send("/signup/", DANA, follow=False)
    check(answer.status == 302 and answer.location == "/arriving/", f"{answer.status} {answer.location}")
    check(answer.seconds < 20, f"the answer took {answer.seconds:.1f} s")
    yield "Dana", true_words(dana.get("/arriving/"))
    late = dana.wait_for("/arriving/", "late")
    check("saved" in late.text, "nobody says what is safe")
    yield "Dana, a little later", true_words(late)
    yield PROVED, "With mail and workspaces down, signing up still works, and the page says what is safe."


def the_door_knows_her(stage: Stage) -> Iterator[Scene]:
    """Dana logs in, and is told the truth."""
    page = log_in(stage.visitor(), DANA)
    check(page.status == 200 and "Your account is safe" in page.text, page.text)
    yield "Dana", true_words(page)
    wrong = stage.visitor().post("/login/", email=DANA["email"], password="a wrong password")
    unknown = stage.visitor().post("/login/", email="nobody@acme.example", password="a wrong password")
    check(true_words(wrong) == true_words(unknown), "a stranger can tell an account from none")
    yield "A stranger with a wrong password", wrong.lines
    yield PROVED, "Her password opens an unfinished account; a stranger learns nothing about anybody's."


def signing_up_again_is_a_door(stage: Stage) -> Iterator[Scene]:
    """Dana signs up again, from another browser."""
    dana = stage.visitor()
    answer = dana.send("/signup/", DANA, follow=False)
    check(answer.status == 302 and answer.location == "/arriving/", f"{answer.status} {answer.location}")
    page = dana.get("/arriving/")
    check("saved" in page.text, page.text)
    yield "Dana", true_words(page)
    yield PROVED, "Signing up twice is no error: it leads to the same account."


def it_heals_by_itself(stage: Stage) -> Iterator[Scene]:
    """Mail and workspaces come back, and nobody has to do anything."""
    stage.mail.mode = stage.workspaces.mode = "ok"
    dana = stage.visitor()
    log_in(dana, DANA)
    page = dana.wait_for("/arriving/", "Your account is ready", timeout=60)
    yield "Dana", true_words(page)
    welcome = welcome_to(stage, DANA)
    check(len({letter["Message-ID"] for letter in welcome}) == 1, f"{len(welcome)} welcome letters")
    check(list(stage.workspaces.effects.values()) == [1], f"workspaces made: {stage.workspaces.effects}")
    yield "Dana's mailbox", text_of(welcome[0])
    yield "Dana, logging in", true_words(log_in(stage.visitor(), DANA))
    yield PROVED, "After every failure: exactly one welcome email and one workspace, and nobody pressed anything."


def she_never_comes_back(stage: Stage) -> Iterator[Scene]:
    """Cleo signs up while everything is down, closes the window, and is never seen again."""
    stage.mail.mode, stage.workspaces.mode = "refused", "mute"
    asked = len(stage.workspaces.requests)
    answer = stage.visitor().send("/signup/", CLEO, follow=False)
    check(answer.status == 302, f"{answer.status}")
    yield "Cleo", "closes the window without reading the page."
    stage.workspaces.wait_for_requests(asked + 1, timeout=60)
    made = len(stage.workspaces.effects)
    stage.mail.mode = stage.workspaces.mode = "ok"
    wait_until(lambda: welcome_to(stage, CLEO) and len(stage.workspaces.effects) > made, 90, "Cleo's set-up")
    yield "Cleo's mailbox", text_of(welcome_to(stage, CLEO)[0])
    check(len(stage.workspaces.effects) == made + 1, f"workspaces made: {stage.workspaces.effects}")
    yield PROVED, "The sweep alone set Cleo up: she opened no page and logged in nowhere."


def the_machine_gives_up(stage: Stage) -> Iterator[Scene]:
    """Workspaces stay broken for Bo, until his tries are spent and a person owes him an answer."""
    stage.workspaces.mode = "503"
    bo = stage.visitor()
    bo.send("/signup/", BO)
    page = bo.wait_for("/arriving/", "a person is looking at it", timeout=60)
    check(re.search(r"number is \w{3}-\w{4}", page.text), f"no number to quote: {page.text}")
    yield "Bo", true_words(page)
    jordan = stage.hire_supporter()
    desk = jordan.wait_for("/admin/", BO["name"])
    check("503" in desk.text, f"no evidence in the diagnosis: {desk.text}")
    yield "Jordan, at the desk", desk.lines
    yield PROVED, "When the tries are spent, a person is asked: Bo has a number to quote, and Jordan the reason."


def one_click(stage: Stage) -> Iterator[Scene]:
    """The service is mended, and Jordan presses one button."""
    stage.workspaces.mode = "ok"
    jordan = stage.visitor()
    log_in_to_desk(jordan)
    desk = jordan.get("/admin/")
    place, fields = press_button(desk, "recover")
    jordan.send("/admin/", fields | {"reason": "The workspace service works again"}, at=place)
    bo = stage.visitor()
    log_in(bo, BO)
    yield "Bo", true_words(bo.wait_for("/arriving/", "Your account is ready", timeout=60))
    yield "Jordan, at the desk", jordan.wait_for("/admin/", "Nobody needs you right now").lines
    welcome = welcome_to(stage, BO)
    check(len(welcome) == 1, f"{len(welcome)} welcome letters to Bo")
    check(set(stage.workspaces.effects.values()) == {1}, f"{stage.workspaces.effects}")
    yield PROVED, "One press finishes what is missing and repeats nothing that was done."


def writing_repairs_first(stage: Stage) -> Iterator[Scene]:
    """Ed writes to support while his workspace is stuck: the machine repairs it before a person is asked."""
    stage.workspaces.mode = "mute"
    ed = stage.visitor()
    ed.send("/signup/", ED, follow=False)
    ed.send("/contact/", {"email": ED["email"], "message": "I signed up and cannot get in. Can you help?"})
    yield "Ed", "writes: I signed up and cannot get in. Can you help?"
    jordan = stage.visitor()
    log_in_to_desk(jordan)
    card = re.search(r"/admin/accounts/account/[0-9a-f-]{36}/change/", people_named(jordan, ED["email"]).body)
    check(card, "Ed is not found at the desk")
    jordan.wait_for(card.group() if card else "", "wrote to us")
    stage.workspaces.mode = "ok"
    wait_until(lambda: answers_to(stage, ED), 60, "the answer to Ed")
    yield "Ed's mailbox", text_of(answers_to(stage, ED)[0])
    yield "Jordan, at the desk", jordan.wait_for("/admin/", "Nobody needs you right now").lines
    tickets = jordan.get(f"/admin/support/ticket/?q={ED['email']}")
    check(f">{ED['email']}<" not in tickets.body, "a ticket was opened for Ed")
    yield PROVED, "Writing to support starts the repair; Ed was answered, and no ticket was opened."


def welcome_to(stage: Stage, who: dict[str, str]) -> list[EmailMessage]:
    """Welcome emails that this person has received."""
    return [letter for letter in stage.mail.to(who["email"]) if "account is here" in letter["Subject"]]


def answers_to(stage: Stage, who: dict[str, str]) -> list[EmailMessage]:
    """Emails to this person beside the welcome one."""
    welcome = welcome_to(stage, who)
    return [letter for letter in stage.mail.to(who["email"]) if letter not in welcome]


def text_of(letter: EmailMessage) -> str:
    """Plain text of an email."""
    plain = letter.get_body(("plain",))
    return plain.get_content() if plain else ""


def people_named(jordan: Visitor, term: str) -> Page:
    """List of people at the desk that a search finds."""
    return jordan.get(f"/admin/accounts/account/?q={term}")


def press_button(desk: Page, act: str) -> tuple[str, dict[str, str]]:
    """Return the URL and the hidden fields of the desk's form for that act."""
    forms = re.findall(rf'<form[^>]*action="([^"]*/acts/{act}/)".*?</form>', desk.body, re.S)
    check(forms, f"no button to {act}")
    form = re.search(rf'action="{forms[0]}".*?</form>', desk.body, re.S)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.group() if form else "")
    return forms[0], {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}


def log_in_to_desk(jordan: Visitor) -> None:
    """Log in at the desk's own login page."""
    jordan.post(
        "/admin/login/", username="jordan@arrivals.example", password="a quiet monday morning", next="/admin/"
    )


ACTS: tuple[Callable[[Stage], Iterator[Scene]], ...] = (
    everything_breaks,
    the_door_knows_her,
    signing_up_again_is_a_door,
    it_heals_by_itself,
    she_never_comes_back,
    the_machine_gives_up,
    one_click,
    writing_repairs_first,
)
