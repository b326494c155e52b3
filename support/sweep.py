"""The support room comes to fetch: messages, incidents, accounts that were given up, tickets that healed."""

from support import contact, incidents, post, queue, recovery


def fetch() -> None:
    contact.settle_messages()
    incidents.fetch()
    recovery.go_on()
    queue.take_over_given_up()
    queue.close_healed()
    queue.wake()
    queue.refresh()
    post.post()
