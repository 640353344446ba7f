"""Who looked at which record, and when: what both sandboxes saw of every process of the bridge.

The bridge's own store cannot bear witness that an event was heeded, for it is what may have lost it. So the doors of
the world write down every call as it begins and as it ends: whose it was, which records it read by id, which it wrote.
Whose: by the process at the other end of the connection, or as whoever opened the door says. Polling, which finds
records by their stamps, is not looking at a record; asking for it by its id is.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, local
from typing import Any

import orjson

from connector.sandbox.exchange import Request
from connector.sandbox.server import Server
from tests.endurance.processes import children

Ref = tuple[str, str]  # side, record id
_HUBSPOT_READ = re.compile("/objects/.*/batch/read$")
_HUBSPOT_UPDATE = re.compile("/objects/.*/batch/update$")
_IDS = re.compile(rb'"ids": ?\[([^\]]*)\]')
_WRITTEN_IDS = re.compile(rb'"[Ii]d": ?"((?:00Q|003)\w{15})"')
_QUOTED = re.compile(rb'"(\w+)"')


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call under way. Times by the monotonic clock."""

    who: str
    side: str
    read: frozenset[Ref]
    written: frozenset[Ref]
    since: float

    @property
    def touched(self) -> frozenset[Ref]:
        """Every record it names."""
        return self.read | self.written


@dataclass
class Witness:
    """What was seen. Safe for many threads."""

    processes: dict[str, int] = field(default_factory=dict)  # name of a process -> its id, for those still alive
    looked: dict[Ref, float] = field(default_factory=dict)  # when each record was last read by id
    collisions: list[str] = field(default_factory=list)  # two processes that wrote one record at the same time
    _touched: dict[tuple[str, Ref], float] = field(default_factory=dict)
    _under_way: set[Call] = field(default_factory=set)
    _seen: Condition = field(default_factory=Condition)

    def begins(self, call: Call) -> None:
        """A call has arrived."""
        with self._seen:
            self.collisions += [
                f"{other.who} and {call.who}: {sorted(both)[:3]}"
                for other in self._under_way
                if other.who != call.who and (both := other.written & call.written)
            ]
            self._under_way.add(call)
            for ref in call.read:
                self.looked[ref] = call.since
            for ref in call.touched:
                self._touched[call.who, ref] = call.since
            self._seen.notify_all()

    def ends(self, call: Call) -> None:
        """A call has been answered."""
        with self._seen:
            self._under_way.discard(call)

    def caught(self, who: Iterable[str], *, within_s: float) -> Call:
        """Wait until one of these processes is in the middle of an update, and say which."""
        names, end = set(who), time.monotonic() + within_s
        with self._seen:
            while True:
                for call in self._under_way:
                    if call.who in names and call.written:
                        return call
                left = end - time.monotonic()
                assert left > 0, f"none of {sorted(names)} wrote anything within {within_s:g} s"
                self._seen.wait(left)

    def calls_of(self, who: str) -> int:
        """On how many records a process has worked."""
        with self._seen:
            return sum(name == who for name, _ in self._touched)

    def hands_of(self, who: str) -> frozenset[Ref]:
        """The records in the calls that a process has under way."""
        with self._seen:
            return frozenset(ref for call in self._under_way if call.who == who for ref in call.touched)

    def taken_over(self, refs: Iterable[Ref], dead: str, since: float) -> dict[Ref, float]:
        """Seconds until another process turned to each of these records; those nobody turned to are left out."""
        wanted = set(refs)
        with self._seen:
            found = [(ref, at - since) for (who, ref), at in self._touched.items() if who != dead and ref in wanted]
        return {ref: after for ref, after in found if after > 0}

    def overlooked(self, told: Mapping[Ref, float]) -> dict[Ref, float]:
        """Of (record, moment it was told of) those that nobody has read since."""
        with self._seen:
            return {ref: at for ref, at in told.items() if self.looked.get(ref, 0.0) < at}


class WatchedServer(Server):
    """A side of the world that writes down who asks. `caller`: the name of whoever calls here; "": found out."""

    def __init__(self, handle: Any, now: Any, port: int = 0, *, watch: tuple[Witness, str], caller: str = "") -> None:
        super().__init__(handle, now, port)
        (self._witness, self._side), self._caller, self._peer = watch, caller, local()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # gone again already
            self._peer.name = self._caller or self._name(connection.getpeername()[1])
        super()._serve(connection)

    def _answer(self, connection: socket.socket, request: Request, *, keep: bool) -> bool:
        call = call_of(self._peer.name, self._side, request)
        self._witness.begins(call)
        try:
            return super()._answer(connection, request, keep=keep)
        finally:
            self._witness.ends(call)

    def _name(self, port: int) -> str:
        inode = _inode(port)
        return next((name for name, pid in [*self._witness.processes.items()] if _owns(pid, inode)), "somebody")


def call_of(who: str, side: str, request: Request) -> Call:
    """What a request does to which records."""
    now = time.monotonic()
    if request.method in ("GET", "DELETE") or not request.body:
        return Call(who, side, frozenset(), frozenset(), now)
    if side == "hubspot":
        return _of_hubspot(who, request, now)
    read = {one for ids in _IDS.findall(request.body) for one in _QUOTED.findall(ids)}
    written = set(_WRITTEN_IDS.findall(request.body)) - read
    return Call(who, side, _refs(side, read), _refs(side, written), now)


def _of_hubspot(who: str, request: Request, now: float) -> Call:
    if _HUBSPOT_READ.search(request.path):
        body = orjson.loads(request.body)
        ids = [] if body.get("idProperty") else [one["id"] for one in body["inputs"]]
        return Call(who, "hubspot", frozenset(("hubspot", each) for each in ids), frozenset(), now)
    if not _HUBSPOT_UPDATE.search(request.path):
        return Call(who, "hubspot", frozenset(), frozenset(), now)
    written = frozenset(("hubspot", one["id"]) for one in orjson.loads(request.body)["inputs"])
    return Call(who, "hubspot", frozenset(), written, now)


def _refs(side: str, ids: Iterable[bytes]) -> frozenset[Ref]:
    return frozenset((side, each.decode()) for each in ids)


def _inode(port: int) -> str:
    """The socket at the other end of a connection from that local port, as the kernel numbers it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if int(columns[1].partition(":")[2], 16) == port and columns[9] != "0":
            return columns[9]
    return ""


def _owns(pid: int, inode: str) -> bool:
    """Whether the process, or one it has forked, has that socket open."""
    for each in (pid, *children(pid)):
        with suppress(OSError):
            for entry in Path(f"/proc/{each}/fd").iterdir():
                with suppress(OSError):
                    if str(entry.readlink()) == f"socket:[{inode}]":
                        return True
    return False
