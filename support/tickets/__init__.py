"""Tickets: message intake, the queue and its priorities, and the desk's outgoing e-mail."""
