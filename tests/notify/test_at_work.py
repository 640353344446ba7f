"""The engine with the notifier that installations have: what is due arrives, once, and what fails is told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from connector.core.policy import ActionKind
from connector.core.steered import Effect
from connector.engine import sync
from connector.engine.effects import set_off
from connector.notify import notifier, verified
from connector.storage import effects
from connector.storage.effects import State
from tests.engine.town import Town


@pytest.fixture
def town(server: Any, hook: Any) -> Iterator[Town]:
    town = Town()
    here = f"127.0.0.1:{server.port}"
    outgoing = notifier({"sales": hook(f"json://{here}/room")}, {"ops": hook(f"http://{here}/in")}, town.clock)
    town.bridge = replace(town.bridge, notifier=outgoing)
    ann = town.contact(email="ann@x.test")
    notice = Effect("late", ActionKind.NOTIFY, "sales", ann, "Ann waits", "since nine", {"policy": "first touch"})
    with town.database.begin() as conn:
        effects.add(conn, [notice, replace(notice, key="late 2", kind=ActionKind.WEBHOOK, to="ops")], town.clock.now())
    yield town
    town.database.close()


def passed(town: Town) -> dict[State, int]:
    with sync.recorded(town.bridge, "once", "a test") as run:
        set_off(town.bridge, run)
    with town.database.read() as conn:
        return effects.counts(conn)


def test_what_is_due_arrives_once(town: Town, server: Any) -> None:
    assert passed(town) == passed(town) == {State.DONE: 2}
    notice, webhook = server.heard
    assert (notice.path, orjson.loads(notice.body)["title"]) == ("/room", "Ann waits")
    told = orjson.loads(webhook.body)
    assert (webhook.path, told["policy"], told["key"]) == ("/in", "first touch", webhook.headers["Idempotency-Key"])
    assert verified("a secret", webhook.body, webhook.headers["Smarketing-Signature"], town.clock.now())


def test_what_was_refused_is_sent_once_it_is_taken(town: Town, server: Any) -> None:
    server.status = 503
    assert passed(town) == {State.WAITING: 2}
    server.status = 200
    town.clock.sleep(3600)
    assert passed(town) == {State.DONE: 2}
    assert [one.path for one in server.heard] == ["/room", "/in", "/room", "/in"]


def test_what_got_no_answer_is_never_sent_again_by_itself(town: Town, server: Any) -> None:
    server.status = 0
    assert passed(town) == {State.UNKNOWN: 2}
    server.status = 200
    town.clock.sleep(3600)
    assert passed(town) == {State.UNKNOWN: 2}
    assert len(server.heard) == 2
