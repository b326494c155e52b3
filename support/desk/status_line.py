"""Status of the desk: status line, stale sweep, apologies owed, faults, refused letters and errands. One query."""

from datetime import timedelta

from django.db.models import Count, Exists, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.database.clock import lately
from provisioning.dispatch import fresh_sweep
from provisioning.models import Audit, CanaryRound, Fault
from support.desk.fault_list import errands_given_up, refused_letters
from support.models import Away, Desk, TrustRepair
from support.service_level.availability import word_status

CANARY = timedelta(hours=1)  # an older round says nothing of now
State, Level = TrustRepair.State, TrustRepair.Level


def standing() -> dict:
    """Status of the desk, for the dashboard; words the status line first if there is none yet."""
    owed = TrustRepair.objects.filter(state=State.OWED, level=Level.PERSONAL).order_by().values("state")
    away = Q(start__lte=Now()) & (Q(until=None) | Q(until__gt=Now()))
    rows = Desk.objects.annotate(
        beats=Exists(fresh_sweep()),
        words_owed=Coalesce(Subquery(owed.annotate(n=Count("pk")).values("n")), 0),
        away=Exists(Away.objects.filter(away)),
        broke=Exists(Fault.objects.all()),
        refused=Exists(refused_letters()),
        untold=Exists(errands_given_up()),
        canary=Subquery(CanaryRound.objects.order_by("-at").filter(lately("at", CANARY)).values("troubles")[:1]),
        unaccounted=Coalesce(Subquery(Audit.objects.order_by("-at").values("unaccounted")[:1]), 0),
    )
    desk = rows.first()
    if not desk or not desk.said:
        word_status(timezone.now())
        desk = rows.get()
    facts = {
        name: getattr(desk, name)
        for name in ("beats", "words_owed", "away", "broke", "refused", "untold", "unaccounted", "canary")
    }
    return facts | {"desk": desk, "status_line": desk.said, "sweep_is_stale": not desk.beats}
