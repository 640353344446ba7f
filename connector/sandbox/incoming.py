"""Reading requests off one connection: a head parser that costs microseconds, bodies by length or in chunks.

http.server's parser builds an e-mail message for every head (about 200 microseconds); a sandbox that must carry
thousands of calls a second on one core cannot afford it. What is malformed or too large is refused by status, never
guessed at.
"""

from __future__ import annotations

import socket

from connector.sandbox.exchange import Request

HEAD_BYTES_MAX = 65_536
BODY_BYTES_MAX = 200 * 1024 * 1024
_RECEIVE_BYTES = 262_144
_CHUNK_LINE_BYTES_MAX = 1024


class Malformed(Exception):
    """The request cannot be served; `status` is the answer and the connection ends."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Incoming:
    """The requests of one connection, one after the other. `keep_alive` speaks of the latest."""

    def __init__(self, connection: socket.socket) -> None:
        self.keep_alive = True
        self._connection = connection
        self._buffer = bytearray()

    def request(self) -> Request | None:
        """The next request, or None when the caller has closed; raises Malformed."""
        head = self._head()
        if head is None:
            return None
        lines = head.split("\r\n")
        try:
            method, target, version = lines[0].split(" ")
        except ValueError:
            raise Malformed(400, "the request line is not METHOD TARGET VERSION") from None
        headers = _headers(lines)
        wish = headers.get("connection", "").lower()
        self.keep_alive = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
        body = self._body(headers)
        path, _, query = target.partition("?")
        if path.startswith("http://"):  # the absolute form, as sent to proxies
            path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"  # noqa: PLR2004 - after scheme and host
        return Request(method, path, query, headers, body)

    def _head(self) -> str | None:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > HEAD_BYTES_MAX:
                raise Malformed(431, f"the head is larger than {HEAD_BYTES_MAX} bytes")
            if not self._receive():
                return None
        head = buffer[:end].decode("latin-1")
        del buffer[: end + 4]
        return head.lstrip("\r\n")

    def _body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked":
                raise Malformed(501, "the only transfer encoding known is chunked")
            self._welcome(headers)
            return self._chunks()
        text = headers.get("content-length", "0")
        if not text.isdecimal():
            raise Malformed(400, "Content-Length is not a number")
        length = int(text)
        if length > BODY_BYTES_MAX:
            raise Malformed(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
        if length:
            self._welcome(headers)
            return self._exactly(length)
        return b""

    def _welcome(self, headers: dict[str, str]) -> None:
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _chunks(self) -> bytes:
        body = bytearray()
        while length := self._chunk_length():
            if len(body) + length > BODY_BYTES_MAX:
                raise Malformed(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
            body += self._exactly(length)
            if self._exactly(2) != b"\r\n":
                raise Malformed(400, "a chunk does not end where it said it would")
        while self._line():
            pass  # trailers mean nothing to either CRM
        return bytes(body)

    def _chunk_length(self) -> int:
        size = self._line().partition(b";")[0].strip()
        try:
            return int(size, 16)
        except ValueError:
            raise Malformed(400, "a chunk size is not hexadecimal") from None

    def _line(self) -> bytes:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n")) < 0:
            if len(buffer) > _CHUNK_LINE_BYTES_MAX or not self._receive():
                raise Malformed(400, "a chunked body ended early")
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    def _exactly(self, length: int) -> bytes:
        buffer = self._buffer
        while len(buffer) < length:
            if not self._receive():
                raise Malformed(400, "the body ended before its length")
        body = bytes(memoryview(buffer)[:length])
        del buffer[:length]
        return body

    def _receive(self) -> bool:
        data = self._connection.recv(_RECEIVE_BYTES)
        self._buffer += data
        return bool(data)


def _headers(lines: list[str]) -> dict[str, str]:
    """Names in lower case; a repeated header is joined by a comma, as HTTP allows."""
    headers: dict[str, str] = {}
    for position in range(1, len(lines)):
        name, colon, value = lines[position].partition(":")
        if not colon:
            raise Malformed(400, "a header line has no colon")
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
