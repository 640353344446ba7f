"""What stands between runs: a hold that only a person lets go, and whether all was compared under today's mapping.

A held run is not continued by starting another: the hold stands until a run is approved, or until the guards or the
mapping it was held under have changed (then the guards judge anew). Incremental passes see only what changes in a CRM,
so an edited mapping, a rule that woke up, and a full pass that was cut short or held all owe a full pass: it is the
next run, whatever was asked for. It costs one listing of both sides and writes only differences. A first comparison
remembers its beginning: what changes from then on is polled afterwards, however long a person looks at the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.storage import cursors, issues, links, state

_HOLD, _COMPARED = "hold", "compared"  # in storage.state


def heed(bridge: Bridge, run: Run) -> None:
    """Begin a run under the hold that stands, if any; an approved run lifts it."""
    with bridge.database.begin() as conn:
        hold = state.get(conn, _HOLD)
        if hold is None:
            return
        if hold["terms"] == _terms(bridge) and not run.approved:
            run.held = hold["reason"]
            return
        how = "approved by a person" if run.approved else "the guards or the mapping have changed"
        state.put(conn, _HOLD, None)
        held = issues.open_issues(conn, kinds=[IssueKind.HELD])
        issues.close(conn, [stored.id for stored in held], bridge.clock.now(), how)


def stands(bridge: Bridge) -> str:
    """Why nothing is written until a person lets it go on; "" when no hold stands."""
    with bridge.database.read() as conn:
        held = state.get(conn, _HOLD)
    return str(held["reason"]) if held is not None and held["terms"] == _terms(bridge) else ""


def hold(bridge: Bridge, run: Run) -> None:
    """Remember that a run is held, and show it."""
    with bridge.database.begin() as conn:
        state.put(conn, _HOLD, {"reason": run.held, "terms": _terms(bridge)})
        issues.raise_issues(conn, [run.held_issue()], bridge.clock.now(), run.id)


def owes_full(bridge: Bridge) -> bool:
    """Whether only a full pass can know what there is to do."""
    with bridge.database.read() as conn:
        fresh = any(cursors.get(conn, side) is None for side in Side)
        return fresh or state.get(conn, _COMPARED) != _coverage(bridge)


def begin_comparing(bridge: Bridge) -> None:
    """From here on a full pass is owed, should this one not come to its end."""
    with bridge.database.begin() as conn:
        state.put(conn, _COMPARED, None)


def all_compared(bridge: Bridge) -> None:
    """A full pass came to its end under today's mapping."""
    with bridge.database.begin() as conn:
        state.put(conn, _COMPARED, _coverage(bridge))


@dataclass(frozen=True, slots=True)
class Beginning:
    """What stood before a first comparison read anything: where polling goes on from, and what is compared."""

    cursors: Mapping[Side, Mapping[str, Any]]
    coverage: str

    def row(self) -> dict[str, Any]:
        """The beginning as JSON."""
        return {"cursors": {side.value: cursor for side, cursor in self.cursors.items()}, "coverage": self.coverage}

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Beginning:
        """The beginning that was written as JSON.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: when it is none.
        """
        return cls({Side(name): dict(cursor) for name, cursor in row["cursors"].items()}, str(row["coverage"]))


def beginning(bridge: Bridge) -> Beginning | None:
    """The beginning of a first comparison; None once a cursor or a link is remembered.

    What was remembered before may agree by now without anything to do, which only a full pass writes down.
    """
    with bridge.database.read() as conn:
        if links.count(conn) or any(cursors.get(conn, side) is not None for side in Side):
            return None
    return Beginning(starting_cursors(bridge), _coverage(bridge))


def begun(bridge: Bridge, start: Beginning) -> None:
    """A first comparison was carried out from its beginning on; a side that is polled already goes on as it does."""
    with bridge.database.begin() as conn:
        fresh = [side for side in start.cursors if cursors.get(conn, side) is None]
        for side in fresh:
            cursors.put(conn, side, start.cursors[side], bridge.clock.now())
        if fresh:
            state.put(conn, _COMPARED, start.coverage)


def starting_cursors(bridge: Bridge) -> dict[Side, dict[str, Any]]:
    """Where polling starts once a first comparison is through; a side that has a cursor keeps it."""
    with bridge.database.read() as conn:
        fresh = [side for side in Side if cursors.get(conn, side) is None]
    return {side: dict(bridge.crms[side].changes(bridge.views_of(side), None, lambda *_: 0).cursor) for side in fresh}


def begin_polling(bridge: Bridge) -> None:
    """Have what changes from here on polled, on a side that has no cursor yet.

    Stored before anything is compared, for others may poll meanwhile: whoever stored an older cursor over theirs, while
    a poll is under way, would lose what changed between the two.
    """
    starts = starting_cursors(bridge)
    if not starts:
        return
    with bridge.database.begin() as conn:
        for side, cursor in starts.items():
            if cursors.get(conn, side) is None:
                cursors.put(conn, side, cursor, bridge.clock.now())


def _terms(bridge: Bridge) -> str:
    return f"{bridge.limits} {_coverage(bridge)}"


def _coverage(bridge: Bridge) -> str:
    """The mapping as written, and which of its rules are awake: a field that appears later wakes one.

    Likewise the shared definition, where there is one: who is met by it for the first time may be told a stage.
    """
    mapping, agreement = bridge.mapping, bridge.agreement
    covered: list[object] = [
        mapping.digest,
        [(pair.name, [rule.name for rule in pair.rules]) for pair in mapping.pairs],
    ]
    if agreement is not None:
        watched = agreement.definition.watched
        covered += [agreement.definition.version, [(*place, sorted(watched[place])) for place in sorted(watched)]]
    return blake2b(repr(tuple(covered)).encode(), digest_size=16).hexdigest()
