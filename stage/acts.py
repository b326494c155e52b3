"""The six acts of the story as end-to-end scenarios: what happened to Dana and Bo, and what happens here instead.

They are played by `manage.py story`, which prints what each person sees, and by the tests. Each raises ActFailed.
"""

import re
from collections.abc import Callable, Iterator

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


def the_door_knows_her(stage: Stage) -> Iterator[Scene]:
    """Dana logs in, and is told the truth."""
    page = log_in(stage.visitor(), DANA)
    check(page.status == 200 and "Your account is safe" in page.text, page.text)
    yield "Dana", true_words(page)
    wrong = stage.visitor().post("/login/", email=DANA["email"], password="a wrong password")
    unknown = stage.visitor().post("/login/", email="nobody@acme.example", password="a wrong password")
    check(true_words(wrong) == true_words(unknown), "a stranger can tell an account from none")
    yield "A stranger with a wrong password", wrong.lines


def signing_up_again_is_a_door(stage: Stage) -> Iterator[Scene]:
    """Dana signs up again, from another browser."""
    dana = stage.visitor()
    answer = dana.send("/signup/", DANA, follow=False)
    check(answer.status == 302 and answer.location == "/arriving/", f"{answer.status} {answer.location}")
    page = dana.get("/arriving/")
    check("saved" in page.text, page.text)
    yield "Dana", true_words(page)


def it_heals_by_itself(stage: Stage) -> Iterator[Scene]:
    """Mail and workspaces come back, and nobody has to do anything."""
    stage.mail.mode = stage.workspaces.mode = "ok"
    dana = stage.visitor()
    log_in(dana, DANA)
    page = dana.wait_for("/arriving/", "Your account is ready", timeout=60)
    yield "Dana", true_words(page)
    letters = stage.mail.to(DANA["email"])
    welcome = [letter for letter in letters if "account is here" in letter["Subject"]]
    check(len({letter["Message-ID"] for letter in welcome}) == 1, f"{len(welcome)} welcome letters")
    check(list(stage.workspaces.effects.values()) == [1], f"workspaces made: {stage.workspaces.effects}")
    plain = welcome[0].get_body(("plain",))
    yield "Dana's mailbox", plain.get_content() if plain else ""
    yield "Dana, logging in", true_words(log_in(stage.visitor(), DANA))


def the_machine_gives_up(stage: Stage) -> Iterator[Scene]:
    """Workspaces stay broken for Bo, until his tries are spent and a person owes him an answer."""
    stage.workspaces.mode = "503"
    bo = stage.visitor()
    bo.send("/signup/", BO)
    page = bo.wait_for("/arriving/", "passed it on to a person", timeout=60)
    check(re.search(r"number is \w{3}-\w{4}", page.text), f"no number to quote: {page.text}")
    yield "Bo", true_words(page)
    jordan = stage.hire_supporter()
    desk = jordan.wait_for("/admin/", BO["name"])
    check("503" in desk.text, f"no evidence in the diagnosis: {desk.text}")
    yield "Jordan, at the desk", desk.lines


def one_click(stage: Stage) -> Iterator[Scene]:
    """The service is mended, and Jordan presses one button."""
    stage.workspaces.mode = "ok"
    jordan = stage.visitor()
    log_in_to_desk(jordan)
    desk = jordan.get("/admin/")
    place, fields = press_button(desk, "recover")
    jordan.send("/admin/", fields | {"reason": "The workspace service is working again"}, at=place)
    bo = stage.visitor()
    log_in(bo, BO)
    yield "Bo", true_words(bo.wait_for("/arriving/", "Your account is ready", timeout=60))
    yield "Jordan, at the desk", jordan.wait_for("/admin/", "Nobody needs you right now").lines
    welcome = [letter for letter in stage.mail.to(BO["email"]) if "account is here" in letter["Subject"]]
    check(len(welcome) == 1, f"{len(welcome)} welcome letters to Bo")
    check(sorted(stage.workspaces.effects.values()) == [1, 1], f"{stage.workspaces.effects}")


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
    the_machine_gives_up,
    one_click,
)
