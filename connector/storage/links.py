"""Links: pairs of records that are the same thing, each with its memory (base and sent).

A record is linked at most once: the database holds it (unique on each side), so a race is lost quietly, never
doubled. Memory advances by compare-and-set on `version`: a worker that was asleep while another did its work changes
nothing when it wakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, func, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.exc import IntegrityError

from connector.core.plan import Memory
from connector.core.refs import Ref, Side
from connector.storage import codec
from connector.storage.asking import many, value
from connector.storage.asking import rows as rows_of
from connector.storage.tables import links
from connector.storage.upsert import among, chunks
from connector.storage.upsert import insert as insert_into

FIRST_VERSION = 1  # of a link just made

COLUMNS = (
    links.c.id,
    links.c.pair,
    links.c.hubspot,
    links.c.salesforce,
    links.c.memory,
    links.c.version,
    links.c.stopped,
)
_AMONG_REFS = {
    Side.HUBSPOT: select(*COLUMNS).where(among(links.c.hubspot)),
    Side.SALESFORCE: select(*COLUMNS).where(among(links.c.salesforce)),
}
_AMONG_IDS = select(*COLUMNS).where(among(links.c.id))
_COUNTERPARTS = select(links.c.salesforce, links.c.hubspot).where(among(links.c.salesforce))
_COUNT = select(func.count()).select_from(links)
_BY_PAIR = select(links.c.pair, func.count()).group_by(links.c.pair)
_VERSIONS = select(links.c.id, links.c.version).where(among(links.c.id)).order_by(links.c.id).with_for_update()
_SAVE = (
    update(links)
    .where(links.c.id == bindparam("_id"))
    .values({"memory": bindparam("_memory"), "version": bindparam("_version")})
)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be made."""

    pair: str
    hubspot: Ref
    salesforce: Ref
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link. `stopped`: it is remembered and left alone."""

    id: int
    pair: str
    hubspot: Ref
    salesforce: Ref
    memory: Memory
    version: int
    stopped: bool


def link_of(row: Sequence[Any]) -> Link:
    """The link in a row of `COLUMNS`."""
    link_id, pair, hubspot, salesforce, memory, version, stopped = row
    return Link(link_id, pair, codec.ref(hubspot), codec.ref(salesforce), codec.memory(memory), version, bool(stopped))


def insert(conn: Connection, rows: Sequence[NewLink], now: datetime) -> list[int | None]:
    """Make links; their ids in order, None where either record is linked already (someone was faster)."""
    if not rows:
        return []
    linked_at = codec.micros(now)
    parameters = [
        {
            "pair": row.pair,
            "hubspot": codec.key(row.hubspot),
            "salesforce": codec.key(row.salesforce),
            "memory": codec.memory_bytes(row.memory),
            "version": FIRST_VERSION,
            "stopped": False,
            "linked_at": linked_at,
        }
        for row in rows
    ]
    in_key_order = sorted(parameters, key=lambda row: str(row["hubspot"]))
    made = conn.execute(_new(conn.dialect.name), in_key_order)
    ids = {(hubspot, salesforce): link_id for hubspot, salesforce, link_id in made}
    return [ids.pop((row["hubspot"], row["salesforce"]), None) for row in parameters]


def by_refs(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Link]:
    """The links of those of the records that are linked, by the ref asked for."""
    wanted: dict[Side, dict[str, Ref]] = {Side.HUBSPOT: {}, Side.SALESFORCE: {}}
    for ref in refs:
        wanted[ref.side][codec.key(ref)] = ref
    found: dict[Ref, Link] = {}
    for side, keys in wanted.items():
        for portion in chunks(list(keys)):
            for link in map(link_of, rows_of(conn, _AMONG_REFS[side], among=portion)):
                found[link.hubspot if side is Side.HUBSPOT else link.salesforce] = link
    return found


def contacts_of(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, Ref]:
    """By linked Salesforce record its counterpart in HubSpot, without what the link remembers."""
    keys = sorted({codec.key(ref) for ref in refs if ref.side is Side.SALESFORCE})
    found = (row for portion in chunks(keys) for row in rows_of(conn, _COUNTERPARTS, among=portion))
    return {codec.ref(salesforce): codec.ref(hubspot) for salesforce, hubspot in found}


def by_ids(conn: Connection, ids: Iterable[int]) -> dict[int, Link]:
    """Links by id; ids that are no more are left out."""
    return {
        link.id: link
        for portion in chunks(list(ids))
        for link in map(link_of, rows_of(conn, _AMONG_IDS, among=portion))
    }


def page(conn: Connection, after_id: int, limit: int) -> list[Link]:
    """The next links in the order of their ids."""
    statement = select(*COLUMNS).where(links.c.id > after_id).order_by(links.c.id).limit(limit)
    return list(map(link_of, conn.execute(statement)))


def count(conn: Connection) -> int:
    """How many links there are."""
    return int(value(conn, _COUNT))


def by_pair(conn: Connection) -> dict[str, int]:
    """How many links there are of each pair of objects."""
    return {str(pair): int(number) for pair, number in conn.execute(_BY_PAIR)}


def save(conn: Connection, rows: Sequence[tuple[int, int, Memory]]) -> set[int]:
    """Replace the memories of (id, version, memory); the ids that still were at that version and are saved now."""
    current = _locked_versions(conn, [link_id for link_id, _, _ in rows])
    still = sorted((row for row in rows if current.get(row[0]) == row[1]), key=lambda row: row[0])
    parameters = [
        {"_id": link_id, "_memory": codec.memory_bytes(memory), "_version": version + 1}
        for link_id, version, memory in still
    ]
    many(conn, _SAVE, parameters)
    return {link_id for link_id, _, _ in still}


def relink(conn: Connection, link_id: int, version: int, new: Ref) -> bool:
    """Let one side of a link go on under another ref; False when the link moved on or the ref is linked already."""
    link = by_ids(conn, [link_id]).get(link_id)
    if link is None:
        return False
    hubspot, salesforce = (new, link.salesforce) if new.side is Side.HUBSPOT else (link.hubspot, new)
    statement = (
        update(links)
        .where(links.c.id == link_id, links.c.version == version)
        .values(
            hubspot=codec.key(hubspot),
            salesforce=codec.key(salesforce),
            pair=f"{hubspot.object}/{salesforce.object}",
            version=version + 1,
        )
    )
    try:
        with conn.begin_nested():
            return conn.execute(statement).rowcount == 1
    except IntegrityError:
        return False


def delete(conn: Connection, link_id: int, version: int) -> bool:
    """Forget a link, unless it moved on since that version."""
    return conn.execute(delete_rows(links).where(links.c.id == link_id, links.c.version == version)).rowcount == 1


def stop(conn: Connection, link_id: int) -> bool:
    """Leave a link alone from now on; False when there is none."""
    return _set_stopped(conn, link_id, stopped=True)


def resume(conn: Connection, link_id: int) -> bool:
    """Take a stopped link up again; False when there is none."""
    return _set_stopped(conn, link_id, stopped=False)


@cache
def _new(dialect: str) -> Executable:
    unless_linked = insert_into(dialect, links).on_conflict_do_nothing()
    return unless_linked.returning(links.c.hubspot, links.c.salesforce, links.c.id)


def _set_stopped(conn: Connection, link_id: int, *, stopped: bool) -> bool:
    return conn.execute(update(links).where(links.c.id == link_id).values(stopped=stopped)).rowcount == 1


def _locked_versions(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    """The versions of links, their rows locked in the order of ids until the transaction ends."""
    versions: dict[int, int] = {}
    for portion in chunks(sorted(set(ids))):
        versions.update(map(tuple, rows_of(conn, _VERSIONS, among=portion)))
    return versions
