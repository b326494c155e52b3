"""What the one person who helps has before her."""

from support.models.tickets import Message, Ticket

__all__ = ["Message", "Ticket"]
