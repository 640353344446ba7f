"""Days of the running service against the sandbox: the real loop and the real adapters over HTTP, time by leaps.

Time stands still but for what waiting lets pass and for the leaps to the next moment at which something is due; calls
are counted by the sandbox. Nothing of the service is left out but the web application.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.bootstrap import Installation, Surroundings
from connector.config.init import write_starter
from connector.engine.doing import DUTIES
from connector.engine.duties import Work
from connector.engine.turning import survey
from connector.sandbox.population import populate
from connector.sandbox.server import Server
from connector.sandbox.world import World
from connector.service.keeping import Keeping
from connector.service.loop import Bell, Loop
from connector.service.worker import work_of
from tests.misbehaviour.rig import SECRETS, EvenDice, WorldClock

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
SIDES = ("hubspot", "salesforce")
LEAP_MAX = timedelta(minutes=5)  # the files of the configuration are looked at as often
Act = Callable[[World], object]


@dataclass
class Days:
    """An installation that is running, and its two CRMs."""

    world: World
    config: Path
    keeping: Keeping
    loop: Loop
    opened: list[Installation]

    def now(self) -> datetime:
        return self.world.services.clock.now()

    def run(self, lasts: timedelta, acts: Sequence[tuple[datetime, Act]] = ()) -> None:
        """Let time pass; people act at their moments (`acts`, in order)."""
        until, waiting = self.now() + lasts, list(acts)
        while self.now() < until:
            while waiting and waiting[0][0] <= self.now():
                waiting.pop(0)[1](self.world)
            if not self.loop.round():
                self._leap(min(until, waiting[0][0]) if waiting else until)

    def _leap(self, until: datetime) -> None:
        work, now = self.keeping.work(), self.now()
        assert work is not None
        with work.bridge.database.read() as conn:
            following = survey(conn, DUTIES, now).next_at
        closing = work.stretch.closes_at()
        moments = [
            moment for moment in (following, closing, until, now + LEAP_MAX) if moment is not None and moment > now
        ]
        self.world.services.clock.advance(max(0.001, (min(moments) - now).total_seconds()))

    def calls(self) -> dict[str, Counter[str]]:
        """API calls by side, by method and path; signing in is none."""
        return {side: _api(self.world.counters[side].as_dict()["by_path"]) for side in SIDES}

    def forget_calls(self) -> None:
        for side in SIDES:
            self.world.counters[side].clear()


def _api(by_path: Mapping[str, int]) -> Counter[str]:
    return Counter({line: number for line, number in by_path.items() if "/oauth" not in line})


@contextmanager
def running(folder: Path, *, people: int, shape: str = "benchmark", agreed: bool, **settings: Any) -> Iterator[Days]:
    """A service that has done its first sync and come to rest. `settings`: of config.yaml, by section."""
    world = World(1, lambda: START)
    world.services.clock.freeze(START)
    world.services.settings.quotas_enforced = False
    if people:
        populate(world, people, shape)
    world.services.clock.advance(3600)
    now = world.services.clock.now
    with Server(world.door("hubspot"), now) as hubspot, Server(world.door("salesforce"), now) as salesforce:
        config = _configured(folder, {"hubspot": hubspot.url, "salesforce": salesforce.url}, settings, agreed=agreed)
        around = Surroundings(SECRETS, WorldClock(world.services.clock), EvenDice())
        opened: list[Installation] = []

        def working(installation: Installation) -> Work:
            opened.append(installation)
            return work_of(installation, "smarketing run", lambda: False)

        keeping = Keeping(config, around, working, lambda _: nullcontext())
        days = Days(world, config, keeping, Loop(keeping.work, Bell()), opened)
        try:
            days.run(timedelta(hours=2))
            yield days
        finally:
            keeping.close()


def _configured(folder: Path, urls: Mapping[str, str], settings: Mapping[str, Any], *, agreed: bool) -> Path:
    write_starter(folder, agreed=agreed)
    yaml, path = YAML(), folder / "config.yaml"
    config = yaml.load(path.read_text())
    for side, url in urls.items():
        config[side]["base_url"] = url
    config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
    config["guards"] = {name: {"number": None, "percent": None} for name in ("creates", "archives", "changes")}
    for section, values in settings.items():
        config.setdefault(section, {}).update(values)
    yaml.dump(config, path)
    return path
