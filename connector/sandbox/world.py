"""The sandbox world: both CRMs on one clock, one seed, one log and one set of faults, with one door to each.

A door is a plain function from `Request` to `Response`; the server and the in-process simulation call the very same
one. Behind it are faults and latency, the tally and the store, which holds its own lock only while it looks at its
state. Delays are noted in the answer and never waited for here, so that no lock is held while time passes. Every answer
carries the Date of its side's clock, with sockets or without. Same seed, same calls at the same times: same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from connector.sandbox.census import Person, become_in_hubspot, become_in_salesforce, in_hubspot, in_salesforce
from connector.sandbox.counters import Counters
from connector.sandbox.dates import HttpDate
from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.faults import Handler, with_faults
from connector.sandbox.hubspot import Portal
from connector.sandbox.notices import Notice, of_hubspot, of_salesforce
from connector.sandbox.salesforce import Org
from connector.sandbox.services import NO_SKEWS, Services

SIDES = ("hubspot", "salesforce")


class World:
    """Both sides and what they share. `base_clock` tells the time (aware); chance comes from `seed` alone.

    `skews` says by side how far its clock is ahead of the common time (negative: behind). All a side shows or judges by
    time goes by its own clock; `services.clock` is the common one, and freezing or advancing it moves both.

    Attributes:
        services: the shared clock, dice, write log, faults and settings.
        hubspot: HubSpot's store; hold `entered("hubspot")` while touching it beside running servers.
        salesforce: Salesforce's store, likewise.
        counters: the tally of each side.
        populated: whether a population has been made; there is room for one, since its addresses would repeat.
    """

    def __init__(
        self, seed: int, base_clock: Callable[[], datetime], skews: Mapping[str, timedelta] = NO_SKEWS
    ) -> None:
        self.seed = seed
        self.populated = False
        self.services = Services.of(seed, base_clock)
        for side, skew in skews.items():
            self.skew(side, skew)
        self._own = {side: self.services.of_side(side) for side in SIDES}
        self.hubspot = Portal(self._own["hubspot"])
        self.salesforce = Org(self._own["salesforce"])
        self.counters = {side: Counters() for side in SIDES}
        self._told = dict.fromkeys(SIDES, 0)  # how many events of a side have been taken as notices
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

    def now(self, side: str) -> datetime:
        """The time by a side's own clock, aware UTC; KeyError for a side that is none."""
        return self._own[side].now()

    def skew(self, side: str, ahead: timedelta) -> None:
        """Set how far a side's clock is ahead of the common time from now on; KeyError for a side that is none."""
        if side not in SIDES:
            raise KeyError(f"{side!r} is no side; there are {', '.join(SIDES)}")
        self.services.skews[side] = ahead

    @contextmanager
    def entered(self, *sides: str) -> Iterator[None]:
        """Hold the stores of these sides (all when none is named) still, always locked in the same order."""
        with ExitStack() as locks:
            for side in SIDES:
                if not sides or side in sides:
                    locks.enter_context(self._locks[side])
            yield

    def notices(self, side: str) -> list[Notice]:
        """What that side would tell of since the last call, oldest first; see notices.py. A caller delivers it or not.

        Deliveries over HTTP (delivery.py) are read apart from this and lose nothing by it.
        """
        with self.entered(side):
            start = self._told[side]
            if side == "hubspot":
                events = self.hubspot.state.events.compact(start)
                self._told[side] += len(events)
                return list(of_hubspot(events))
            changes = self.salesforce.events[start:]
            self._told[side] += len(changes)
            return list(of_salesforce(changes))

    def people(self, side: str) -> list[Person]:
        """Every live person of a side, read past its API; see census.py."""
        store = self.store(side)
        with self.entered(side):
            return in_hubspot(store) if isinstance(store, Portal) else in_salesforce(store)

    def became(self, side: str) -> dict[str, str]:
        """Of the people a side has merged or converted: old id to the id of the record they led to."""
        store = self.store(side)
        with self.entered(side):
            return become_in_hubspot(store) if isinstance(store, Portal) else become_in_salesforce(store)

    def digest(self) -> str:
        """A hash of everything both sides hold; equal worlds have equal digests."""
        with self.entered():
            return hashlib.sha256(f"{self.hubspot.digest()}:{self.salesforce.digest()}".encode()).hexdigest()

    def _door(self, side: str, handle: Handler) -> Handler:
        struck, counters = with_faults(side, handle, self.services), self.counters[side]
        date = HttpDate(self._own[side].now).text

        def counted(request: Request) -> Response:
            response = struck(request)
            if "Date" not in response.headers:
                response.headers["Date"] = date()
            counters.record(request.method, request.path, None if response.wire is Wire.RESET else response.status)
            return response

        return counted
