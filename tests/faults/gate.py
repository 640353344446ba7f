"""The gate before both CRMs: it notes every call by its kind, and decides which of them a fault strikes.

The sandbox's own rules match by path and by chance; here a fault strikes a kind of call, so many times, or the n-th
call of a run, whatever it is. The answers of a fault are the sandbox's own (`connector.sandbox.faults.spoiled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

from connector.core.refs import Side
from connector.sandbox.exchange import Request, Response
from connector.sandbox.faults import spoiled
from connector.sandbox.services import Fault
from tests.faults.paths import PATHS, name_of
from tests.misbehaviour.rig import Handler

_LATE = frozenset({"slow", "trickle"})  # the call itself takes effect
CALLS_MAX = 300  # of one run; one that makes more is let go, so that a spinning run is told instead of waited for
_NOTHING = b'{"results": [], "records": [], "compositeResponse": []}'


@dataclass(frozen=True)
class Call:
    """One call that came in. `number` counts the calls of its side since the last `begin`, from 1."""

    side: Side
    name: str
    number: int


Strike = Callable[[Call], Fault | None]
Rewrite = Callable[[str, Request, Handler], Response]  # the kind of a call, the call, and the door behind


def never(_: Call) -> None:
    """No fault."""


@dataclass
class Gate:
    """Notes calls; `strike` says what befalls each, and `rewrite` what is amiss inside answers that are well."""

    strike: Strike = never
    rewrite: Rewrite | None = None
    struck: int = 0
    names: Counter[str] = field(default_factory=Counter)
    ever: set[str] = field(default_factory=set)  # kinds met since the gate was built
    _numbers: Counter[Side] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, strike: Strike = never) -> None:
        """Count anew, under this strike."""
        with self._lock:
            self.strike, self.struck = strike, 0
            self.names.clear()
            self._numbers.clear()

    def calls(self, side: Side) -> int:
        """How many calls a side has had since `begin`."""
        return self._numbers[side]

    def bend(self, name: str, door: Handler) -> Handler:
        """A door behind this gate."""
        side = Side(name)

        def call(request: Request) -> Response:
            fault = self._met(side, request)
            if fault is None:
                return self.rewrite(name_of(side, request), request, door) if self.rewrite else door(request)
            late = fault.after_commit or fault.kind in _LATE
            return spoiled(name, fault, door(request) if late else Response(200, _NOTHING))

        return call

    def _met(self, side: Side, request: Request) -> Fault | None:
        kind = name_of(side, request)
        with self._lock:
            self.names[kind] += 1
            self.ever.add(kind)
            self._numbers[side] += 1
            spins = self.names.total() > CALLS_MAX
            fault = None if spins else self.strike(Call(side, kind, self._numbers[side]))
            self.struck += fault is not None
        return fault


def on(name: str, faults: Sequence[Fault], times: int | None = None) -> Strike:
    """Faults that strike the calls of one kind in turn, so many times (None: always)."""
    turns = count()

    def strike(call: Call) -> Fault | None:
        if call.name != name:
            return None
        turn = next(turns)
        return faults[turn % len(faults)] if times is None or turn < times else None

    return strike


def from_nth(side: Side, number: int, fault: Fault) -> Strike:
    """A fault that strikes a side's n-th call and every later one, signing in aside: that speaks OAuth."""
    return lambda call: fault if of_the_api(side, call) and call.number >= number else None


def of_the_api(side: Side, call: Call) -> bool:
    """Whether a call goes to the API of that side, where its errors mean what they say."""
    return call.side is side and not PATHS[call.name].speaks_oauth
