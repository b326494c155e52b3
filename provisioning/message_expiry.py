"""Expiry of Celery messages, by the hosts' clocks but not by them alone.

What expires carries the time of the host that sent it, and is measured by the clock of the host that takes it. Where
these differ every tick would come too late, and no sweep ever run. So of those that seem late one in a while is
carried out all the same: of a backlog the first, of a wrong clock as many as are needed.
"""

import time
from typing import ClassVar

from celery.worker.request import Request
from django.conf import settings


class Hint(Request):
    """Celery request that expires when it is late, but for one message of each task in SWEEP_SECONDS."""

    _next_turns: ClassVar[dict[str, float]] = {}  # by monotonic time, in this process
    _has_a_turn = False

    def maybe_expire(self):
        if self._has_a_turn or self._takes_a_turn():
            return False
        return super().maybe_expire()

    def _takes_a_turn(self) -> bool:
        """True if this message may pass, late or not.

        Asked by the one thread that takes messages in.
        """
        if time.monotonic() < self._next_turns.get(self.name, 0.0):
            return False
        self._next_turns[self.name] = time.monotonic() + settings.SWEEP_SECONDS
        self._has_a_turn = True
        return True
