"""Import of people: who is ready stays so and hears nothing, who is half-made is owed the rest.

A batch is one transaction. Whoever has an account here already is left as they are, so an import that was interrupted
is run again, and one that is run twice makes nothing twice.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Account, Event, EventKind, Voice, write_diary
from accounts.passwords.check import note
from accounts.passwords.old_hashes import work_of
from accounts.status import Status
from provisioning.emails.rate_limit import mailbox_of
from provisioning.imports.forms import SUSPENDED, UNFINISHED, PersonForm
from provisioning.imports.lines import Line, read
from provisioning.models import State, Step, Workspace
from provisioning.workspaces import WORKSPACE, backend_name

BATCH = 200
READY, OWED, THERE, REFUSED = "ready", "owed the rest", "there already", "refused"


@dataclass
class Row:
    """Row of the report: what became of one line."""

    line: int
    email: str
    outcome: str
    why: str = ""
    form: PersonForm | None = None


@dataclass
class Seen:
    """Addresses and mailboxes of the lines before, by the number of their line."""

    addresses: dict[str, int] = field(default_factory=dict)
    mailboxes: dict[str, int] = field(default_factory=dict)
    keys: dict[UUID, int] = field(default_factory=dict)

    def judge(self, line: Line) -> Row:
        """The row of a line, from the file alone."""
        if line.wrong:
            return Row(line.number, "", REFUSED, line.wrong)
        form = PersonForm(line.cells)
        email = line.cells.get("email", "").strip()[:254]
        if wrong := form.wrong():
            return Row(line.number, email, REFUSED, wrong)
        email = form.cleaned_data["email"]
        if before := _earlier(self.addresses, email, line.number):
            return Row(line.number, email, REFUSED, f"it is the address of line {before}")
        if form.key and (before := _earlier(self.keys, form.key, line.number)):
            return Row(line.number, email, REFUSED, f"it has the id of line {before}")
        outcome = OWED if form.cleaned_data["status"] == UNFINISHED else READY
        row = Row(line.number, email, outcome, form=form)
        if before := _earlier(self.mailboxes, mailbox_of(email), line.number):
            row.why = f"it leads to the same mailbox as line {before}"
        return row


def _earlier(lines: dict[Any, int], key: Any, number: int) -> int:
    """The line that had this first; 0 if it is this one."""
    first = lines.setdefault(key, number)
    return first if first != number else 0


def import_people(path: Path, dry_run: bool = False) -> Iterator[Row]:
    """Import a file, and yield what became of each line. Raises NotAList."""
    seen = Seen()
    rows = (seen.judge(line) for line in read(path))
    while batch := list(islice(rows, BATCH)):
        _leave_those_who_are_there(batch)
        if not dry_run:
            _save(batch)
        yield from batch


def counted(rows: Sequence[Row]) -> Counter[str]:
    """How many rows of each outcome."""
    return Counter(row.outcome for row in rows)


def _to_make(batch: Sequence[Row]) -> list[Row]:
    return [row for row in batch if row.outcome in (READY, OWED)]


def _leave_those_who_are_there(batch: Sequence[Row]) -> None:
    emails = [row.email for row in batch]
    keys = [row.form.key for row in batch if row.form and row.form.key]
    there = dict(Account.objects.filter(email__in=emails).values_list("email", "pk"))
    taken = set(Account.objects.filter(pk__in=keys).values_list("pk", flat=True)) - set(there.values())
    for row in _to_make(batch):
        if row.email in there:
            row.outcome, row.why = THERE, "left as it is"
        elif row.form and row.form.key in taken:
            row.outcome, row.why = REFUSED, "somebody else has this id"


def _save(batch: Sequence[Row]) -> None:
    """Save a batch; if somebody signs up with one of its addresses meanwhile, line by line."""
    rows = _to_make(batch)
    try:
        _save_together(rows)
    except IntegrityError:
        for row in rows:
            try:
                _save_together([row])
            except IntegrityError:
                row.outcome, row.why = THERE, "they signed up meanwhile"


def _save_together(rows: Sequence[Row]) -> None:
    facts = [row.form.cleaned_data for row in rows if row.form]
    note([work for one in facts if one["password"] and (work := work_of(one["password"]))])
    with transaction.atomic():
        accounts = Account.objects.bulk_create([_account(one) for one in facts])
        write_diary(Event(account_id=one.pk, voice=Voice.WE, kind=EventKind.IMPORTED) for one in accounts)
        _keep_workspaces([(one, about) for one, about in zip(accounts, facts, strict=True) if about["workspace"]])


def _account(facts: dict[str, Any]) -> Account:
    """The account of a line. Whoever is ready has been since they joined: nothing here is news to them."""
    now = timezone.now()
    since = facts["joined"] or now
    unfinished = facts["status"] == UNFINISHED
    return Account(
        id=facts["id"] or uuid4(),
        email=facts["email"],
        name=facts["name"],
        phone=facts["phone"],
        company=facts["company"],
        password=facts["password"] or make_password(None),
        status=Status.CREATED if unfinished else Status.ACTIVE,
        status_at=since,
        created_at=since,
        asked_at=now if unfinished else None,
        is_active=facts["status"] != SUSPENDED,
        mailbox_proven_at=facts["confirmed"],
        language=facts["language"] or "en",
    )


def _keep_workspaces(with_one: Sequence[tuple[Account, dict[str, Any]]]) -> None:
    """Keep the workspaces that they have: the audit compares them with the list, and none is made again."""
    now = timezone.now()
    Workspace.objects.bulk_create(
        Workspace(account=account, key=uuid4(), backend=backend_name(), reference=facts["workspace"], created_at=now)
        for account, facts in with_one
    )
    Step.objects.bulk_create(
        Step(
            account=account,
            kind=WORKSPACE,
            dependency=WORKSPACE,
            state=State.DONE,
            reference=facts["workspace"],
            done_at=now,
        )
        for account, facts in with_one
    )
