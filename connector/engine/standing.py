"""What stands between runs: a hold that only a person lets go, and whether all was compared under today's mapping.

A held run is not continued by starting another: the hold stands until a run is approved, or until the guards or the
mapping it was held under have changed (then the guards judge anew). Incremental passes see only what changes in a CRM,
so an edited mapping, a rule that woke up, and a full pass that was cut short or held all owe a full pass: it is the
next run, whatever was asked for. It costs one listing of both sides and writes only differences.
"""

from __future__ import annotations

from hashlib import blake2b

from connector.core.mapping import MappingSet
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.storage import cursors, issues, state

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


def hold(bridge: Bridge, run: Run) -> None:
    """Remember that a run is held, and show it."""
    with bridge.database.begin() as conn:
        state.put(conn, _HOLD, {"reason": run.held, "terms": _terms(bridge)})
        issues.raise_issues(conn, [run.held_issue()], bridge.clock.now(), run.id)


def owes_full(bridge: Bridge) -> bool:
    """Whether only a full pass can know what there is to do."""
    with bridge.database.read() as conn:
        fresh = any(cursors.get(conn, side) is None for side in Side)
        return fresh or state.get(conn, _COMPARED) != _coverage(bridge.mapping)


def begin_comparing(bridge: Bridge) -> None:
    """From here on a full pass is owed, should this one not come to its end."""
    with bridge.database.begin() as conn:
        state.put(conn, _COMPARED, None)


def all_compared(bridge: Bridge) -> None:
    """A full pass came to its end under today's mapping."""
    with bridge.database.begin() as conn:
        state.put(conn, _COMPARED, _coverage(bridge.mapping))


def _terms(bridge: Bridge) -> str:
    return f"{bridge.limits} {_coverage(bridge.mapping)}"


def _coverage(mapping: MappingSet) -> str:
    """The mapping as written, and which of its rules are awake: a field that appears later wakes one."""
    awake = [(pair.name, [rule.name for rule in pair.rules]) for pair in mapping.pairs]
    return blake2b(repr((mapping.digest, awake)).encode(), digest_size=16).hexdigest()
