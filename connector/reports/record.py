"""One record as the store knows it: who it is, what was agreed field by field, and all that happened to it.

Nothing here asks a CRM. What the sides say without being asked is what they last said when they agreed, or what they
were sent since; whoever has read them afresh puts those readings in instead, and the same table tells of now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from connector.core.course import in_order
from connector.core.journey import Entry
from connector.core.mapping import MappingSet, Pair, Rule
from connector.core.plan import Agreed, Memory
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.storage import events, issues, journeys, links
from connector.storage.events import Event
from connector.storage.issues import StoredIssue
from connector.storage.links import Link


@dataclass(frozen=True, slots=True)
class Row:
    """One field pair of a record.

    Attributes:
        base: what each side said when they last agreed; None: they never met.
        hubspot, salesforce: what each says; told only where `..._read`, else the side cannot be read.
    """

    rule: Rule
    base: Agreed | None
    hubspot: Value
    salesforce: Value
    hubspot_read: bool
    salesforce_read: bool

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to see: both sides are blank, and nothing else was agreed."""
        there = self.hubspot is None and self.salesforce is None and self.hubspot_read and self.salesforce_read
        return there and (self.base is None or self.base == Agreed(None, None))

    @property
    def as_now(self) -> bool:
        """Whether both sides say what was agreed."""
        return self.base == Agreed(self.hubspot, self.salesforce)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rule": self.rule.name,
            "base": [self.base.hubspot, self.base.salesforce] if self.base else None,
            "hubspot": self.hubspot,
            "salesforce": self.salesforce,
            "hubspot_read": self.hubspot_read,
            "salesforce_read": self.salesforce_read,
        }


def rows(pair: Pair, hubspot: Reading | None, salesforce: Reading | None, memory: Memory | None) -> Iterator[Row]:
    """Every rule of a record's pair: the agreed values and those of the readings."""
    for rule in pair.rules:
        yield Row(
            rule,
            memory.base.get(rule.name) if memory else None,
            hubspot.values.get(rule.hubspot) if hubspot else None,
            salesforce.values.get(rule.salesforce) if salesforce else None,
            hubspot is None or rule.hubspot in hubspot.values,
            salesforce is None or rule.salesforce in salesforce.values,
        )


def remembered(pair: Pair, link: Link) -> tuple[Reading, Reading]:
    """What the two sides would say if they say what they agreed on, or were sent since."""
    memory = link.memory
    told: dict[Side, dict[str, Value]] = {side: {} for side in Side}
    for rule in pair.rules:
        agreed = memory.base.get(rule.name)
        for side, value in zip(Side, agreed or (None, None), strict=True):
            sent = memory.sent.get(side, {}).get(rule.name, ())
            told[side][rule.field_on(side)] = sent[-1] if sent else value
    return Reading(link.hubspot, values=told[Side.HUBSPOT]), Reading(link.salesforce, values=told[Side.SALESFORCE])


@dataclass(frozen=True, slots=True)
class Record:
    """A record with all that the store holds of it.

    Attributes:
        refs: today's, HubSpot's first.
        pair: the mapping it is kept by; None where none speaks of it any more.
        events: the latest, oldest first; `more`: there are earlier ones.
        journey: in order.
    """

    refs: tuple[Ref, ...]
    pair: Pair | None
    link: Link | None
    issues: Sequence[StoredIssue]
    events: Sequence[Event]
    more: bool
    journey: Sequence[Entry]

    @property
    def is_linked(self) -> bool:
        """Whether it has a counterpart with which it is kept in step."""
        return self.link is not None and not self.link.stopped

    def on(self, side: Side) -> Ref | None:
        """The record of one side."""
        return next((ref for ref in self.refs if ref.side is side), None)


def record(conn: Connection, mapping: MappingSet, ref: Ref, limit: int) -> Record | None:
    """All that the store holds of a record; None where it has never heard of it. limit: of events."""
    link = links.by_refs(conn, [ref]).get(ref)
    refs = (link.hubspot, link.salesforce) if link else (ref,)
    told = events.of_refs(conn, refs, limit + 1)
    journey = in_order(journeys.of_refs(conn, refs))
    open_issues = issues.open_issues(conn, refs=list(refs))
    if link is None and not told and not journey and not open_issues:
        return None
    return Record(refs, _pair(mapping, refs), link, open_issues, told[-limit:], len(told) > limit, journey)


def _pair(mapping: MappingSet, refs: Sequence[Ref]) -> Pair | None:
    pairs = mapping.pairs_of(refs[0].side, refs[0].object)
    return next((pair for pair in pairs if all(pair.object_on(ref.side) == ref.object for ref in refs)), None)
