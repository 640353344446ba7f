"""The reading copy, written: what pages show of people, each person with a digest of all that is said of them.

Who writes asks for the digests first, so that somebody about whom nothing is new costs one look into an index. A person
is written as a whole, in the order of keys, so that two writers take turns; whoever comes second writes over the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Integer, Text, bindparam, func, or_, select
from sqlalchemy import delete as delete_rows

from connector.core.refs import Ref
from connector.core.shelved import Card, CycleRow, HandoffRow, PassRow, Rows
from connector.storage import codec
from connector.storage.admin_tables import cycles, handoffs, passes, people
from connector.storage.asking import change, many, rows, value
from connector.storage.upsert import adding, among, chunks, replacing

_DIGESTS = select(people.c.key, people.c.digest).where(among(people.c.key))
_CARDS = select(people.c.key, people.c.name, people.c.email, people.c.company).where(among(people.c.key))
_LOCKED = select(people.c.key).where(among(people.c.key)).order_by(people.c.key).with_for_update()
_NAMING = select(people.c.key).where(or_(among(people.c.key), among(people.c.salesforce)))
_NEXT = (
    select(people.c.key)
    .where(people.c.key > bindparam("after", type_=Text))
    .order_by(people.c.key)
    .limit(bindparam("limit", type_=Integer))
)
_COUNT = select(func.count()).select_from(people)
_COURSES = (passes, cycles, handoffs)
_DROP = delete_rows(people).where(among(people.c.key))
_DROP_COURSES = tuple(delete_rows(table).where(among(table.c.person)) for table in _COURSES)
_SAID = tuple(column.name for column in people.c if column.name != "key")
_WRITTEN = {table.name: tuple(one.name for one in table.c if not one.primary_key) for table in _COURSES}


class Person(NamedTuple):
    """One person as the reading copy has them; at least one record is there."""

    hubspot: Ref | None
    salesforce: Ref | None
    pair: str
    card: Card
    rows: Rows

    @property
    def ref(self) -> Ref:
        """The record that leads: HubSpot's, else Salesforce's."""
        ref = self.hubspot or self.salesforce
        assert ref is not None, "a person has a record"
        return ref

    def digest(self) -> int:
        """A digest of all that is said of them, as the store keeps it."""
        said = blake2b(orjson.dumps(self, default=tuple), digest_size=8).digest()
        return int.from_bytes(said, "big", signed=True)


def digests(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, int]:
    """The digests of those of the records that lead somebody."""
    wanted = {codec.key(ref): ref for ref in refs}
    return {
        wanted[key]: digest for portion in chunks(list(wanted)) for key, digest in rows(conn, _DIGESTS, among=portion)
    }


def cards(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Card]:
    """Who those are whom one of the records leads, as it is stored."""
    wanted = {codec.key(ref): ref for ref in refs}
    return {
        wanted[key]: Card(*card) for portion in chunks(list(wanted)) for key, *card in rows(conn, _CARDS, among=portion)
    }


def locked(conn: Connection, refs: Iterable[Ref]) -> set[Ref]:
    """Those of the records that lead somebody, who is nobody else's to write until this transaction ends."""
    wanted = {codec.key(ref): ref for ref in refs}
    return {wanted[row[0]] for portion in chunks(sorted(wanted)) for row in rows(conn, _LOCKED, among=portion)}


def put(conn: Connection, persons: Mapping[Ref, tuple[Person, int]], stored: Collection[Ref], now: datetime) -> None:
    """Write people, each with their digest, by the record that leads.

    stored: those of them who are there already, whose stays, cycles and handoffs are written anew.
    """
    if not persons:
        return
    in_order = sorted((codec.key(ref), *one) for ref, one in persons.items())
    seen_at = codec.micros(now)
    many(conn, replacing(conn, people, *_SAID), [_row(key, one, digest, seen_at) for key, one, digest in in_order])
    _drop_courses(conn, [codec.key(ref) for ref in persons if ref in stored])
    _put_courses(conn, [(key, one) for key, one, _ in in_order])


def add(conn: Connection, persons: Mapping[Ref, tuple[Person, int]], now: datetime) -> None:
    """Write people who are not there yet; of whom another worker has written meanwhile, nothing."""
    for ref, (person, digest) in sorted(persons.items()):
        if many(conn, adding(conn, people), [_row(codec.key(ref), person, digest, codec.micros(now))]):
            _put_courses(conn, [(codec.key(ref), person)])


