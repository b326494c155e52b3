"""Undo of a reply: for ten seconds after Send it waits in the outbox, and the desk's pages offer to take it back."""

from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from support.actions import actions, kept_input
from support.actions.page_state import Sight, state_of_reply
from support.actions.registry import Subject
from support.models import Letter

SENT = "desk_sent"


def remember(request, key: UUID) -> None:
    """Remember in the session which reply was sent last, for as long as it can be taken back."""
    until = timezone.now() + actions.UNDO_FOR
    request.session[SENT] = {"key": str(key), "until": until.timestamp()}


def offer(request) -> Sight | None:
    """State of the reply that this session sent within the last seconds; None if there is none any more."""
    sent = request.session.get(SENT)
    if not sent or timezone.now().timestamp() > sent["until"] or not request.user.is_authenticated:
        return None
    letter = _first(UUID(sent["key"]))
    return state_of_reply(sent["key"], letter, held=True) if letter else None


def _first(key: UUID) -> Letter | None:
    return actions.letters_of_reply(key).select_related("ticket").first()


def lock(key: str) -> Subject:
    """Letters of a reply, locked. Raises Refused if there are none any more."""
    letters = list(
        actions.letters_of_reply(UUID(key)).select_for_update(of=["self"]).select_related("ticket__account")
    )
    if not letters:
        raise actions.Refused(actions.GONE)
    ticket = letters[0].ticket
    state = state_of_reply(key, letters[0], held=actions.is_held(UUID(key)))
    return Subject(state, account=ticket.account if ticket else None, letters=letters)


def put_words_back(request, subject: Subject) -> None:
    """Put the words of a reply that was taken back into the form they were sent from."""
    request.session.pop(SENT, None)
    fields = {"body": subject.letters[0].body}
    if subject.letters[0].ticket and subject.letters[0].ticket.closed_at:
        fields["then_close"] = "on"
    place = kept_input.place(reverse("admin:press", args=["reply"]), subject.state)
    page = f"{reverse('admin:index')}?ticket={subject.state['ticket']}"
    kept_input.put(request, kept_input.entry(place, page, fields, str(request.user.pk)))
