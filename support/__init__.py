"""Support room: the desk in Django's admin, tickets, incidents, service level and trust repair."""
