"""A web process as it is installed: `smarketing web` over a folder and a store of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from connector.config.init import write_starter

SECRETS = {
    "HUBSPOT_TOKEN": "token",
    "SALESFORCE_CLIENT_SECRET": "secret",
    "HUBSPOT_CLIENT_SECRET": "sandbox-hubspot-secret",
    "SALESFORCE_OUTBOUND_SECRET": "outbound-secret-of-the-tests",
    "SALESFORCE_EVENTS_SECRET": "events-secret-of-the-tests",
}
EDITS = (
    ("#webhooks:\n", "webhooks:\n"),
    ("#  hubspot:\n#    secrets", "  hubspot:\n    secrets"),
    ("#    signatures: [v3]", "    signatures: [v3]"),
    ("#  salesforce:\n#    outbound", "  salesforce:\n    outbound"),
    ("#    events_secrets", "    events_secrets"),
    ("  port: 8080", "  port: 0"),
    ("body_max_kib: 4096", "body_max_kib: 64"),
)


def configure(folder: Path, org: str) -> Path:
    """A configuration with every webhook, bound to an org."""
    write_starter(folder, agreed=False)
    config = folder / "config.yaml"
    text = config.read_text()
    for old, new in (*EDITS, ('  api_version: "67.0"\n', f'  api_version: "67.0"\n  org_id: {org}\n')):
        assert old in text, old
        text = text.replace(old, new)
    config.write_text(text)
    return config


@dataclass
class Served:
    """The process while it runs; `said` is all it has written so far."""

    process: subprocess.Popen[str]
    said: list[str]

    @property
    def url(self) -> str:
        return next(found[0] for line in self.said if (found := re.search(r"http://127.0.0.1:\d+", line)))

    def worker(self) -> int:
        """The process that answers, and not the guardian."""
        told = [found[1] for line in self.said if (found := re.search(r"Booting worker with pid: (\d+)", line))]
        return int(told[-1])

    def until_said(self, words: str, times: int = 1) -> None:
        until(lambda: sum(words in line for line in self.said) >= times, "\n".join(self.said))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def until(claim: Callable[[], bool], otherwise: str = "") -> None:
    end = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)


def command(config: Path) -> list[str]:
    return [sys.executable, "-c", "from connector.cli import main; main()", "web", "--config", str(config)]


@contextmanager
def serving(config: Path) -> Iterator[Served]:
    """Run the command until the block ends."""
    process = subprocess.Popen(command(config), env={**os.environ, **SECRETS}, stderr=subprocess.PIPE, text=True)
    served = Served(process, [])
    assert process.stderr
    reading = Thread(target=lambda: served.said.extend(process.stderr or ()))
    reading.start()
    try:
        served.until_said("Listening on")
        yield served
    finally:
        process.terminate()
        process.wait(20)
        reading.join()
        process.stderr.close()
