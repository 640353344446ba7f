"""The web application over a store, what runs beside it, and the signs of life of its process."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import structlog

from connector.clock import SystemClock, SystemDice
from connector.config.service import Web
from connector.core.refs import Side
from connector.engine import facts
from connector.service.beating import beating
from connector.service.server import SLOW_CLIENT_S, _limit_waiting, _Service, serve
from connector.service.web import Zones, opened
from connector.storage import pulses
from connector.storage.database import Database, migrate, open_database
from tests.webhooks.doorstep import ORG
from tests.webhooks.serving import SECRETS, configure, until

CHANCE = SystemClock(), SystemDice()
NOW = SystemClock().now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'smarketing.db'}")
    migrate(database)
    yield database
    database.close()


def alive(store: Database) -> list[str]:
    with store.read() as conn:
        return [one.kind for one in pulses.alive(conn, NOW(), timedelta(minutes=1))]


def test_the_application_of_a_configuration_answers_and_is_heard_of_while_it_is_open(tmp_path: Path, store: Database):
    config = configure(tmp_path, ORG)
    with opened(config, SECRETS, CHANCE) as app:
        client = app.test_client()
        assert client.get("/ready").status_code == 200
        assert "smarketing_links 0" in client.get("/metrics").text
        until(lambda: alive(store) == ["web"])
    assert alive(store) == []


def test_without_its_store_the_application_comes_up_and_says_so(tmp_path: Path):
    config = configure(tmp_path, ORG)
    config.write_text(config.read_text().replace("sqlite:///smarketing.db", "sqlite:///away/smarketing.db"))
    with structlog.testing.capture_logs(), opened(config, SECRETS, CHANCE) as app:
        assert app.test_client().get("/health").status_code == 200
        assert app.test_client().get("/ready").status_code == 503


def test_a_process_goes_on_without_signs_of_life_while_the_store_is_away(tmp_path: Path):
    away = open_database(f"sqlite:///{tmp_path / 'away' / 'smarketing.db'}")
    with structlog.testing.capture_logs() as lines:
        with beating(away, "web", SystemClock()):
            until(lambda: len(lines) == 1)
        away.close()
    assert [line["event"] for line in lines] == ["no sign of life could be given", "no goodbye could be said"]


def test_time_zones_are_asked_for_until_they_are_known(store: Database, monkeypatch: pytest.MonkeyPatch):
    zones, asked = Zones(store), list[int]()
    assert zones.told() == {}

    def recall(_database: Database) -> Any:
        asked.append(1)
        account = type("Account", (), {"time_zone": "Europe/Zurich"})
        return type("Facts", (), {"accounts": {Side.HUBSPOT: account}})

    monkeypatch.setattr(facts, "recall", recall)
    assert [zones.told(), zones.told()] == [{Side.HUBSPOT: "Europe/Zurich"}] * 2
    assert len(asked) == 1


class Story:
    """What was opened and closed, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def part(self, name: str, *, fails: bool = False) -> Iterator[Any]:
        if fails:
            raise OSError("no")
        self.told.append(f"{name} opens")
        try:
            yield lambda *_: [name.encode()]
        finally:
            self.told.append(f"{name} closes")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """What serving changes in a process."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
    handlers, interval = [signal.getsignal(number) for number in numbers], sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def test_companions_start_after_the_application_and_stop_before_it():
    story = Story()
    companions = [lambda: story.part("loop"), lambda: story.part("listener")]
    service = _Service(lambda: story.part("web"), Web(), companions, print)
    assert service.load()({}, None) == [b"web"]
    service._stop(None, None)
    assert story.told == [
        "web opens",
        "loop opens",
        "listener opens",
        "listener closes",
        "loop closes",
        "web closes",
    ]


def test_where_a_companion_cannot_start_the_application_is_closed_again():
    story = Story()
    service = _Service(lambda: story.part("web"), Web(), [lambda: story.part("loop", fails=True)], print)
    with pytest.raises(OSError, match="no"):
        service.load()
    assert story.told == ["web opens", "web closes"]


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", ["127.0.0.1:8080"]), ("::1", ["[::1]:8080"])])
def test_the_server_listens_where_it_is_told_and_believes_no_header(host: str, bound: list[str]):
    service = _Service(lambda: Story().part("web"), Web(host=host, threads=3), [], print)
    cfg = service.cfg
    assert (cfg.bind, cfg.threads, cfg.workers, cfg.forwarded_allow_ips) == (bound, 3, 1, [])
    assert cfg.accesslog is None


def test_clients_that_stop_sending_are_given_up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _limit_waiting(None, type("Worker", (), {"sockets": [type("Listener", (), {"sock": listener})]}))
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as connection:
            limit = connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
    assert int.from_bytes(limit[:8], sys.byteorder) == SLOW_CLIENT_S


def test_how_the_server_ended_is_its_exit_code(monkeypatch: pytest.MonkeyPatch):
    def ends(code: Any) -> Any:
        def run(_arbiter: Any) -> None:
            raise SystemExit(code)

        return run

    told = Event()
    for code, expected in ((0, 0), (3, 3), ("words", 1)):
        monkeypatch.setattr("connector.service.server.Arbiter.run", ends(code))
        assert serve(lambda: Story().part("web"), Web(port=0), listening=lambda _: told.set()) == expected
    monkeypatch.setattr("connector.service.server.Arbiter.run", lambda _: None)
    assert serve(lambda: Story().part("web"), Web(port=0)) == 0
