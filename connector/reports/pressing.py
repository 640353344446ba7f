"""How the clocks of a few people stand this very moment, in business time: what a list of open clocks says beside each.

The reading copy knows when a clock is due; by how much business time it is late, or how much is left, only the journey
tells. It is read for those of one page.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from connector.core.course import in_order
from connector.core.refs import Ref
from connector.core.sla import Cycle, State
from connector.core.steered import Agreement
from connector.reports.promises import cycles_of
from connector.reports.shelf import Open
from connector.storage import journeys, links
from connector.storage import shelf_questions as questions

Pressing = dict[tuple[Ref, str], Cycle]  # by the person's leading record and the policy


def pressing(conn: Connection, agreement: Agreement, shown: Iterable[Open], now: datetime) -> Pressing:
    """The open cycle of each clock in a list; a clock that has just ended is absent."""
    wanted = {(one.ref, one.policy) for one in shown}
    whose = sorted({ref for ref, _ in wanted})
    linked = links.by_refs(conn, whose)
    both = {ref: (linked[ref].hubspot, linked[ref].salesforce) if ref in linked else (ref,) for ref in whose}
    told = journeys.by_ref(conn, [one for refs in both.values() for one in refs])
    found: Pressing = {}
    for ref, refs in both.items():
        entries = in_order(entry for one in refs for entry in told.get(one, ()))
        judged = cycles_of(agreement, entries, now) if entries else {}
        still = {policy: cycles[-1] for policy, cycles in judged.items() if cycles and cycles[-1].ended_at is None}
        found.update({(ref, policy): cycle for policy, cycle in still.items() if (ref, policy) in wanted})
    return found


def by_policy(conn: Connection, now: datetime) -> dict[str, Counter[str]]:
    """How many open clocks each policy has, by state; the policy with most of them late first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for policy, state, number, _ in questions.clocks_by_policy(conn, now):
        counts[policy][state] += number
    late = State.BREACHED.value
    return dict(sorted(counts.items(), key=lambda one: (-one[1][late], -one[1].total(), one[0])))
