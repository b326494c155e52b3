"""Demo data of the week before: hours and name of the desk, an earlier outage, its review, apologies made and owed.

It stands beside demo.py, whose people it adds to.
"""

from datetime import datetime, time, timedelta

from accounts.models import Account, EventKind
from accounts.status import Status
from provisioning.models import Attempt, Dependency, Outage, Outcome, State, Step
from support import demo
from support.models import Affected, Desk, Incident, Promise, Question, Ticket, TrustRepair, the_desk
from support.reviews.questions import OF_AN_OUTAGE
from support.tickets import queue
from support.trust import apologies

MAIL_DOWN = "the mail service did not answer in time"
OWNER = "Olga Brandt"
HOURS = "9:00-12:30, 13:30-18:00"
PEOPLE = [
    ("Alma Reyes", "Reyes Tiles"),
    ("Bruno Keller", "Keller & Co"),
    ("Chloé Martin", "Atelier Martin"),
    ("David Novak", "Novak Trade"),
    ("Elif Kaya", "Kaya Textil"),
    ("Felix Huber", "Huber Bau"),
    ("Grace Owens", "Owens Care"),
    ("Henrik Dahl", "Dahl Marine"),
]
SAID_TO_SENT = 3  # of those people, the first ones have had their note
Choice = Question.Choice
ANSWERS = {
    "needed": (
        Choice.DO,
        "The welcome email doesn't have to go out before people may enter. We'll let them in first.",
    ),
    "known": (Choice.DO, "The mail service had announced maintenance. Its status page now goes to both of us."),
    "reach": (Choice.DO, "One mail service carried everything. A second one takes over from January."),
    "alone": (Choice.UNKNOWN, "Two mornings a week could be covered by sales. Still to be talked about."),
    "accepted": (Choice.ACCEPT, "That set-up waits for the mail at all. Nobody had asked until now."),
}
OF_TODAY = {
    "needed": (Choice.ACCEPT, "A customer without a workspace has nothing to do here."),
    "known": (Choice.DO, "The service was at 90 % of its limit since Monday. It now warns us at 70 %."),
    "reach": (Choice.DO, "All workspaces are made in one place. We'll ask for a second region."),
    "accepted": (Choice.ACCEPT, "That there's one workspace service. It has cost forty people an hour today."),
}


def fill(now: datetime) -> None:
    """Add the week: hours and name of the desk, the outage of some days ago, and the answers to both reviews."""
    desk = the_desk()
    if desk.name == Desk._meta.get_field("name").default and not demo.real_accounts():
        introduce(desk)
    began = datetime.combine(working_day_before(now.astimezone(desk.zone)), time(10, 12), desk.zone)
    outage = an_outage(began, began + timedelta(minutes=95))
    apologise(outage, now)
    promises_kept(began)
    answer(outage, ANSWERS, began + timedelta(days=1))
    for today in Outage.objects.filter(error=demo.DOWN, began_at__gt=now - timedelta(hours=2)):
        answer(today, OF_TODAY, now)


def clear() -> None:
    """Delete what the week left apart from its people: outages with their reviews, and its incident."""
    Outage.objects.filter(error__in=(MAIL_DOWN, demo.DOWN)).delete()
    Incident.objects.filter(error=MAIL_DOWN).delete()


def introduce(desk: Desk) -> None:
    """Give the desk a name, hours and a zone."""
    desk.name, desk.sign_off, desk.email = "Jordan", "Jordan Reis, support", demo.SUPPORTER
    desk.time_zone, desk.holidays_country = "Europe/Lisbon", "PT"
    desk.offer = "Your first month is free; you don't need to do anything for it."
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
        setattr(desk, day, HOURS)
    desk.save()


def working_day_before(now: datetime):
    """The last weekday that is at least two days ago."""
    day = now.date() - timedelta(days=2)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


