"""An installation that cannot be opened: people see why, are told once, and again when it is over."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from connector.bootstrap import Surroundings
from connector.cli import main
from connector.clock import SystemClock, SystemDice
from connector.config.load import load
from connector.reports.metrics import metrics_text
from connector.sandbox.process import Plan, Running, serve_in_thread
from connector.service.keeping import Keeping
from connector.service.unopened import PATIENCE
from connector.service.worker import work_of
from connector.storage import effects
from connector.storage.database import open_database
from connector.storage.effects import State
from tests.cli.desk import SECRETS, furnish
from tests.endurance.processes import Process, until
from tests.notify.conftest import Server, server  # noqa: F401  # a fixture
from tests.service.test_run_opening import Leaping

WRONG = "another-token-of-nobody"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve_in_thread(SystemClock().now, Plan(deliver=False)) as opened:
        yield opened


@pytest.fixture
def place(running: Running, server: Server, tmp_path: Path) -> Place:  # noqa: F811  # the fixture itself
    furnish(tmp_path, running)
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text() + "\nnotifications: {operators: {url: env:ROOM}}\n")
    return Place(config, server)


class Place:
    """An installation in a folder, and the room where its operators are told."""

    def __init__(self, config: Path, room: Server) -> None:
        self.config, self._room, self.clock = config, room, Leaping()
        self.secrets = {**SECRETS, "ROOM": f"json://127.0.0.1:{room.port}/room"}

    @contextmanager
    def kept(self, **secrets: str) -> Iterator[Keeping]:
        """A process of the service begins, and ends."""
        around = Surroundings({**self.secrets, **secrets}, self.clock, SystemDice())
        keeping = Keeping(self.config, around, lambda one: work_of(one, "a test", lambda: False), nobody)
        try:
            yield keeping
        finally:
            keeping.close()

    def tries(self, keeping: Keeping, minutes: float = 6) -> Any:
        """Time passes, and it is tried again."""
        self.clock.ahead += timedelta(minutes=minutes)
        return keeping.work()

    def edit(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def status(self, *more: str) -> Any:
        return CliRunner().invoke(main, ["status", "--config", str(self.config), *more], env=self.secrets)

    def stopped(self) -> list[Any]:
        """What `smarketing status` lists as stopped, for machines."""
        return list(orjson.loads(self.status("--json", "--kind", "stopped").stdout)["open"])

    def told(self) -> list[str]:
        """What the operators were told here and now."""
        return [orjson.loads(one.body)["message"] for one in self._room.heard]

    def metric(self) -> float:
        database = open_database(f"sqlite:///{self.config.parent}/smarketing.db")
        page = metrics_text(database, load(self.config, self.secrets).settings, self.clock.now()).decode()
        database.close()
        (line,) = [line for line in page.splitlines() if line.startswith("smarketing_unopened_seconds")]
        return float(line.rpartition(" ")[2])

    def waiting(self) -> list[str]:
        """What is to be sent by whoever works."""
        database = open_database(f"sqlite:///{self.config.parent}/smarketing.db")
        with database.read() as conn:
            subjects = [one.effect.subject for one in effects.listed(conn, State.WAITING)]
        database.close()
        return subjects


@contextmanager
def nobody(_installation: object) -> Iterator[None]:
    yield


def test_wrong_credentials_are_what_status_says_with_since_when_why_and_what_to_do(place: Place) -> None:
    with place.kept(HUBSPOT_TOKEN=WRONG) as keeping:
        assert keeping.work() is None
    said = place.status()
    assert said.exit_code == 3
    assert "Nothing needs a person" not in said.stdout
    assert "1 thing for a person" in said.stdout
    assert f"the service cannot work since {place.clock.now():%Y-%m-%d}" in said.stdout
    assert "mend the credentials, their scopes or permissions, then: smarketing check" in said.stdout
    (issue,) = place.stopped()
    assert "HubSpot" in issue["reason"]
    assert WRONG not in said.stdout + str(place.stopped()) + str(place.told())
    place.clock.ahead += timedelta(minutes=2)
    assert 120 <= place.metric() < 180


def test_people_are_told_once_however_often_it_is_tried_and_once_more_when_it_is_over(place: Place) -> None:
    for _ in range(2):  # a restart tells nothing new
        with place.kept(HUBSPOT_TOKEN=WRONG) as keeping:
            assert keeping.work() is None
            assert place.tries(keeping) is None
    (message,) = place.told()
    assert "smarketing check" in message
    assert [issue["times"] for issue in place.stopped()] == [4]
    with place.kept() as keeping:
        assert keeping.work() is not None
    assert place.waiting() == ["The bridge works again"]
    assert place.stopped() == []
    assert place.status().exit_code == 0
    assert place.metric() == 0
    assert len(place.told()) == 1


def test_a_side_that_does_not_answer_is_shown_at_once_and_told_of_when_it_lasts(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody_there:
        port = nobody_there.getsockname()[1]
    place.edit(f"base_url: {hubspot(place)}", f"base_url: http://127.0.0.1:{port}")
    with place.kept() as keeping:
        assert keeping.work() is None
        (issue,) = place.stopped()
        assert "see the side's address in config.yaml and the network" in issue["hint"]
        assert place.told() == []
        place.tries(keeping, PATIENCE.total_seconds() / 60 + 1)
        assert len(place.told()) == 1


def test_an_account_that_is_another_than_the_configured_one_is_named(place: Place) -> None:
    place.edit("#portal_id: 1234567", "portal_id: 4711")
    with place.kept() as keeping:
        assert keeping.work() is None
    (issue,) = place.stopped()
    assert "4711" in issue["reason"]
    assert "mend the configuration" in issue["hint"]
    assert len(place.told()) == 1


def test_who_could_not_be_told_is_told_with_the_next_try(place: Place) -> None:
    place._room.status = 503
    with place.kept(HUBSPOT_TOKEN=WRONG) as keeping:
        assert keeping.work() is None
        place._room.status = 200
        place.tries(keeping)
        place.tries(keeping)
    assert len(place.told()) == 2


def test_smarketing_run_says_so_and_goes_on_by_itself_once_it_is_mended(place: Place) -> None:
    token = place.config.parent / "token"
    token.write_text(WRONG)
    place.edit("env:HUBSPOT_TOKEN", "file:token")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place.edit("port: 8080", f"port: {port}")
    process = Process("run", "run", place.config, place.secrets)
    process.start()
    try:
        until(lambda: bool(place.stopped()), "status says it", 40.0)
        token.write_text(SECRETS["HUBSPOT_TOKEN"])
        until(lambda: place.stopped() == [], "it is over", 40.0)
        until(lambda: len(place.told()) == 2, "people are told of both", 40.0)
        os.kill(process.pid, signal.SIGTERM)
        assert process.ended() == 0
    finally:
        process.end()


def hubspot(place: Place) -> str:
    return str(load(place.config, place.secrets).settings.hubspot.base_url)
