"""Inbound e-mail: saved by a webhook, parsed in a child process, and made into messages of a thread."""
