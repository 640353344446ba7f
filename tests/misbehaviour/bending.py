"""Tools for stand-ins of the CRMs that are not our sandbox: one difference at a time, worked into requests and answers.

A twist takes the inner door and a request and gives an answer; everything here makes twists. The sandbox behind is
unchanged, so whatever breaks is the one difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.server import Server
from tests.misbehaviour.rig import Bend, Handler

Twist = Callable[[Handler, Request], Response]
Remake = Callable[[Any], Any]


def on(side: str, *twists: Twist) -> Bend:
    """A bend of one side by twists, the first outermost."""

    def bend(name: str, door: Handler) -> Handler:
        if name != side:
            return door
        for twist in reversed(twists):
            door = _twisted(twist, door)
        return door

    return bend


def _twisted(twist: Twist, door: Handler) -> Handler:
    return lambda request: twist(door, request)


def answers(remake: Remake, path: str = "", *, errors: bool | None = None) -> Twist:
    """Remake the JSON of answers whose path matches; `errors`: only those, only others, or all."""

    def twist(door: Handler, request: Request) -> Response:
        response = door(request)
        failed = response.status >= 300 or response.status == 207
        if re.search(path, request.path) and (errors is None or errors == failed):
            retell(response, remake)
        return response

    return twist


def retell(response: Response, remake: Remake) -> None:
    """Remake the JSON of one answer in place; whatever is no JSON stays."""
    try:
        told = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return
    if response.wire is Wire.WHOLE:
        response.body = orjson.dumps(remake(told))


def headers(remake: Callable[[dict[str, str]], dict[str, str]]) -> Twist:
    """Remake the headers of all answers."""

    def twist(door: Handler, request: Request) -> Response:
        response = door(request)
        response.headers = remake(response.headers)
        return response

    return twist


def refuse(path: str, status: int, body: Any, method: str = "") -> Twist:
    """Something this stand-in does not have. `path` is searched in path and query."""

    def twist(door: Handler, request: Request) -> Response:
        if re.search(path, f"{request.path}?{request.query_string}") and method in ("", request.method):
            return Response(status, orjson.dumps(body), {"Content-Type": "application/json"})
        return door(request)

    return twist


def everywhere(remake_object: Callable[[dict[str, Any]], dict[str, Any]]) -> Remake:
    """Remake every JSON object, innermost first."""

    def remake(told: Any) -> Any:
        if isinstance(told, list):
            return [remake(each) for each in told]
        if isinstance(told, dict):
            return remake_object({name: remake(value) for name, value in told.items()})
        return told

    return remake


def without(*names: str) -> Remake:
    """Leave keys out, at any depth."""
    return everywhere(lambda told: {name: value for name, value in told.items() if name not in names})


def texts(change: Callable[[str], Any]) -> Remake:
    """Change every text value, at any depth."""

    def remake(told: Any) -> Any:
        if isinstance(told, list):
            return [remake(each) for each in told]
        if isinstance(told, dict):
            return {name: remake(value) for name, value in told.items()}
        return change(told) if isinstance(told, str) else told

    return remake


class Undated(Server):
    """A server that sends no Date."""

    def _head(self, response: Response, body: bytes, *, keep: bool) -> bytes:
        return re.sub(rb"\r\nDate: [^\r]*", b"", super()._head(response, body, keep=keep))


class Closing(Server):
    """A server that closes every connection after one answer, without saying so."""

    def _answer(self, connection: Any, request: Request, *, keep: bool) -> bool:
        super()._answer(connection, request, keep=keep)
        return False


class Chunked(Server):
    """A server that sends bodies in chunks and header names in lower case."""

    def _encoded(self, request: Request, response: Response) -> bytes:
        body = super()._encoded(request, response)
        parts = [body[begin : begin + 1000] for begin in range(0, len(body), 1000)]
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"

    def _head(self, response: Response, body: bytes, *, keep: bool) -> bytes:
        first, *lines = super()._head(response, body, keep=keep).split(b"\r\n")
        named = [line.partition(b":") for line in lines]
        told = [
            b"transfer-encoding: chunked" if name == b"Content-Length" else name.lower() + colon + value
            for name, colon, value in named
        ]
        return b"\r\n".join([first, *told])
