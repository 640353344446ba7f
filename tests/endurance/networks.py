"""Two machines in one: places for a worker whose line to the database can be cut.

Where the kernel lets us (root, as in a container with CAP_NET_ADMIN), a place is a network namespace of its own, with
one cable to the world outside: cut, packets vanish and nobody is told, as with a real cable. The sandboxes answer
inside each namespace at the address that the configuration names, so that a worker that has lost its database still
reaches both CRMs and could do harm.

Where the kernel does not, a place is a loopback address of its own with a relay to the database; cut, the relay keeps
every connection and passes nothing on. `KIND` says which it was, and the tests print it: nobody shall read a green line
as proof of what was not tried.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from threading import Event, Thread
from typing import Any, Protocol

from tests.endurance.postgres import Postgres
from tests.endurance.stage import Stage
from tests.endurance.witness import WatchedServer


class Place(Protocol):
    """Where a worker lives. `host`, `port`: how it calls the database; `inside`: its namespace, "" for ours."""

    host: str
    port: int
    inside: str

    def cut(self) -> float:
        """Let nothing through any more; when, by the monotonic clock."""

    def mend(self) -> None:
        """Let everything through again."""


@cache
def namespaces_allowed() -> bool:
    """Whether this machine lets us make network namespaces."""
    from pyroute2 import netns  # noqa: PLC0415  # it looks at the kernel when it is loaded
    from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415  # likewise

    name = f"bridge-try-{os.getpid()}"
    try:
        netns.create(name)
    except (OSError, NetlinkError):
        return False
    netns.remove(name)
    return True


@contextmanager
def places(stage: Stage, server: Postgres, names: tuple[str, ...]) -> Iterator[dict[str, Place]]:
    """A place for each worker, with lines of their own."""
    made: dict[str, Place] = {}
    with ExitStack() as ending:
        for number, name in enumerate(names):
            one = _namespace(stage, server, name, number) if namespaces_allowed() else _loopback(server, number)
            made[name] = ending.enter_context(one)
        yield made


@dataclass
class Namespace:
    """A network namespace with one cable."""

    host: str
    port: int
    inside: str
    cable: Any  # pyroute2's handle on our end of it
    index: int

    def cut(self) -> float:
        at = time.monotonic()
        self.cable.link("set", index=self.index, state="down")
        return at

    def mend(self) -> None:
        self.cable.link("set", index=self.index, state="up")


@contextmanager
def _namespace(stage: Stage, server: Postgres, name: str, number: int) -> Iterator[Namespace]:
    from pyroute2 import IPRoute, NetNS, netns  # noqa: PLC0415  # as above

    space, ours = f"bridge-{os.getpid()}-{number}", f"br{os.getpid()}n{number}"[:15]
    network = f"10.{200 + number}.{os.getpid() % 250}"
    with ExitStack() as ending:
        netns.create(space)
        ending.callback(netns.remove, space)
        here = ending.enter_context(IPRoute())
        here.link("add", ifname=ours, kind="veth", peer={"ifname": "cable", "net_ns_fd": space})
        index = here.link_lookup(ifname=ours)[0]
        ending.callback(here.link, "del", index=index)
        _up(here, ours, f"{network}.1")
        with NetNS(space) as there:
            _up(there, "cable", f"{network}.2")
            there.link("set", index=there.link_lookup(ifname="lo")[0], state="up")
        server.trust(f"{network}.0/24")
        for side, outside in stage.servers.items():
            ending.enter_context(_inside(space, stage, side, outside.port, name))
        yield Namespace(f"{network}.1", server.port, space, here, index)


def _up(routes: Any, name: str, address: str) -> None:
    index = routes.link_lookup(ifname=name)[0]
    routes.addr("add", index=index, address=address, prefixlen=24)
    routes.link("set", index=index, state="up")


def _inside(space: str, stage: Stage, side: str, port: int, name: str) -> WatchedServer:
    """A door of the world at the same address inside the namespace; a socket stays where it was opened."""
    from pyroute2 import netns  # noqa: PLC0415  # as above

    netns.pushns(space)
    try:
        now = stage.world.services.clock.now
        return WatchedServer(stage.world.door(side), now, port, watch=(stage.witness, side), caller=name)
    finally:
        netns.popns()


@dataclass
class Loopback:
    """An address of this machine, with a relay to the database."""

    host: str
    port: int
    closed: Event  # set while the line is cut
    inside: str = ""

    def cut(self) -> float:
        at = time.monotonic()
        self.closed.set()
        return at

    def mend(self) -> None:
        self.closed.clear()


@contextmanager
def _loopback(server: Postgres, number: int) -> Iterator[Loopback]:
    closed, over = Event(), Event()
    with socket.create_server((f"127.0.0.{2 + number}", 0)) as listener:
        host, port = listener.getsockname()
        line = Loopback(host, port, closed)
        thread = Thread(target=_relay, args=(listener, server.port, closed, over), name=f"line to {host}")
        thread.start()
        try:
            yield line
        finally:
            over.set()
            thread.join(timeout=10)


def _relay(listener: socket.socket, port: int, closed: Event, over: Event) -> None:
    """Pass everything on, both ways, until it is over; nothing at all while the line is cut."""
    ears = selectors.DefaultSelector()
    ears.register(listener, selectors.EVENT_READ, None)
    while not over.is_set():
        if closed.is_set():
            over.wait(0.02)
            continue
        for key, _ in ears.select(timeout=0.1):
            if key.data is None:
                _joined(ears, listener, port)
            elif not _passed_on(key.fileobj, key.data):
                for end in (key.fileobj, key.data):
                    with suppress(KeyError, ValueError):
                        ears.unregister(end)
                    end.close()
    for key in list(ears.get_map().values()):
        if key.data is not None:
            key.fileobj.close()
    ears.close()


def _joined(ears: selectors.BaseSelector, listener: socket.socket, port: int) -> None:
    near, _ = listener.accept()
    try:
        far = socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        near.close()
        return
    for one, other in ((near, far), (far, near)):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.settimeout(5)
        ears.register(one, selectors.EVENT_READ, other)


def _passed_on(source: Any, target: Any) -> bool:
    try:
        portion = source.recv(65_536)
        if portion:
            target.sendall(portion)
    except OSError:
        return False
    return bool(portion)
