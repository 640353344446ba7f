"""The sandbox world: both CRMs on one clock, one seed, one log and one set of faults, with one door to each.

A door is a plain function from `Request` to `Response`; the server and the in-process simulation call the very same
one. Behind it are faults and latency, the tally and the store, which holds its own lock only while it looks at its
state. Delays are noted in the answer and never waited for here, so that no lock is held while time passes. Same seed,
same calls at the same times: same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from connector.sandbox.counters import Counters
from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.faults import Handler, with_faults
from connector.sandbox.hubspot import Portal
from connector.sandbox.salesforce import Org
from connector.sandbox.services import Services

SIDES = ("hubspot", "salesforce")


class World:
    """Both sides and what they share. `base_clock` tells the time (aware); chance comes from `seed` alone.

    Attributes:
        services: the shared clock, dice, write log, faults and settings.
        hubspot: HubSpot's store; hold `entered("hubspot")` while touching it beside running servers.
        salesforce: Salesforce's store, likewise.
        counters: the tally of each side.
        populated: whether a population has been made; there is room for one, since its addresses would repeat.
    """

    def __init__(self, seed: int, base_clock: Callable[[], datetime]) -> None:
        self.seed = seed
        self.populated = False
        self.services = Services.of(seed, base_clock)
        self.hubspot = Portal(self.services)
        self.salesforce = Org(self.services)
        self.counters = {side: Counters() for side in SIDES}
        self._locks = {"hubspot": self.hubspot.lock, "salesforce": self.salesforce.lock}
        self._doors = {
            "hubspot": self._door("hubspot", self.hubspot.handle),
            "salesforce": self._door("salesforce", self.salesforce.handle),
        }

    def door(self, side: str) -> Handler:
        """The one way in for API calls to a side; KeyError for a side that is none."""
        return self._doors[side]

    def store(self, side: str) -> Portal | Org:
        """The store of a side; KeyError for a side that is none."""
        stores: dict[str, Portal | Org] = {"hubspot": self.hubspot, "salesforce": self.salesforce}
        return stores[side]

    @contextmanager
    def entered(self, *sides: str) -> Iterator[None]:
        """Hold the stores of these sides (all when none is named) still, always locked in the same order."""
        with ExitStack() as locks:
            for side in SIDES:
                if not sides or side in sides:
                    locks.enter_context(self._locks[side])
            yield

    def digest(self) -> str:
        """A hash of everything both sides hold; equal worlds have equal digests."""
        with self.entered():
            return hashlib.sha256(f"{self.hubspot.digest()}:{self.salesforce.digest()}".encode()).hexdigest()

    def _door(self, side: str, handle: Handler) -> Handler:
        struck, counters = with_faults(side, handle, self.services), self.counters[side]

        def counted(request: Request) -> Response:
            response = struck(request)
            counters.record(request.method, request.path, None if response.wire is Wire.RESET else response.status)
            return response

        return counted
