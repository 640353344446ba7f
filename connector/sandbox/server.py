"""A small, fast HTTP/1.1 server: sockets in, `Request` to `handle`, `Response` out.

One thread a connection, kept alive. Head and body leave in one send with Nagle off: two sends cost 44 ms a call against
0.2 ms (HubSpot fact sheet 14.4). Delays and broken wires are carried out here, outside of any lock, so that calls
overlap. Long waits watch the caller and the server's end, so that neither a caller gone nor a stop leaves a thread
behind.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import traceback
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from threading import Event, Lock, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from connector.sandbox.dates import HttpDate
from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.incoming import Incoming, Malformed

GZIP_OVER_BYTES = 1024
TRICKLE_GAP_S = 0.25
_PEEK_EVERY_S = 0.2
_NO_BODY = frozenset({204, 304})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

Handler = Callable[[Request], Response]


class Server:
    """Serves `handle` on 127.0.0.1. `now` (aware UTC) dates answers that come without Date; port 0 takes a free one.

    Attributes:
        port: the port in use, known as soon as the server is built.
        trickle_gap_s: seconds between two bytes of a trickled answer.
        gzip_enabled: asked for each answer; whether to compress for callers that accept it.
    """

    def __init__(self, handle: Handler, now: Callable[[], datetime], port: int = 0) -> None:
        self.handle = handle
        self.trickle_gap_s = TRICKLE_GAP_S
        self.gzip_enabled: Callable[[], bool] = lambda: True
        self._date = HttpDate(now).text
        self._stop = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = Thread(target=self._accept, name=f"sandbox-{self.port}", daemon=True)

    @property
    def url(self) -> str:
        """Base URL without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Begin to answer, in threads of our own."""
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection; calls under way are cut."""
        self._stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._acceptor.is_alive():
            self._acceptor.join(timeout=5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(connection)
        except OSError:
            pass  # the caller went away, or the server is stopping: nobody is left to answer
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        incoming = Incoming(connection)
        while not self._stop.is_set():
            try:
                request = incoming.request()
            except Malformed as problem:
                refusal = Response(problem.status, str(problem).encode(), {"Content-Type": "text/plain"})
                connection.sendall(self._head(refusal, refusal.body, keep=False) + refusal.body)
                return
            if request is None or not self._answer(connection, request, keep=incoming.keep_alive):
                return

    def _answer(self, connection: socket.socket, request: Request, *, keep: bool) -> bool:
        """Answer one request; False when the connection is done with."""
        response = self._respond(request)
        if response.delay_s > 0 and not self._wait(connection, response.delay_s):
            return False
        if response.wire is Wire.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        body = self._encoded(request, response)
        head = self._head(response, body, keep=keep)
        if request.method == "HEAD" or response.status in _NO_BODY:
            connection.sendall(head)
            return keep
        if response.wire is Wire.WHOLE:
            connection.sendall(head + body)
            return keep
        if response.wire is Wire.TRUNCATED:
            connection.sendall(head + body[: len(body) // 2])
            return False
        return self._trickle(connection, head + body) and keep

    def _respond(self, request: Request) -> Response:
        try:
            return self.handle(request)
        except Exception:  # noqa: BLE001 - a bug in a sandbox must show itself, not hang the caller
            report = traceback.format_exc()
            sys.stderr.write(f"sandbox: {request.method} {request.path} failed\n{report}")
            return Response(500, b"The sandbox itself failed (its own bug, not a simulated fault):\n" + report.encode())

    def _wait(self, connection: socket.socket, delay_s: float) -> bool:
        """Let time pass; False when the caller left or the server stops meanwhile."""
        if delay_s <= _PEEK_EVERY_S:
            sleep(delay_s)
            return not self._stop.is_set()
        end = monotonic() + delay_s
        while not self._stop.is_set():
            left = end - monotonic()
            if left <= 0:
                return True
            readable, _, _ = select.select([connection], [], [], min(left, _PEEK_EVERY_S))
            if readable:
                if not connection.recv(1, socket.MSG_PEEK):
                    return False
                self._stop.wait(min(left, _PEEK_EVERY_S))  # the next request is already here; it has to wait
        return False

    def _trickle(self, connection: socket.socket, answer: bytes) -> bool:
        for position in range(len(answer)):
            if self._stop.wait(self.trickle_gap_s):
                return False
            connection.sendall(answer[position : position + 1])
        return True

    def _encoded(self, request: Request, response: Response) -> bytes:
        body = response.body
        if (
            len(body) > GZIP_OVER_BYTES
            and "gzip" in request.headers.get("accept-encoding", "")
            and "Content-Encoding" not in response.headers
            and self.gzip_enabled()
        ):
            packer = zlib.compressobj(level=1, wbits=31)
            body = packer.compress(body) + packer.flush()
            response.headers["Content-Encoding"] = "gzip"
        return body

    def _head(self, response: Response, body: bytes, *, keep: bool) -> bytes:
        headers = response.headers if "Date" in response.headers else {"Date": self._date(), **response.headers}
        lines = [f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if response.status not in _NO_BODY:
            lines.append(f"Content-Length: {len(body)}")
        if not keep:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
