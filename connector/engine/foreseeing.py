"""What an act of a person would lead to, shown before it is done: read and planned as a pass does, on a supposition.

Nothing is written. Both sides are read afresh, so that what is shown is what the next pass would do if nothing changed
until then; a decision on values that have changed since leads to nothing, and that is seen here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.core.creation import ANY
from connector.core.looping import LOOP
from connector.core.plan import Create, IssueKind, Update
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import cases_of
from connector.engine.decisions import Decisions
from connector.storage.issues import Decision, StoredIssue


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One issue, and what the next pass would do with whom it concerns; case: None where no mapping speaks of them."""

    stored: StoredIssue
    case: Case | None

    @property
    def writes(self) -> bool:
        """Whether the field (or record) that the issue is about would be written."""
        issue = self.stored.issue
        steps = self.case.plan.steps if self.case else ()
        changes = [change for step in steps if isinstance(step, Create | Update) for change in step.changes]
        if issue.kind is IssueKind.CONFLICT:
            return any(change.rule == issue.rule for change in changes)
        if issue.kind is IssueKind.PARKED and issue.field:
            return any(change.field == issue.field and change.side is issue.side for change in changes)
        return bool(changes)


def if_settled(bridge: Bridge, chosen: Sequence[StoredIssue], winner: Side) -> list[Foreseen]:
    """What would be done once these conflicts are decided for one side.

    Raises:
        Transient, Unauthorised: what reading raises.
    """

    def suppose(found: Decisions) -> Decisions:
        settled: dict[Ref, Mapping[str, Decision]] = dict(found.settled)
        for one in chosen:
            decision = Decision(winner, one.issue.value, one.issue.other_value)
            for ref in one.issue.refs:
                settled[ref] = {**settled.get(ref, {}), one.issue.rule: decision}
        return Decisions(found.parked, settled)

    return _foreseen(bridge, chosen, suppose)


def if_unparked(bridge: Bridge, chosen: Sequence[StoredIssue]) -> list[Foreseen]:
    """What would be done once these refused values are tried again.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    freed: dict[Ref, set[tuple[Side, str, Value]]] = {}
    for one in chosen:
        issue = one.issue
        if issue.side is not None:
            for ref in issue.refs:
                value = ANY if issue.code == LOOP else issue.value
                freed.setdefault(ref, set()).add((issue.side, issue.field, value))

    def suppose(found: Decisions) -> Decisions:
        return Decisions({ref: parked - freed.get(ref, set()) for ref, parked in found.parked.items()}, found.settled)

    return _foreseen(bridge, chosen, suppose)


def if_looked_at(bridge: Bridge, chosen: Sequence[StoredIssue]) -> list[Foreseen]:
    """What the next look at their records would do.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    return _foreseen(bridge, chosen, lambda found: found)


def _foreseen(
    bridge: Bridge, chosen: Sequence[StoredIssue], suppose: Callable[[Decisions], Decisions]
) -> list[Foreseen]:
    refs = list(dict.fromkeys(ref for one in chosen for ref in one.issue.refs))
    cases = cases_of(bridge, refs, suppose) if refs else []
    by_ref = {ref: case for case in reversed(cases) for ref in case.refs}
    return [Foreseen(one, next((by_ref[ref] for ref in one.issue.refs if ref in by_ref), None)) for one in chosen]
