"""What people and refusals have left behind for some records: parked values and settled conflicts.

A decision counts only between the very values it was taken on; a refused value stays refused only while it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connector.core.mapping import Pair
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.storage import issues


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people and refusals have left behind for some refs: parked values, settled conflicts."""

    parked: Mapping[Ref, set[tuple[Side, str, str | None]]]
    settled: Mapping[Ref, Mapping[str, issues.Decision]]

    def parked_for(self, refs: Iterable[Ref]) -> frozenset[tuple[Side, str, str | None]]:
        """The refused values of any of these refs."""
        return frozenset().union(*(self.parked.get(ref, ()) for ref in refs)) if self.parked else frozenset()

    def settled_for(self, pair: Pair, hubspot: Reading, salesforce: Reading) -> dict[str, Side]:
        """The sides a person chose, by rule; a choice holds only between the values it was made between."""
        if not self.settled:
            return {}
        decided = {**self.settled.get(salesforce.ref, {}), **self.settled.get(hubspot.ref, {})}
        return {
            rule.name: decision.winner
            for rule in pair.rules
            if (decision := decided.get(rule.name))
            and hubspot.values.get(rule.hubspot) == decision.hubspot
            and salesforce.values.get(rule.salesforce) == decision.salesforce
        }


NONE = Decisions({}, {})
Suppose = Callable[[Decisions], Decisions]


def decisions_for(bridge: Bridge, refs: Iterable[Ref]) -> Decisions:
    """Parked values and settled conflicts of these refs; costs nothing while no issue is open."""
    with bridge.database.read() as conn:
        if not issues.counts(conn):
            return NONE
        wanted = list(refs)
        return Decisions(issues.parked(conn, wanted), issues.settled(conn, wanted))
