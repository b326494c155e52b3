"""Support part of the sweep: inbound mail, messages, incidents, bulk recovery, tickets.

Each part by itself: one that breaks is named at the desk, and the others go on.
"""

from provisioning.engine import faults
from support.inbound import messages as inbound_messages
from support.incidents import bulk_recovery, detection
from support.tickets import intake, queue


def fetch() -> None:
    """Run every part of the support sweep once."""
    faults.phases(
        [
            ("reading mail", inbound_messages.read_mail),
            ("looking whether anybody wrote", intake.settle_messages),
            ("making incidents of outages", detection.open_from_outages),
            ("making incidents of failures", detection.open_from_failures),
            ("following the incidents", detection.follow),
            ("recovering everybody of an incident", bulk_recovery.advance),
            ("asking a person about accounts that were given up", queue.take_over_given_up),
            ("closing tickets of accounts that work", queue.close_healed),
            ("waking tickets that were put aside", queue.wake),
            ("looking up what decides who is next", queue.refresh),
        ]
    )
