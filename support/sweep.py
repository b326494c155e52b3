"""The support room comes to fetch: messages, incidents, accounts that were given up, tickets that healed.

Each part by itself: one that breaks is named at the desk, and the others go on.
"""

from provisioning.engine import faults
from support import contact, incidents, mailbox, queue, recovery


def fetch() -> None:
    faults.phases(
        [
            ("reading mail", mailbox.read_mail),
            ("looking whether anybody wrote", contact.settle_messages),
            ("making incidents of outages", incidents.open_from_outages),
            ("making incidents of failures", incidents.open_from_failures),
            ("following the incidents", incidents.follow),
            ("recovering everybody of an incident", recovery.go_on),
            ("asking a person about accounts that were given up", queue.take_over_given_up),
            ("closing tickets of accounts that work", queue.close_healed),
            ("waking tickets that were put aside", queue.wake),
            ("looking up what decides who is next", queue.refresh),
        ]
    )
