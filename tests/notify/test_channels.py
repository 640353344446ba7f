"""Notices through Apprise: what became of one is told as what it means for sending it again."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from connector.delivery import Delivered, Undelivered, Unheard
from connector.notify import notifier
from connector.notify.channels import Channel

TOKEN = "s3cr3t-token"


def url(port: int, more: str = "") -> str:
    return f"json://127.0.0.1:{port}/{TOKEN}/{more}"


def test_a_notice_arrives_as_it_was_worded(server: Any) -> None:
    assert Channel(url(server.port)).send("Ann <waits> & *waits*", "since nine\nand longer") == Delivered()
    (heard,) = server.heard
    told = orjson.loads(heard.body)
    assert (told["title"], told["message"]) == ("Ann <waits> & *waits*", "since nine\nand longer")
    assert heard.path == f"/{TOKEN}/"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_answer_that_says_no_is_a_clear_failure(server: Any, status: int) -> None:
    server.status = status
    told = Channel(url(server.port)).send("a", "b")
    assert isinstance(told, Undelivered)
    assert (told.reason, told.lasting) == (f"refused with {status}", False)
    assert ("tried again" in told.hint) == (status in (429, 500, 503))


def test_a_connection_that_is_refused_is_a_clear_failure(closed_port: int) -> None:
    told = Channel(url(closed_port)).send("a", "b")
    assert isinstance(told, Undelivered)
    assert told.reason == "the connection was refused"


def test_nobody_knows_what_became_of_a_notice_without_an_answer(server: Any) -> None:
    server.status = 0
    assert isinstance(Channel(url(server.port)).send("a", "b"), Unheard)
    server.slow = True
    assert isinstance(Channel(url(server.port, "?rto=0.2")).send("a", "b"), Unheard)
    assert len(server.heard) == 2


def test_one_notice_is_one_attempt(server: Any) -> None:
    server.status = 500
    Channel(url(server.port, "?retry=3&wait=0.1")).send("a", "b")
    assert len(server.heard) == 1


@pytest.mark.parametrize("odd", ["", "no address", "nosuchservice://token@host", "slack://"])
def test_a_url_that_apprise_does_not_understand_is_told_without_showing_it(odd: str) -> None:
    told = Channel(odd).send("a", "b")
    assert isinstance(told, Undelivered)
    assert told.lasting
    assert not odd or odd not in told.reason + told.hint


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What a program that logs everything would write down."""
    kept: list[str] = []

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    root, handler, before = logging.getLogger(), Everything(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(handler)
    root.setLevel(before)


def test_neither_the_url_nor_the_message_is_ever_logged_or_told(
    server: Any, clock: Any, hook: Any, logged: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("tests").debug("everything is heard")
    server.status = 500
    hooked = hook(f"http://127.0.0.1:{server.port}/{TOKEN}")
    told: list[object] = [Channel(url(server.port)).send("Ann waits", "ann@x.test")]
    told.append(notifier({}, {"ops": hooked}, clock).call("ops", "1", {"name": "Ann", "email": "ann@x.test"}))
    said = "".join([*map(repr, told), *logged, *capfd.readouterr()])
    assert "everything is heard" in said
    assert len(server.heard) == 2
    assert not [word for word in (TOKEN, "Ann", "ann@x.test", "a secret") if word in said]


def test_threads_hear_only_what_became_of_their_own_notice(server: Any, closed_port: int) -> None:
    channels = [Channel(url(server.port)), Channel(url(closed_port))]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda number: channels[number % 2].send("a", "b"), range(40)))
    assert {type(one) for one in told[::2]} == {Delivered}
    assert {type(one) for one in told[1::2]} == {Undelivered}


def test_a_plugin_that_breaks_leaves_what_nobody_knows(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel(url(server.port))
    monkeypatch.setattr(channel._service, "notify", lambda **_: {}["no such"])
    assert channel.send("a", "b") == Unheard("Apprise ended with KeyError")


def test_nothing_is_loaded_before_the_first_message() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import connector.notify, sys; print({'apprise', 'requests'} & sys.modules.keys())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "set()\n"
