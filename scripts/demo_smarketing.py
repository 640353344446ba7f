"""`smarketing` as the demo types it: the command itself, on the sandbox's clock instead of this machine's.

In the demo, days pass in a moment. They pass in the sandbox, so its commands must read the time there. Only this file
does that; the bridge has no setting for it. The address of the sandbox is the first argument, the rest is the command.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import requests

from connector.cli import main
from connector.clock import SystemClock


def go_by(sandbox: str) -> None:
    """Let this process tell the sandbox's time, which runs on as the real one does."""
    told = requests.get(f"{sandbox}/_sandbox/clock", timeout=30).json()["now"]
    ahead = datetime.fromisoformat(told) - datetime.now(UTC)

    def now(_: SystemClock) -> datetime:
        return datetime.now(UTC) + ahead

    setattr(SystemClock, "now", now)  # noqa: B010 - a plain assignment is what mypy forbids, rightly elsewhere


if __name__ == "__main__":
    go_by(sys.argv.pop(1))
    main(prog_name="smarketing")
