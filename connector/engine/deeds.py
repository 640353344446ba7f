"""What the story says the bridge did to some records, in the form in which it can be taken back.

Writes by record and field, records made, pairs of which one was archived, pairs linked; each write with whether it is
among those that somebody asks to have undone. What was written in the making of a record goes with it, unless only one
field is asked about. The definition's own fields are told apart: they follow from journeys, not from what is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connector.core.plan import Because
from connector.core.refs import Ref, Side
from connector.core.undoing import Wrote
from connector.engine.story import UNANSWERED
from connector.storage.events import Event, Wanted

Place = tuple[Ref, str]  # a record and one of its fields

_MAKES = (Because.CREATES.value, Because.DEFAULT.value)
_MADE = ("created", "linked")  # kinds of events that tell of a record the bridge made


@dataclass(frozen=True, slots=True)
class Asked:
    """What shall be undone: all that every part allows; at least one part is given.

    Attributes:
        run: of this run.
        refs: of these records.
        field: of this field, by its name on either side or its rule's.
        since, until: told in this window.
        through: the id of the last event that counts: what the undo itself tells comes later.
    """

    run: int | None = None
    refs: frozenset[Ref] | None = None
    field: str = ""
    since: datetime | None = None
    until: datetime | None = None
    through: int = 0

    @property
    def wanted(self) -> Wanted:
        """The events that may tell of it."""
        return Wanted(self.run, self.refs, self.since, self.until)

    def takes(self, event: Event) -> bool:
        """Whether what an event tells of is to be undone."""
        return (
            (event.id or 0) <= self.through
            and self.run in (None, event.run_id)
            and (self.refs is None or event.hubspot in self.refs or event.salesforce in self.refs)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A record that the bridge made for another, by which run, and when that was told."""

    ref: Ref
    origin: Ref
    run: int | None
    at: datetime


@dataclass
class Deeds:
    """What was done to some records.

    Attributes:
        writes: by record and field, where a write is chosen, all writes from the first chosen one on, oldest first.
        last: by record and field the last write, whether chosen or not.
        rules: by field, the rule under which it was last written.
        made: the records whose making is chosen.
        follows: by record, fields of which chosen values follow from the shared definition.
        archived: by HubSpot record, chosen pairs of which the bridge archived one.
        linked: chosen pairs that the bridge found to be the same.
    """

    writes: dict[Ref, dict[str, list[Wrote]]] = field(default_factory=dict)
    last: dict[Ref, dict[str, Wrote]] = field(default_factory=dict)
    rules: dict[Place, str] = field(default_factory=dict)
    made: dict[Ref, Made] = field(default_factory=dict)
    follows: dict[Ref, set[str]] = field(default_factory=dict)
    archived: dict[Ref, set[tuple[Ref, Ref]]] = field(default_factory=dict)
    linked: set[tuple[Ref, Ref]] = field(default_factory=set)


def deeds(story: Iterable[Event], asked: Asked) -> Deeds:
    """Everything the story tells of, oldest first."""
    found = Deeds()
    for event in story:
        takes = asked.takes(event)
        if takes and not asked.field:
            _take(found, event)
        for place, rule, wrote in _writes(event):
            if wrote is None:
                if takes and asked.field in ("", place[1], rule):
                    found.follows.setdefault(place[0], set()).add(place[1])
                continue
            chosen = replace(wrote, chosen=takes and asked.field in ("", place[1], rule))
            ref, name = place
            found.last.setdefault(ref, {})[name], found.rules[place] = chosen, rule
            if chosen.chosen or name in found.writes.get(ref, ()):
                found.writes.setdefault(ref, {}).setdefault(name, []).append(chosen)
    return found


def _take(found: Deeds, event: Event) -> None:
    """Note what a chosen event tells of whole records."""
    if event.hubspot is None or event.salesforce is None:
        return
    side = _made_on(event)
    ends = {ref.side: ref for ref in (event.hubspot, event.salesforce)}
    if side:
        found.made[ends[side]] = Made(ends[side], ends[side.other], event.run_id, event.at)
    elif event.kind == "linked":
        found.linked.add((event.hubspot, event.salesforce))
    elif event.kind == "archived":
        found.archived.setdefault(event.hubspot, set()).add((event.hubspot, event.salesforce))


def _made_on(event: Event) -> Side | None:
    """The side on which an event tells of a record made; None where it tells of none."""
    if event.kind not in _MADE:
        return None
    return next((Side(row["side"]) for row in event.payload.get("changes", ()) if row["because"] in _MAKES), None)


def _writes(event: Event) -> Iterator[tuple[Place, str, Wrote | None]]:
    """The values an event tells of, with their rules; None where one follows from the shared definition."""
    ends = {ref.side: ref for ref in (event.hubspot, event.salesforce) if ref}
    for row in event.payload.get("changes", ()):
        ref = ends.get(Side(row["side"]))
        if ref is None or not row["rule"]:
            continue  # a record that was perhaps made, told again once it is found; an id, which goes with its link
        follows = row["because"] == Because.FOLLOWS
        yield (ref, row["field"]), row["rule"], None if follows else _wrote(event, row)


def _wrote(event: Event, row: Mapping[str, Any]) -> Wrote:
    return Wrote(
        event.at,
        event.run_id,
        row["before"],
        row["after"],
        chosen=False,
        sure=event.kind != UNANSWERED,
        known=row["because"] not in _MAKES or event.kind in _MADE,
        undoing=row["because"] == Because.UNDONE,
    )


def concerned(events: Iterable[Event]) -> Iterator[Ref]:
    """Every record that some events tell of."""
    for event in events:
        yield from (ref for ref in (event.hubspot, event.salesforce) if ref)
