"""Journeys: what was seen, done and decided about records, appended and never changed; only erasing removes anything.

One unique index of record and key serves both for finding a record's entries and for holding that every decision is
made once: an entry whose key is taken is not stored, and its writer is told, for another worker was faster. Entries
stay with the record they were made about. When its identity goes on under another ref (merge, conversion) that is
remembered beside them, so that a journey is that of today's records and of all they once were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Text, bindparam, func, or_, select
from sqlalchemy import delete as delete_rows

from connector.core.journey import Entry, Handed, Seen, Told, What
from connector.core.refs import Ref
from connector.core.values import Value
from connector.storage import codec, links
from connector.storage.asking import change, many, rows, value
from connector.storage.entries import KINDS, what, what_bytes
from connector.storage.tables import became, journeys
from connector.storage.upsert import Insert, adding, among, chunks, insert


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a record: its entries and those of who it once was; the number of its own last one."""

    entries: Sequence[Entry]
    latest: int


@dataclass(slots=True)
class Sights:
    """Watched fields of a record: as last seen, and as told since without being seen there yet."""

    seen: dict[str, Value] = field(default_factory=dict)
    told: dict[str, Value] = field(default_factory=dict)

    def last(self, name: str) -> Value:
        """What a field said, as far as is known."""
        return self.told[name] if name in self.told else self.seen.get(name)

    def learn(self, said: What | None) -> None:
        """Take in one more."""
        if isinstance(said, Told):
            self.told.update(said.fields)
        elif isinstance(said, Seen):
            self.seen.update(said.fields)
            for name in said.fields:
                self.told.pop(name, None)


Person = tuple[tuple[Ref, ...], list[Entry]]

_PAGE = 500  # people told at a time by `people`: bounds memory
_COLUMNS = tuple(journeys.c[name] for name in ("id", "ref", "at", "seen_at", "key", "kind", "what"))
_OF_REFS = select(*_COLUMNS).where(among(journeys.c.ref))
_LATEST_OF = select(journeys.c.ref, func.max(journeys.c.id)).where(among(journeys.c.ref)).group_by(journeys.c.ref)
_SIGHTS = (
    select(journeys.c.ref, journeys.c.kind, journeys.c.what)
    .where(among(journeys.c.ref), or_(journeys.c.kind == KINDS[Seen], journeys.c.kind == KINDS[Told]))
    .order_by(journeys.c.id)
)
_ANY = select(journeys.c.id).limit(1)
_NEWEST = select(func.max(journeys.c.id))
_ANYBODY = select(became.c.old).limit(1)
_FORMER = select(became.c.new, became.c.old).where(among(became.c.new))
_HEIRS = select(became.c.old, became.c.new).where(among(became.c.old))
_NEXT_REFS = (
    select(journeys.c.ref)
    .distinct()
    .where(journeys.c.ref > bindparam("after", type_=Text))
    .order_by(journeys.c.ref)
    .limit(bindparam("limit", type_=Integer))
)
_OWNED = journeys.c.owner == bindparam("owner", type_=Text)
_SINCE = bindparam("since", type_=BigInteger)
_GIVEN = select(func.count()).select_from(journeys).where(_OWNED, journeys.c.at >= _SINCE)
_LATEST = select(journeys.c.id).where(_OWNED).order_by(journeys.c.at.desc(), journeys.c.id.desc()).limit(1)
_FORGET = delete_rows(journeys).where(among(journeys.c.ref))
_FORGET_OLD = delete_rows(became).where(among(became.c.old))


