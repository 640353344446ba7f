"""What the tests sit at: an installation in a folder, both CRMs behind real HTTP, and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from connector.cli import main
from connector.clock import SystemClock
from connector.config.init import write_starter
from connector.sandbox.acts import act
from connector.sandbox.process import Plan, Running, serve_in_thread

SECRETS = {
    "HUBSPOT_TOKEN": "sandbox-hubspot-token",
    "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret",
    "SMARKETING_USER": "grace",
}
UNMATCHED_OWNER = "70000005"  # of HubSpot; no active Salesforce user has this address


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A folder with a configuration, the sandbox it points at, and the ids of its people."""

    folder: Path
    running: Running

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    def run(self, *arguments: str, config: Path | None = None, env: dict[str, str | None] | None = None) -> Said:
        """Type a command."""
        named = [] if arguments[0] in ("init", "schema") else ["--config", str(config or self.config)]
        result = CliRunner().invoke(main, [*arguments, *named], env={**SECRETS, **(env or {})}, catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    def does(self, side: str, doing: str, /, **arguments: Any) -> dict[str, Any]:
        """Somebody does something on a side's screens."""
        return act(self.running.world, side, doing, arguments)

    def marketer_adds(self, **properties: str) -> str:
        """A contact in HubSpot; its ref."""
        return f"hubspot:contacts:{self.does('hubspot', 'create', object='contacts', properties=properties)['id']}"

    def rep_adds(self, obj: str = "Lead", **values: str) -> str:
        """A Lead or Contact in Salesforce; its ref."""
        usual = {"LastName": "Nobody", **({"Company": "Acme"} if obj == "Lead" else {})}
        return f"salesforce:{obj}:{self.does('salesforce', 'create', sobject=obj, values={**usual, **values})['id']}"

    def marketer_edits(self, ref: str, **properties: str) -> None:
        self.does("hubspot", "edit", object="contacts", id=ref.rpartition(":")[2], properties=properties)

    def rep_edits(self, ref: str, **values: str) -> None:
        self.does("salesforce", "edit", id=ref.rpartition(":")[2], values=values)

    def colleague(self, name: str) -> str:
        """An active Salesforce user without a HubSpot owner; their id."""
        named = {"Username": f"{name}@acme.example.sandbox", "Email": f"{name}@acme.example", "IsActive": True}
        return self.running.world.salesforce.load("User", [{"FirstName": name, "LastName": "Desk", **named}])[0]

    def writes(self) -> int:
        """How many writes both CRMs have seen, whoever made them."""
        return len(self.running.world.services.log)


@contextmanager
def desk(folder: Path, people: int = 0) -> Iterator[Desk]:
    """A desk with a sandbox of its own."""
    with serve_in_thread(SystemClock().now, Plan(seed=7, people=people, deliver=False)) as running:
        running.world.hubspot.settings.search_lag_s = 0.0  # its own tests play with it; here nothing hangs on time
        furnish(folder, running)
        yield Desk(folder, running)


def furnish(folder: Path, running: Running) -> None:
    """Write the starter files and point them at a sandbox."""
    write_starter(folder, agreed=False)
    config = folder / "config.yaml"
    text = config.read_text()
    for old, new in (
        ("base_url: https://api.hubapi.com", f"base_url: {running.hubspot_url}"),
        ("#base_url: https://acme.my.salesforce.com", f"base_url: {running.salesforce_url}"),
        ("client_id: 3MVG9...", "client_id: sandbox-consumer-key"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    config.write_text(text)
