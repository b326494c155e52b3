"""Canary: nobody signs up every few minutes, through the front door, to notice an outage before a person meets it."""