def append(conn: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Store entries in this order; those that were not stored because their key is taken.

    People come in the order of their refs, so that workers who meet take turns.
    """
    parameters = [_parameters(entry) for entry in entries]
    if not parameters:
        return []
    adding_one = _unless_taken(conn.dialect.name)
    if all(row["key"] is None for row in parameters):
        many(conn, adding_one, parameters)
        return []
    whole = conn.begin_nested()
    if many(conn, adding_one, parameters) == len(parameters):
        whole.commit()
        return []
    whole.rollback()
    return [entry for entry, row in zip(entries, parameters, strict=True) if many(conn, adding_one, [row]) == 0]


@cache
def _unless_taken(dialect: str) -> Insert:
    return insert(dialect, journeys).on_conflict_do_nothing(index_elements=["ref", "key"])


def go_on(conn: Connection, moves: Iterable[tuple[Ref, Ref]]) -> None:
    """Remember that records went on as others: (old, new)."""
    parameters = [{"old": codec.key(old), "new": codec.key(new)} for old, new in sorted(set(moves)) if old != new]
    many(conn, adding(conn, became), parameters)


def formers(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, list[Ref]]:
    """Who each of these once was, as far as it was anybody else; nearest first."""
    told = {codec.key(ref): ref for ref in refs}
    if value(conn, _ANYBODY) is None:
        return {}
    holder = dict(told)  # stored key -> whose former it is
    found: dict[Ref, list[Ref]] = defaultdict(list)
    edge = list(told)
    while edge:
        older = [pair for portion in chunks(edge) for pair in rows(conn, _FORMER, among=portion)]
        edge = []
        for new, old in sorted(map(tuple, older)):
            if old not in holder:
                holder[old] = holder[new]
                found[holder[new]].append(codec.ref(old))
                edge.append(old)
    return dict(found)


def of_refs(conn: Connection, refs: Iterable[Ref]) -> list[Entry]:
    """The journey of a person by all their records of today, in the order of the sources' time."""
    return sorted((entry for told in by_ref(conn, refs).values() for entry in told), key=_order)


def by_ref(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, list[Entry]]:
    """The journeys of records, with those of who they once were, each in the order of the sources' time.

    Records without any entry are absent.
    """
    return {ref: sorted(known.entries, key=_order) for ref, known in known(conn, refs).items() if known.entries}


def known(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Known]:
    """As `by_ref`, in no order, and how far each record's own entries go."""
    wanted = list(dict.fromkeys(refs))
    if not wanted or value(conn, _ANY) is None:
        return {}
    holder = {codec.key(ref): ref for ref in wanted}
    for ref, older in formers(conn, wanted).items():
        holder.update((codec.key(one), ref) for one in older if codec.key(one) not in holder)
    found: dict[Ref, list[Entry]] = {}
    newest: dict[Ref, int] = {}
    for portion in chunks(list(holder)):
        for row in rows(conn, _OF_REFS, among=portion):
            ref, entry = holder[row[1]], _entry(row)
            told = found.setdefault(ref, [])
            if entry is not None:
                told.append(entry)
            if row[1] == codec.key(ref):
                newest[ref] = max(newest.get(ref, 0), row[0])
    return {ref: Known(told, newest.get(ref, 0)) for ref, told in found.items()}


def newest(conn: Connection) -> int:
    """The number of the last entry of anybody's journey; 0 before there is one."""
    return int(value(conn, _NEWEST) or 0)


def latest(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, int]:
    """The number of the last entry of each record that has any."""
    wanted = {codec.key(ref): ref for ref in refs}
    return {
        wanted[key]: last for portion in chunks(list(wanted)) for key, last in rows(conn, _LATEST_OF, among=portion)
    }


def sights(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Sights]:
    """What watched fields of records were last seen to say, and what they were told since, in the order of learning."""
    wanted = {codec.key(ref): ref for ref in refs}
    found: dict[Ref, Sights] = {}
    for portion in chunks(list(wanted)):
        for key, kind, stored in rows(conn, _SIGHTS, among=portion):
            found.setdefault(wanted[key], Sights()).learn(what(kind, stored))
    return found


def people(conn: Connection) -> Iterator[Person]:
    """Everybody who has a journey: their records, and their entries; linked people first. Memory stays flat."""
    yield from _linked(conn)
    after = ""
    while found := page(conn, after, _PAGE):
        after = codec.key(found[-1])
        yield from _alone(conn, found)


def page(conn: Connection, after: str, limit: int) -> list[Ref]:
    """The next records that have entries of their own, in the order of their keys."""
    return [codec.ref(row[0]) for row in rows(conn, _NEXT_REFS, after=after, limit=limit)]


def gone_on(conn: Connection, refs: Iterable[Ref]) -> set[Ref]:
    """Those of the records that went on as others."""
    told = {codec.key(ref): ref for ref in refs}
    return {told[row[0]] for portion in chunks(list(told)) for row in rows(conn, _HEIRS, among=portion)}


def _linked(conn: Connection) -> Iterator[Person]:
    after = 0
    while found := links.page(conn, after, _PAGE):
        after = found[-1].id
        told = by_ref(conn, [ref for link in found for ref in (link.hubspot, link.salesforce)])
        for link in found:
            both = (link.hubspot, link.salesforce)
            entries = sorted((entry for ref in both for entry in told.get(ref, ())), key=_order)
            if entries:
                yield both, entries


def _alone(conn: Connection, page: Sequence[Ref]) -> Iterator[Person]:
    """Those of a page who are linked to nobody; who went on as somebody else is told with the first of their refs."""
    ends = today(conn, page)
    linked = links.by_refs(conn, set(ends.values()))
    mine = {ref: end for ref, end in ends.items() if end not in linked}
    told = by_ref(conn, set(mine.values()))
    for ref, end in mine.items():
        entries = told.get(end, [])
        if entries and ref == min((entry.ref for entry in entries), key=codec.key):
            yield (end,), entries


def today(conn: Connection, refs: Sequence[Ref]) -> dict[Ref, Ref]:
    """As whom records stand today."""
    ends = {ref: ref for ref in refs}
    edge = set(refs)
    while edge:
        found = [
            pair for portion in chunks([codec.key(ref) for ref in edge]) for pair in rows(conn, _HEIRS, among=portion)
        ]
        heirs = {codec.ref(old): codec.ref(new) for old, new in found}
        ends = {ref: heirs.get(end, end) for ref, end in ends.items()}
        edge = set(heirs.values()) - edge
    return ends


def given(conn: Connection, owners: Iterable[str], since: datetime) -> Mapping[str, tuple[int, int]]:
    """How many people each of these owners was handed since a moment, and the id of the last one ever; 0 for none."""
    at = codec.micros(since)
    return {
        owner: (int(value(conn, _GIVEN, owner=owner, since=at)), int(value(conn, _LATEST, owner=owner) or 0))
        for owner in dict.fromkeys(owners)
    }


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove the journeys of these records."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)
        change(conn, _FORGET_OLD, among=portion)


def _order(entry: Entry) -> tuple[datetime, datetime, int]:
    return entry.at, entry.seen_at, entry.id


def _parameters(entry: Entry) -> dict[str, Any]:
    said = entry.what
    return {
        "ref": codec.key(entry.ref),
        "at": codec.micros(entry.at),
        "seen_at": _learnt(entry.seen_at),
        "key": entry.key or None,
        "kind": KINDS[type(said)],
        "owner": said.owner if isinstance(said, Handed) else None,
        "what": what_bytes(said),
    }


_learnt = lru_cache(maxsize=16)(codec.micros)  # a batch learns everything at one moment


def _entry(row: Sequence[Any]) -> Entry | None:
    entry_id, ref, at, seen_at, key, kind, stored = row
    said = what(kind, stored)
    if said is None:
        return None
    return Entry(codec.ref(ref), codec.moment(at), codec.moment(seen_at), said, key or "", entry_id)
