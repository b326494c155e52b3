"""Waiting room: the page that shows the progress of an account, and what may be changed from it."""
