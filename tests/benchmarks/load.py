"""Load from outside: signed HubSpot webhooks at a steady pace, whatever the receiver does.

A process of its own (`python -m tests.benchmarks.load`), so that neither the receiver nor the world slows it down. The
plan is open-loop: every request has its planned moment, and its latency counts from then, so a receiver that stands
still for a second shows as a second for all that was planned meanwhile. Ten connections are kept, as many as HubSpot
uses; sizes of batches are drawn from a seed, as HubSpot sends whatever has gathered. Requests are signed as they leave.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import hashlib
import hmac
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson

SIZES = (1, 10, 25, 64, 100)  # events in a request, each as likely; 40 on average
CONNECTIONS = 10  # HubSpot's own number of requests at a time (HubSpot fact sheet 11.2)
ATTEMPTS = 11  # HubSpot's: one, and ten more; ours follow each other within seconds
PAUSE_S = 0.5


@dataclass(slots=True)
class Planned:
    """One request: when it leaves (seconds from the start), and of which contacts it tells."""

    at: float
    contacts: list[int]


@dataclass(slots=True)
class Sent:
    """What became of all requests. `latencies`: seconds from the planned moment to the acknowledgement."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0  # attempts that were not acknowledged, and made again
    given_up: int = 0
    events: int = 0
    acknowledged: dict[int, float] = field(default_factory=dict)  # contact -> when it was last told of (monotonic)


def planned(seconds: float, rate: float, contacts: list[int], batch: int = 0) -> list[Planned]:
    """Requests that come to `rate` events a second; `batch`: all of that size."""
    dice, made, sent = Random("load"), list[Planned](), 0
    while sent / rate < seconds:
        size = batch or dice.choice(SIZES)
        made.append(Planned(sent / rate, [dice.choice(contacts) for _ in range(size)]))
        sent += size
    return made


class Connection:
    """One kept connection to the receiver."""

    def __init__(self, url: str, secret: str, portal: int) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._signed = b"POST" + url.encode()
        self._secret, self._portal = secret.encode(), portal
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, contacts: list[int], number: int) -> bool:
        """Send one request; whether it was acknowledged. A broken connection is made anew next time."""
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            self._writer.write(self._request(contacts, number))
            return await asyncio.wait_for(self._status(), timeout=5.0) == 200
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            await self.close()
            return False

    async def close(self) -> None:
        """Let go of the connection."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None

    def _request(self, contacts: list[int], number: int) -> bytes:
        body = orjson.dumps([self._event(contact, number + place) for place, contact in enumerate(contacts)])
        stamp = str(time.time_ns() // 1_000_000).encode()
        digest = hmac.new(self._secret, self._signed + body + stamp, hashlib.sha256).digest()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"X-HubSpot-Request-Timestamp: {stamp.decode()}\r\n"
            f"X-HubSpot-Signature-v3: {base64.b64encode(digest).decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _event(self, contact: int, number: int) -> dict[str, Any]:
        return {
            "eventId": number,
            "subscriptionId": 638378,
            "portalId": self._portal,
            "appId": 7906213,
            "occurredAt": time.time_ns() // 1_000_000,
            "subscriptionType": "contact.propertyChange",
            "attemptNumber": 0,
            "objectId": contact,
            "propertyName": "jobtitle",
            "propertyValue": f"Title {number}",
            "changeSource": "CRM_UI",
            "sourceId": "userId:864745280",
        }

    async def _status(self) -> int:
        assert self._reader is not None
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if headers.get("content-length", "0") != "0":
            await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return int(lines[0].split(" ")[1])


async def sending(url: str, secret: str, portal: int, plan: list[Planned], connections: int = CONNECTIONS) -> Sent:
    """Send the plan, each request at its moment or as soon after as a connection is free."""
    sent, free = Sent(), asyncio.Queue[Connection]()
    for _ in range(connections):
        free.put_nowait(Connection(url, secret, portal))
    start, under_way = time.monotonic() + 0.2, set[asyncio.Task[None]]()
    for one in plan:
        await asyncio.sleep(max(0.0, start + one.at - time.monotonic()))
        task = asyncio.create_task(_one(await free.get(), free, one, (start, sent)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way)
    while not free.empty():
        await free.get_nowait().close()
    return sent


async def _one(line: Connection, free: asyncio.Queue[Connection], one: Planned, so_far: tuple[float, Sent]) -> None:
    start, sent = so_far
    number, sent.events = sent.events, sent.events + len(one.contacts)
    for _ in range(ATTEMPTS):
        left = time.monotonic()
        if await line.post(one.contacts, number):
            sent.latencies.append(time.monotonic() - start - one.at)
            sent.acknowledged.update(dict.fromkeys(one.contacts, left))
            break
        sent.refused += 1
        await asyncio.sleep(PAUSE_S)
    else:
        sent.given_up += 1
    free.put_nowait(line)


def main() -> None:
    """Send what the arguments ask for (contacts come on standard input as JSON) and print the outcome as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--portal", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True, help="events a second")
    parser.add_argument("--batch", type=int, default=0)
    asked = parser.parse_args()
    contacts = [int(each) for each in orjson.loads(sys.stdin.buffer.read())]
    plan = planned(asked.seconds, asked.rate, contacts, asked.batch)
    gc.disable()  # a pause of ours would count as one of the receiver's
    sent = asyncio.run(sending(asked.url, asked.secret, asked.portal, plan))
    told = {
        "requests": len(plan),
        "events": sent.events,
        "latencies": sent.latencies,
        "refused": sent.refused,
        "given_up": sent.given_up,
        "acknowledged": {str(contact): at for contact, at in sent.acknowledged.items()},
    }
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
