"""Commands run as processes of their own: watched, stopped, frozen, killed. None outlives us."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from launcher import processes

PROJECT = Path(__file__).resolve().parents[1]
LAST_LINES = 20


class Process:
    """A command with `env` on top of our environment; what it says is in the file `log`, run after run.

    Only from the main thread, see launcher.processes.spawn.
    """

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path = PROJECT
    ) -> None:
        self.command = list(command)
        self.log = log
        self.env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self.cwd = cwd
        self.child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.stop()
        with self.log.open("ab") as log:
            self.child = processes.spawn(
                self.command, death=signal.SIGKILL, env=self.env, cwd=self.cwd, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def returncode(self) -> int | None:
        """Exit code; None while it runs; negative: the signal that ended it."""
        return self._started().poll()

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for_line(self, text: str, timeout: float = 10.0) -> str:
        """Wait for the first line with that text in it. Raises like `wait_until`."""
        self.wait_until(lambda: self._find(text), timeout, what=repr(text))
        return self._find(text)[0]

    def wait_until(self, condition: Callable[[], object], timeout: float = 10.0, what: str = "it") -> None:
        """Wait for a condition. Raises TimeoutError, or ChildProcessError when the process ends before it holds."""
        if not processes.until(lambda: self._holds(condition, what), timeout):
            raise TimeoutError(f"waited {timeout:g} s for {what}:\n{self._last_words()}")

    def wait(self, timeout: float = 10.0) -> int:
        """Wait until it ends by itself and return its exit code. Raises TimeoutError."""
        if not processes.until(self._ended, timeout):
            raise TimeoutError(f"still runs after {timeout:g} s:\n{self._last_words()}")
        return self._started().returncode

    def stop(self, patience: float = 10.0) -> None:
        """Send SIGTERM, after `patience` seconds SIGKILL, and then end whatever is left of its group."""
        if self.child is not None:
            self.thaw()
            processes.stop(self.child, signal.SIGTERM, patience)
            self.kill9()

    def kill9(self) -> None:
        """Kill the process and all of its group at once, with no last words."""
        self._signal(signal.SIGKILL)
        self._started().wait()

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _started(self) -> subprocess.Popen[bytes]:
        if self.child is None:
            raise ChildProcessError(f"not started: {self.command}")
        return self.child

    def _ended(self) -> bool:
        return self.returncode is not None

    def _holds(self, condition: Callable[[], object], what: str) -> bool:
        ended = self._ended()
        held = bool(condition())
        if ended and not held:
            raise ChildProcessError(f"ended ({self.returncode}) before {what}:\n{self._last_words()}")
        return held

    def _find(self, text: str) -> list[str]:
        return [line for line in self.output.splitlines() if text in line]

    def _last_words(self) -> str:
        return "\n".join(self.output.splitlines()[-LAST_LINES:])


def wait_until(condition: Callable[[], object], timeout: float = 10.0, what: str = "it") -> None:
    """Poll a condition every 20 ms. Raises TimeoutError."""
    if not processes.until(lambda: bool(condition()), timeout):
        raise TimeoutError(f"waited {timeout:g} s for {what}")
