"""Table of the example product: what Arrivals has told it."""

from django.db import models


class Told(models.Model):
    """An event, kept under its id: told twice, it is kept once."""

    event = models.CharField(max_length=100, primary_key=True)
    kind = models.CharField(max_length=100)
    data = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.kind} {self.event}"