def an_outage(began: datetime, ended: datetime) -> Outage:
    """Mail outage in which everybody got in at the end, and some had come back or written meanwhile."""
    service, _made = Dependency.objects.get_or_create(name="mail")
    outage = Outage.objects.create(
        dependency=service, failure="timeout", error=MAIL_DOWN, began_at=began, ended_at=ended
    )
    incident = Incident.objects.create(
        dependency="mail",
        failure="timeout",
        error=MAIL_DOWN,
        outage=outage,
        began_at=began,
        ended_at=ended,
        closed_at=ended + timedelta(minutes=5),
    )
    for number, (name, company) in enumerate(PEOPLE):
        came = began + timedelta(minutes=9 * number)
        account = demo.person(
            name, f"{name.split()[0].lower()}@week{number}.demo.example", Status.ACTIVE, came, company
        )
        Account.objects.filter(pk=account.pk).update(status_at=ended + timedelta(minutes=1))
        demo.step(account, "workspace", State.DONE, came)
        welcome = demo.step(account, "welcome_email", State.DONE, ended + timedelta(minutes=1))
        Attempt.objects.create(
            step=welcome, epoch=2, outcome=Outcome.OUTAGE, error=MAIL_DOWN, ended_at=came, seconds=10
        )
        demo.we(account, "welcome_email.outage", came, MAIL_DOWN)
        for again in range(3 if number % 2 else 2):
            shown = "waiting.late" if again else "waiting.held_up"
            demo.they(account, EventKind.LOGGED_IN, came + timedelta(minutes=3 + 2 * again), shown)
        Affected.objects.create(incident=incident, account=account)
    return outage


def apologise(outage: Outage, now: datetime) -> None:
    """Open what is owed to everybody in an outage; the first of them have had it, and one has answered."""
    repairs = [apologies.open_repair(account, now) for account in _of(outage)]
    jordan = Account.objects.get(email=demo.SUPPORTER)
    for number, repair in enumerate(filter(None, repairs[:SAID_TO_SENT])):
        sent = min(outage.ended_at + timedelta(minutes=40 + 7 * number), now) if outage.ended_at else now
        apologies.send_word(repair, jordan, repair.words, "", sent)
        word = Step.objects.filter(account=repair.account, kind="letter.word")
        word.update(state=State.DONE, done_at=sent, reference="made")
        Attempt.objects.create(step=word.get(), epoch=1, outcome=Outcome.DONE, ended_at=sent, seconds=0.4)
        if number == 0:
            TrustRepair.objects.filter(pk=repair.pk).update(
                state=TrustRepair.State.ANSWERED, answer=TrustRepair.Answer.YES, closed_at=now, follow_up_on=None
            )


def _of(outage: Outage) -> list[Account]:
    incidents = Incident.objects.filter(outage=outage)
    theirs = Affected.objects.filter(incident__in=incidents).values("account")
    return list(Account.objects.filter(pk__in=theirs).order_by("created_at"))


def promises_kept(began: datetime) -> None:
    """Two questions of that day, answered within the promise."""
    for minutes, (name, _company) in ((20, PEOPLE[1]), (44, PEOPLE[4])):
        account = Account.objects.get(name=name, email__endswith=".demo.example")
        at = began + timedelta(minutes=minutes)
        ticket = demo.wrote(account, account.email, at, "Is something wrong? I haven't had your email.")
        Promise.objects.create(
            ticket=ticket,
            account=account,
            email=account.email,
            said_in="contact.taken",
            made_at=at,
            due=at + timedelta(hours=4),
            kept_at=at + timedelta(minutes=38),
        )
        queue.close(ticket, "Answered")
        Ticket.objects.filter(pk=ticket.pk).update(closed_at=at + timedelta(minutes=38))


def answer(outage: Outage, answers: dict, now: datetime) -> None:
    """Ask the questions of an outage, and answer these."""
    for key in OF_AN_OUTAGE:
        question, _made = Question.objects.get_or_create(
            outage=outage, key=key, defaults={"asked_at": outage.began_at}
        )
        if key in answers:
            choice, words = answers[key]
            answered = None if choice == Choice.UNKNOWN else now
            Question.objects.filter(pk=question.pk).update(
                choice=choice, words=words, who=OWNER, by=(now + timedelta(days=14)).date(), answered_at=answered
            )
