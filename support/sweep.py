"""The support room comes to fetch: messages, accounts that were given up, tickets that healed."""

from support import contact, queue


def fetch() -> None:
    contact.begin_repairs()
    contact.end_repairs()
    queue.take_over_given_up()
    queue.close_healed()
