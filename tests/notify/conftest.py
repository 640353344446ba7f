"""A small web server on this machine that keeps what it is sent, and answers as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers with `status`; 0 breaks the connection instead, and `slow` lets the caller wait."""

    port: int = 0
    status: int = 200
    slow: bool = False
    heard: list[Heard] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append(Heard(self.path, dict(self.headers), body))
            if told.slow:
                told.over.wait(10)
            if told.status:
                self.send_response(told.status)
                self.send_header("Location", f"http://127.0.0.1:{told.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield told
    told.over.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} here")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass(frozen=True)
class Word:
    """A secret, as the settings hold one."""

    text: str

    def reveal(self) -> str:
        return self.text


@dataclass(frozen=True)
class Hook:
    """A channel or webhook, as the settings hold one."""

    url: Word
    secret: Word = Word("a secret")
    timeout_s: float = 0.5


@pytest.fixture
def hook() -> Callable[[str], Hook]:
    return lambda url: Hook(Word(url))
