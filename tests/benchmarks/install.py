"""What is measured: a real installation against a sandbox, each in a process of its own.

The bridge's processor time and peak memory are those of its process alone, as the kernel counts them; calls are
counted by the sandbox, not by the bridge.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.config.init import write_starter

SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox and its admin API."""

    hubspot: str
    salesforce: str

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.hubspot}/_sandbox{path}", json=body, timeout=600)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json()

    def contacts(self, number: int) -> list[str]:
        """Ids of some live HubSpot contacts, spread over all of them."""
        found: list[str] = []
        after: str | None = ""
        headers = {"Authorization": f"Bearer {SECRETS['HUBSPOT_TOKEN']}"}
        while after is not None:
            query = {"limit": "100", "properties": "email", **({"after": after} if after else {})}
            answer = requests.get(f"{self.hubspot}/crm/v3/objects/contacts", params=query, headers=headers, timeout=60)
            page = answer.json()
            found += [one["id"] for one in page["results"]]
            after = page.get("paging", {}).get("next", {}).get("after")
        return found[:: max(1, len(found) // number)][:number]

    def counters(self) -> dict[str, Any]:
        return dict(self.admin("GET", "/counters"))


@contextmanager
def sandbox(people: int, shape: str = "benchmark", seed: int = 1) -> Iterator[Sandbox]:
    """A sandbox in its own process, with a population."""
    command = [
        sys.executable,
        "-m",
        "connector.sandbox",
        "--people",
        str(people),
        "--shape",
        shape,
        "--seed",
        str(seed),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        urls = json.loads(process.stdout.readline())
        yield Sandbox(urls["hubspot"], urls["salesforce"])
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@dataclass(frozen=True)
class Measured:
    """One command's cost. Seconds, and peak resident memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    said: Mapping[str, Any]
    code: int


class Installation:
    """A folder with a configuration that points at a sandbox; agreed: with the lifecycle and all that ships with it."""

    def __init__(
        self, folder: Path, target: Sandbox, *, database: str = "", quotas: bool = False, agreed: bool = False
    ) -> None:
        self.folder = folder
        write_starter(folder, agreed=agreed)
        config = folder / "config.yaml"
        text = config.read_text()
        text = text.replace("base_url: https://api.hubapi.com", f"base_url: {target.hubspot}")
        text = text.replace("#base_url: https://acme.my.salesforce.com", f"base_url: {target.salesforce}")
        text = text.replace("client_id: 3MVG9...", "client_id: sandbox-consumer-key")
        if not quotas:
            text = text.replace("requests_per_10s: 190", "requests_per_10s: 100000")
            text = text.replace("search_per_s: 5", "search_per_s: 1000")
        if database:
            text = text.replace("url: sqlite:///smarketing.db", f"url: {database}")
        config.write_text(text)

    def run(self, *arguments: str) -> Measured:
        """Run one `smarketing` command to its end and measure it."""
        program = Path(sys.executable).parent / "smarketing"
        start = time.perf_counter()
        with (self.folder / "out.json").open("wb") as out:
            process = subprocess.Popen(
                [program, *arguments, "--config", str(self.folder / "config.yaml"), "--json"],
                stdout=out,
                cwd=self.folder,
                env={**os.environ, **SECRETS},
            )
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said = (self.folder / "out.json").read_bytes()
        parsed = json.loads(said) if said.strip() else {}
        return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, parsed, process.returncode)