def drop(conn: Connection, refs: Iterable[Ref]) -> None:
    """Take away those whom one of these records leads."""
    _drop(conn, sorted(codec.key(ref) for ref in refs))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove everybody who is known by one of these records, on whichever side."""
    keys = [codec.key(ref) for ref in refs]
    known = {row[0] for portion in chunks(keys) for row in rows(conn, _NAMING, among=portion)}
    _drop(conn, sorted(known.union(keys)))


def page(conn: Connection, after: str, limit: int) -> list[Ref]:
    """The next records that lead somebody, in the order of their keys."""
    return [codec.ref(row[0]) for row in rows(conn, _NEXT, after=after, limit=limit)]


def count(conn: Connection) -> int:
    """How many people there are."""
    return int(value(conn, _COUNT))


def _drop(conn: Connection, keys: Sequence[str]) -> None:
    for portion in chunks(keys):
        change(conn, _DROP, among=portion)
    _drop_courses(conn, keys)


def _drop_courses(conn: Connection, keys: Sequence[str]) -> None:
    for portion, statement in ((portion, one) for one in _DROP_COURSES for portion in chunks(sorted(keys))):
        change(conn, statement, among=portion)


def _put_courses(conn: Connection, persons: Sequence[tuple[str, Person]]) -> None:
    stays = [_pass_row(key, number, one) for key, whose in persons for number, one in enumerate(whose.rows.passes)]
    clocks = [_cycle_row(key, one) for key, whose in persons for one in whose.rows.cycles]
    given = [_handoff_row(key, number, one) for key, whose in persons for number, one in enumerate(whose.rows.handoffs)]
    for table, written in zip(_COURSES, (stays, clocks, given), strict=True):
        if written:
            many(conn, replacing(conn, table, *_WRITTEN[table.name]), written)


def _row(key: str, person: Person, digest: int, seen_at: int) -> dict[str, Any]:
    hubspot, salesforce, pair, (name, email, company), (stand, *_) = person
    ids = (ref.id for ref in (hubspot, salesforce) if ref)
    return {
        "key": key,
        "hubspot": codec.key(hubspot) if hubspot else None,
        "salesforce": codec.key(salesforce) if salesforce else None,
        "pair": pair,
        "name": name,
        "email": email,
        "company": company,
        "words": f"{name} {email} {company} {' '.join(ids)}".lower(),
        "stage": stand.stage or None,
        "band": stand.band or None,
        "since": _at(stand.since),
        "persona": stand.persona or None,
        "source": stand.source or None,
        "owner": stand.owner or None,
        "answer": stand.answer or None,
        "clock": stand.clock or None,
        "due_at": _at(stand.due_at),
        "seen_at": seen_at,
        "digest": digest,
    }


def _pass_row(key: str, number: int, one: PassRow) -> dict[str, Any]:
    return {
        "person": key,
        "number": number,
        "stage": one.stage,
        "entered_at": codec.micros(one.entered_at),
        "left_at": _at(one.left_at),
        "left_to": one.left_to or None,
        "persona": one.persona or None,
        "source": one.source or None,
        "evidence": one.evidence,
        "kind": one.kind,
        "onward": one.onward,
    }


def _cycle_row(key: str, one: CycleRow) -> dict[str, Any]:
    return {
        "person": key,
        "policy": one.policy,
        "number": one.number,
        "state": one.state,
        "owner": one.owner or None,
        "team": one.team or None,
        "persona": one.persona or None,
        "source": one.source or None,
        "stage": one.stage or None,
        "started_at": codec.micros(one.started_at),
        "due_at": _at(one.due_at),
        "ended_at": _at(one.ended_at),
        "late_s": one.late_s,
    }


def _handoff_row(key: str, number: int, one: HandoffRow) -> dict[str, Any]:
    return {
        "person": key,
        "number": number,
        "at": codec.micros(one.at),
        "owner": one.owner or None,
        "persona": one.persona or None,
        "source": one.source or None,
        "campaign": one.campaign or None,
        "answer": one.answer,
        "reason": one.reason or None,
        "reason_class": one.reason_class or None,
        "answered_at": _at(one.answered_at),
        "outcome": one.outcome or None,
    }


def _at(moment: datetime | None) -> int | None:
    return codec.micros(moment) if moment else None
