"""Process supervisor: relays each program's output, restarts it with backoff, and ends all of them with itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

from launcher import processes
from launcher.private_servers import ServerFailed, Servers

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds before a dead program is started again
SETTLED = 60.0  # seconds after which a program's next death counts as its first
TICK = 0.2
LOOK_AT_SERVERS = 1.0
PATIENCE = 10.0  # seconds that a program has to end


def wait_after(last_wait: float, lived: float) -> float:
    """Return the seconds before the next restart: exponential backoff, begun anew after a long life."""
    if lived >= SETTLED or not last_wait:
        return FIRST_WAIT
    return min(last_wait * 2, LONGEST_WAIT)


class Program:
    """One supervised program: its command, its child and its next restart."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.folder = folder
        self.child: subprocess.Popen[bytes] | None = None
        self.wait = self.due = self.started = 0.0

    def tend(self, now: float) -> None:
        if self.child is None and now >= self.due:
            self._start(now)
        elif self.child is not None and self.child.poll() is not None:
            self._note_death(now, self.child.returncode)

    def _start(self, now: float) -> None:
        self.child = processes.spawn(
            self.command,
            death=signal.SIGKILL,
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.started = now
        Thread(target=relay, args=(self.name, self.child.stdout), daemon=True).start()

    def _note_death(self, now: float, code: int) -> None:
        self.child = None
        self.wait = wait_after(self.wait, now - self.started)
        self.due = now + self.wait
        say("up", f"{self.name} ended ({code}) and is started again in {self.wait:.0f} s")


def relay(name: str, lines: IO[bytes]) -> None:
    """Copy a program's output to ours, line by line, under its name."""
    with lines:
        for line in lines:
            say(name, line.decode(errors="replace").rstrip())


def say(name: str, line: str) -> None:
    """Print one line under a program's name."""
    with suppress(OSError):  # nobody reads any more: the programs must run on all the same
        sys.stdout.write(f"{name:>6} | {line}\n")
        sys.stdout.flush()


class Supervisor:
    """Loop over the programs and servers; `run` returns after SIGINT or SIGTERM, with all programs ended.

    Servers are the caller's to stop.
    """

    def __init__(self, programs: Iterable[Program], servers: Servers) -> None:
        self.programs = list(programs)
        self.servers = servers
        self.next_look = 0.0
        self.stopping = False

    def run(self, each_tick: Callable[[], None]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note_signal)
        try:
            while not self.stopping:
                self._tend(time.monotonic())
                each_tick()
                time.sleep(TICK)
        finally:
            self._stop()

    def _note_signal(self, number: int, _: object) -> None:
        self.stopping = True
        signal.signal(number, signal.SIG_DFL)  # asked twice: at once, and the kernel takes the rest along

    def _tend(self, now: float) -> None:
        if now >= self.next_look:
            self._look_at_servers()
            self.next_look = now + LOOK_AT_SERVERS
        for program in self.programs:
            program.tend(now)

    def _look_at_servers(self) -> None:
        try:
            self.servers.ensure()
        except ServerFailed as problem:
            say("up", str(problem))

    def _stop(self) -> None:
        alive = [program.child for program in self.programs if program.child and program.child.poll() is None]
        for child in alive:
            os.kill(child.pid, signal.SIGTERM)
        processes.until(lambda: all(child.poll() is not None for child in alive), PATIENCE)
        for child in alive:
            processes.stop(child, signal.SIGKILL, 0)
