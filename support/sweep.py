"""Support part of the sweep: inbound mail, messages, incidents, bulk recovery, tickets.

Each part by itself: one that breaks is named at the desk, and the others go on.
"""

from provisioning.engine.phases import Phase, run_phases
from support.inbound import messages as inbound_messages
from support.incidents import bulk_recovery, detection
from support.tickets import intake, queue


def fetch() -> None:
    """Run every part of the support sweep once."""
    run_phases(
        [
            Phase("reading mail", inbound_messages.read_mail, [inbound_messages.unread]),
            Phase("looking whether anybody wrote", intake.settle_messages, [intake.unsettled]),
            Phase("making incidents of outages", detection.open_from_outages, [detection.without_incident]),
            Phase("making incidents of failures", detection.open_from_failures, detection.FAILING),
            Phase("following the incidents", detection.follow, [detection.open_incidents]),
            Phase("recovering everybody of an incident", bulk_recovery.advance, [bulk_recovery.running]),
            Phase("asking a person about accounts that were given up", queue.take_over_given_up, queue.GIVEN_UP),
            Phase("closing tickets of accounts that work", queue.close_healed, [queue.of_active_accounts]),
            Phase("waking tickets that were put aside", queue.wake, [queue.due_to_wake]),
            Phase("looking up what decides who is next", queue.refresh, [queue.stale]),
        ]
    )
