"""The commands of the service as processes of their own, and what may happen to a process.

Started as an administrator starts them, with the configuration of the stage and its secrets in the environment; their
output goes to files that a failing test shows. A killed one is gone at once and cleans nothing up, a frozen one keeps
its connections and believes, when it goes on, that no time has passed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

PROGRAM = Path(sys.executable).parent / "smarketing"
READY_WITHIN_S = 60.0  # a machine with two cores may be busy with other tests
GONE_WITHIN_S = 60.0


@dataclass
class Process:
    """One command of the service. `started_at`, `stopped_at`: by the monotonic clock."""

    name: str
    command: str
    config: Path
    secrets: Mapping[str, str]
    inside: str = ""  # the network namespace it lives in
    options: tuple[str, ...] = ()
    started_at: float = 0.0
    _popen: subprocess.Popen[bytes] | None = None
    _lives: int = field(default=0)

    @property
    def pid(self) -> int:
        """Its id; it is running."""
        assert self._popen is not None, f"{self.name} was not started"
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it runs (or is frozen)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def log(self) -> Path:
        """What it said, over all its lives."""
        return self.config.parent / f"{self.name}.log"

    def start(self) -> None:
        """Begin, or begin again."""
        assert not self.alive, f"{self.name} is running already"
        entering = ("nsenter", f"--net=/run/netns/{self.inside}") if self.inside else ()
        command = [*entering, PROGRAM, self.command, "--config", self.config, *self.options]
        with self.log.open("ab") as said:
            said.write(f"--- life {self._lives}\n".encode())
            said.flush()
            self._popen = subprocess.Popen(
                command,
                cwd=self.config.parent,
                env={**os.environ, **self.secrets},
                stdout=said,
                stderr=said,
                start_new_session=True,  # what befalls it befalls the processes it has made
            )
        self._lives += 1
        self.started_at = time.monotonic()

    def kill(self) -> float:
        """End it without warning; when, by the monotonic clock."""
        at = self._signalled(signal.SIGKILL)
        self._gone()
        return at

    def kill_working(self) -> float:
        """End the process that does the work, whose guardian lives and has to notice; when."""
        assert self.alive, f"{self.name} has ended by itself\n{self.said()}"
        (working,) = children(self.pid)
        at = time.monotonic()
        os.kill(working, signal.SIGKILL)
        return at

    def freeze(self) -> float:
        """Stop it where it stands; when."""
        return self._signalled(signal.SIGSTOP)

    def thaw(self) -> float:
        """Let it go on; when."""
        return self._signalled(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """What systemd does first."""
        self._signalled(signal.SIGTERM)

    def ended(self, within_s: float = GONE_WITHIN_S) -> int:
        """Wait until it has ended, and say its exit code."""
        return self._gone(within_s)

    def end(self) -> None:
        """Make sure that it is gone, whatever state it is in."""
        if self.alive:
            self.kill()

    def said(self, lines: int = 40) -> str:
        """The end of what it said."""
        told = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"{self.name} said last:", *told[-lines:]])

    def _signalled(self, number: signal.Signals) -> float:
        assert self.alive, f"{self.name} has ended by itself\n{self.said()}"
        at = time.monotonic()
        if number is signal.SIGTERM:
            os.kill(self.pid, number)
        else:
            os.killpg(self.pid, number)
        return at

    def _gone(self, within_s: float = GONE_WITHIN_S) -> int:
        assert self._popen is not None
        try:
            return self._popen.wait(within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            raise AssertionError(f"{self.name} had not ended after {within_s:g} s\n{self.said()}") from None


def children(pid: int) -> list[int]:
    """The processes that a process has made and that live; none when it is gone itself."""
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(each) for task in tasks for each in (task / "children").read_text().split()]
    return []


def answering(url: str) -> bool:
    """Whether something answers there with a success."""
    try:
        answer = urllib3.request("GET", url, timeout=2.0, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == 200


def until(claim: Callable[[], bool], what: str, within_s: float, pause_s: float = 0.1) -> float:
    """Wait until a claim holds and say how many seconds that took; AssertionError with `what` when it never does."""
    start = time.monotonic()
    while not claim():
        waited = time.monotonic() - start
        assert waited < within_s, f"not within {within_s:g} s: {what}"
        time.sleep(pause_s)
    return time.monotonic() - start
