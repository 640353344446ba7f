"""An installation with a line to the sandbox's event bus, in real time, as a worker process has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.bootstrap import Installation, Surroundings, open_installation
from connector.clock import SystemClock, SystemDice
from connector.config.init import write_starter
from connector.core.plan import Issue
from connector.core.refs import Ref
from connector.engine.folding import fold
from connector.sandbox.acts import act
from connector.sandbox.process import Plan, Running, serve_in_thread
from connector.storage import dirty, duties, inbox, issues, state
from connector.storage.dirty import Quiet
from webhooks.readers import readers

SECRETS = {
    "HUBSPOT_TOKEN": "sandbox-hubspot-token",
    "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret",
    "HUBSPOT_CLIENT_SECRET": "sandbox-hubspot-secret",
}


@dataclass
class Town:
    """A sandbox and an installation that is open to it."""

    running: Running
    installation: Installation
    config: Path

    def act(self, side: str, doing: str, /, **arguments: Any) -> dict[str, Any]:
        """Do something on a side's screens."""
        return act(self.running.world, side, doing, arguments)

    def lead(self, name: str = "Doe") -> str:
        values = {"LastName": name, "Company": "Acme", "Email": f"{name.lower()}@acme.test"}
        return self.act("salesforce", "create", sobject="Lead", values=values)["id"]

    def fold(self) -> int:
        """What a worker does with the inbox."""
        bridge = self.installation.bridge
        accounts = {side: account.id for side, account in self.installation.accounts.items()}
        polls = {side: f"poll.{side.value}" for side in accounts}
        return fold(bridge, readers(accounts), Quiet(timedelta(seconds=2), timedelta(seconds=30)), polls)

    def dirty(self) -> set[Ref]:
        with self.installation.bridge.database.read() as conn:
            return {one.ref for one in dirty.sample(conn, 10_000)}

    def inbox(self) -> list[inbox.Received]:
        with self.installation.bridge.database.read() as conn:
            return [*inbox.unread(conn, 1000), *inbox.kept(conn)]

    def issues(self) -> list[Issue]:
        with self.installation.bridge.database.read() as conn:
            return [one.issue for one in issues.open_issues(conn, limit=1000)]

    def state(self, name: str) -> Any:
        with self.installation.bridge.database.read() as conn:
            return state.get(conn, name)

    def asked(self, name: str) -> bool:
        """Whether a duty was asked for."""
        return self.duty(name) is not None

    def duty(self, name: str) -> duties.Duty | None:
        with self.installation.bridge.database.read() as conn:
            return duties.get(conn, name)


def configured(folder: Path, running: Running, **sections: Any) -> Path:
    """A config.yaml that points at the sandbox; `sections` are merged into it."""
    write_starter(folder, agreed=False)
    yaml, path = YAML(), folder / "config.yaml"
    config = yaml.load(path.read_text())
    config["database"]["url"] = f"sqlite:///{folder / 'store.db'}"
    config["hubspot"]["base_url"] = running.hubspot_url
    config["salesforce"]["base_url"] = running.salesforce_url
    config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
    for section, values in sections.items():
        config[section].update(values)
    yaml.dump(config, path)
    return path


@contextmanager
def reopened(here: Town) -> Iterator[None]:
    """The same installation, opened anew after an edit of its config.yaml."""
    before = here.installation
    with open_installation(here.config, Surroundings(SECRETS, SystemClock(), SystemDice())) as installation:
        here.installation = installation
        yield
    here.installation = before


@contextmanager
def town(folder: Path, *, pubsub: bool = True, keepalive_s: float = 0.05, **sections: Any) -> Iterator[Town]:
    """Both, until the block is left."""
    plan = Plan(seed=5, pubsub_port=0 if pubsub else None, deliver=False)
    with serve_in_thread(lambda: datetime.now(UTC), plan) as running:
        running.world.salesforce.settings.change_keepalive_s = keepalive_s
        if pubsub:
            sections.setdefault("salesforce", {})["pubsub"] = {"address": running.pubsub}
        config = configured(folder, running, **sections)
        with open_installation(config, Surroundings(SECRETS, SystemClock(), SystemDice())) as installation:
            yield Town(running, installation, config)
