"""Several questions in one call: independent parts of a composite, answered in order.

A composite counts as one API call and may hold 25 parts, of which five at most read through queries or collections
(Salesforce fact sheet 1.5). Each part succeeds or fails for itself. Whoever asks this way can also ask each part alone,
and does so for a part that was refused; so that a part is never lost because it travelled with others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.errors import Transient
from connector.salesforce import faults
from connector.salesforce.api import Api, Call

READS_MAX: Final = 5
_MULTIPLE: Final = 300


@dataclass(frozen=True, slots=True)
class Part:
    """One question. `path` is below the API's root; `body` is sent as JSON."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one part."""

    status: int
    body: Any

    @property
    def good(self) -> bool:
        """Whether the part succeeded."""
        return self.status < _MULTIPLE


def composite(api: Api, operation: str, parts: Sequence[Part]) -> list[Reply]:
    """The answers to at most five reading parts, in order.

    Raises:
        Declined: when the call is refused as a whole; and what else `Api.send` raises.
    """
    told = api.json(asking(api, operation, parts))["compositeResponse"]
    if len(told) != len(parts):
        raise Transient("Salesforce did not answer every part of a composite call; it is asked again")
    return [Reply(reply["httpStatusCode"], reply["body"]) for reply in told]


def asking(api: Api, operation: str, parts: Sequence[Part]) -> Call:
    """The call that asks these parts."""
    requests = [_request(api, place, part) for place, part in enumerate(parts)]
    body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests}
    return Call("POST", "composite", operation, body, expects=("compositeResponse",))


def raise_passing(body: Mapping[str, Any], now: Callable[[], datetime]) -> None:
    """Raise the first fault among the parts of an answer that passes by itself: then all is worth asking again.

    Raises:
        Transient: and RateLimited, with the moment to come back.
    """
    for reply in body["compositeResponse"]:
        if reply["httpStatusCode"] >= _MULTIPLE:
            error = faults.raised(reply["httpStatusCode"], faults.faults_of(reply["body"]), now())
            if isinstance(error, Transient):
                raise error


def _request(api: Api, place: int, part: Part) -> dict[str, Any]:
    request = {"method": part.method, "url": api.root + part.path, "referenceId": f"p{place}"}
    return request if part.body is None else {**request, "body": part.body}
