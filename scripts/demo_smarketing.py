"""`smarketing` as the demo types it: the command itself, on the sandbox's clock instead of this machine's.

In the demo, days pass in a moment. They pass in the sandbox, so its commands must read the time there. Only this file
does that; the bridge has no setting for it. The address of the sandbox is the first argument, the rest is the command.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import requests

from connector.cli import main
from connector.clock import SystemClock

OFTEN_S = 2  # a command that goes on for long (web) is told when the clock was turned


def go_by(sandbox: str) -> None:
    """Let this process tell the sandbox's time, which runs on as the real one does."""
    asked_at, ahead = 0.0, timedelta()

    def now(_: SystemClock) -> datetime:
        nonlocal asked_at, ahead
        if time.monotonic() - asked_at > OFTEN_S:
            told = requests.get(f"{sandbox}/_sandbox/clock", timeout=30).json()["now"]
            asked_at, ahead = time.monotonic(), datetime.fromisoformat(told) - datetime.now(UTC)
        return datetime.now(UTC) + ahead

    setattr(SystemClock, "now", now)  # noqa: B010 - a plain assignment is what mypy forbids, rightly elsewhere


if __name__ == "__main__":
    go_by(sys.argv.pop(1))
    main(prog_name="smarketing")
