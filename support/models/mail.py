"""Attachments of inbound mail."""

from django.db import models

from support.models.tickets import Message


class Attachment(models.Model):
    """One file of a mail: kept, never opened here, handed out as bytes only."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=100, blank=True, help_text="What the email says it is.")
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name
