"""One HTTP exchange, without sockets: what came in, what goes out, and how the wire is to misbehave.

Both sandboxes are functions from `Request` to `Response`; the server (server.py) and in-process callers (simulation)
drive the very same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import orjson


class Wire(StrEnum):
    """How an answer reaches the caller."""

    WHOLE = "whole"
    RESET = "reset"  # the connection is closed without an answer
    TRUNCATED = "truncated"  # half of the body, then closed
    TRICKLE = "trickle"  # bytes drip, slower than a patient reader waits


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. Header names are lower case; `path` is still percent-encoded, without query."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, the last of equal names winning."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; raises `orjson.JSONDecodeError` when it is not."""
        return orjson.loads(self.body)


@dataclass(slots=True)
class Response:
    """What goes out. `delay_s` passes before the first byte."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    wire: Wire = Wire.WHOLE
    delay_s: float = 0.0
