"""What both CRMs were told is ours to heed: the deliveries that the bridge acknowledged, record by record.

A sandbox delivers its own signed webhooks and outbound messages; this stands between it and the wire. Only what was
answered as the CRM demands it counts as acknowledged; everything else the CRM sends again by itself.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from threading import Lock

import orjson

from connector.sandbox import outbound
from connector.sandbox.parcels import Post, http_post
from tests.endurance.witness import Ref

_NOTIFIED = re.compile(rb"<sf:Id>(\w{18})</sf:Id>")
_PEOPLE = ("003", "00Q")


@dataclass
class Postman:
    """Posts what the sandboxes send, and keeps the receipts. Times by the monotonic clock."""

    post: Post = field(default_factory=http_post)
    told: dict[Ref, float] = field(default_factory=dict)  # when each record was last told of and acknowledged
    acknowledged: int = 0
    refused: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, url: str, body: bytes, headers: dict[str, str], timeout_s: float) -> tuple[int, bytes]:
        """One delivery. What is read between its beginning and its answer may have been read for it, or not."""
        sent = time.monotonic()
        status, answer = self.post(url, body, headers, timeout_s)
        soap = "SOAPAction" in headers
        taken = outbound.acknowledged(status, answer) if soap else status == 200
        with self._lock:
            self.acknowledged += taken
            self.refused += not taken
            if taken:
                self.told.update(dict.fromkeys(_of_messages(body) if soap else _of_webhooks(body), sent))
        return status, answer


def _of_webhooks(body: bytes) -> list[Ref]:
    """The people in a batch that are there to be looked at: who was deleted or merged away has nothing to show."""
    events = orjson.loads(body)
    kinds = ("contact.propertyChange", "contact.creation")
    return [("hubspot", str(one["objectId"])) for one in events if one["subscriptionType"] in kinds]


def _of_messages(body: bytes) -> list[Ref]:
    ids = [each.decode() for each in _NOTIFIED.findall(body)]
    return [("salesforce", each) for each in ids if each.startswith(_PEOPLE)]
