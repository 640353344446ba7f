"""What waits for a person, as a page shows it: heaps of alike issues, what each kind means, and what waits besides.

The store puts alike issues together (`storage.alike`), so that a hundred thousand of them are no trouble.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from connector.core.mapping import MappingSet
from connector.core.plan import IssueKind
from connector.core.refs import Ref
from connector.reports import shelf
from connector.reports.names import called
from connector.reports.record import remembered
from connector.storage import alike, dirty, inbox, issues, links
from connector.storage.alike import Heap
from connector.storage.dirty import Waiting
from connector.storage.inbox import Received

HEAPS_MAX: Final = 200  # looked at; beyond, a page of heaps helps nobody
_SHOWN: Final = 20


class Meaning(NamedTuple):
    """A kind of issue in plain words: what it is called, and what it means."""

    title: str
    sentence: str


MEANINGS: Final[Mapping[IssueKind, Meaning]] = {
    IssueKind.HELD: Meaning(
        "Held", "A run would have changed more than the guards allow. It waits until somebody has looked."
    ),
    IssueKind.STOPPED: Meaning(
        "Stopped", "A CRM refuses the bridge, or keeps failing. Its access must be mended; it is tried again by itself."
    ),
    IssueKind.CONFLICT: Meaning(
        "Conflicts", "Both sides edited the same field, and no rule says which value stands. Nothing is written before."
    ),
    IssueKind.PARKED: Meaning(
        "Refused values", "A CRM refused a value. The rest of the record went through; only this field waits."
    ),
    IssueKind.AMBIGUOUS: Meaning(
        "Could be the same", "Several records could be the same person or company. Say which, or merge the duplicates."
    ),
    IssueKind.EDIT_BEATS_DELETION: Meaning(
        "Deleted on one side", "One side has deleted a record that the other has edited or still holds."
    ),
    IssueKind.UNOWNED: Meaning("Nobody to hand over to", "Somebody should go to sales, and no rep could be found."),
    IssueKind.ASKED: Meaning("Answers that lack something", "A rep's answer lacks what both teams agreed it says."),
    IssueKind.UNLAWFUL: Meaning(
        "Moves that were not agreed", "A CRM shows a stage or an answer that the definition does not allow from there."
    ),
    IssueKind.DRIFT: Meaning("Drift", "Two linked records differ, and nobody can say why."),
    IssueKind.SCHEMA: Meaning(
        "Fields that do not fit", "A mapped field is missing or hidden, or is not as the mapping expects."
    ),
    IssueKind.UNSENT: Meaning(
        "Not sent", "A notice, task or webhook was not sent, or nobody knows whether it arrived."
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which heaps are meant; "" means all. words: part of the reason, the code or the hint."""

    kind: str = ""
    field: str = ""
    words: str = ""

    def takes(self, heap: Heap) -> bool:
        """Whether a heap is among them."""
        issue = heap.first.issue
        said = f"{issue.reason} {issue.code} {issue.hint}".casefold()
        return (
            self.kind in ("", issue.kind.value)
            and self.field in ("", issue.field, issue.rule)
            and self.words.casefold() in said
        )


@dataclass(frozen=True, slots=True)
class Section:
    """All heaps of one kind that were asked for; number: of issues in them."""

    kind: IssueKind
    heaps: Sequence[Heap]

    @property
    def meaning(self) -> Meaning:
        """In plain words."""
        return MEANINGS[self.kind]

    @property
    def number(self) -> int:
        """How many issues there are."""
        return sum(heap.number for heap in self.heaps)


@dataclass(frozen=True, slots=True)
class Post:
    """What came in by webhooks: how much nobody has read yet, and what was not understood."""

    unread: int
    oldest: datetime | None
    not_understood: int
    kept: Sequence[Received]


@dataclass(frozen=True, slots=True)
class Queue:
    """All that waits.

    Attributes:
        counts: open issues by kind, whatever was asked for.
        more: there are more heaps than are shown.
        later: records that wait for a pause after a fault, the first of them.
        dirty: records that wait to be looked at at all.
    """

    sections: Sequence[Section]
    counts: Mapping[IssueKind, int]
    more: bool
    later: Sequence[Waiting]
    dirty: int
    post: Post


def queue(conn: Connection, asked: Asked) -> Queue:
    """All that waits for a person, what holds everything up first."""
    found = alike.heaps(conn, HEAPS_MAX + 1)
    by_kind: dict[IssueKind, list[Heap]] = {}
    for heap in filter(asked.takes, found[:HEAPS_MAX]):
        by_kind.setdefault(heap.first.issue.kind, []).append(heap)
    sections = [Section(kind, by_kind[kind]) for kind in MEANINGS if kind in by_kind]
    later = [one for one in dirty.sample(conn, _SHOWN) if one.attempts]
    post = Post(inbox.count(conn), inbox.oldest(conn), inbox.not_understood(conn), inbox.kept(conn, _SHOWN))
    return Queue(sections, issues.counts(conn), len(found) > HEAPS_MAX, later, dirty.count(conn), post)


def called_as(conn: Connection, mapping: MappingSet, refs: Iterable[Ref]) -> dict[Ref, str]:
    """What some records are called in daily life: as both sides last agreed, else as the reading copy knows them."""
    wanted = list(dict.fromkeys(refs))
    found: dict[Ref, str] = {}
    for ref, link in links.by_refs(conn, wanted).items():
        ends = (link.hubspot.object, link.salesforce.object)
        pair = next((one for one in mapping.pairs if (one.hubspot, one.salesforce) == ends), None)
        found[ref] = called(pair, *remembered(pair, link)) if pair else ""
    for ref in wanted:
        if ref not in found:
            known = shelf.face(conn, ref)
            found[ref] = (known.email or known.name) if known else ""
    return {ref: name for ref, name in found.items() if name}
