"""The reading copy says what follows anew from links and journeys, of everybody of whom it should, and of nobody else.

It is compared twice: when nothing is dirty any more, and once everything was compared, for that tells everybody again.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.reshelving import anew, is_whole, mapping_of_people
from connector.storage import codec, journeys, links, shelf
from connector.storage.admin_tables import cycles, handoffs, passes

_MANY = 100_000


def misshelved(bridge: Bridge) -> list[str]:
    """What is wrong with the reading copy just now."""
    with bridge.database.read() as conn:
        return list(_wrong(conn, bridge))


def _wrong(conn: Connection, bridge: Bridge) -> Iterator[str]:
    if not is_whole(conn, bridge):
        yield "it is not told anew to its end"
    pairs = {pair.name for pair in bridge.mapping.pairs if pair.mapping == mapping_of_people(bridge)}
    linked = [link for link in links.page(conn, 0, _MANY) if link.pair in pairs]
    held = shelf.digests(conn, shelf.page(conn, "", _MANY))
    leading = {link.hubspot for link in linked}
    yield from (f"{ref} is not there" for ref in sorted(leading - held.keys()))
    seconds = {link.salesforce for link in linked}
    yield from (f"{ref} is there beside the one it is linked to" for ref in sorted(seconds & held.keys()))
    strangers = {ref for ref in held.keys() - leading if not journeys.by_ref(conn, [ref])}
    yield from (f"{ref} is there, and nobody knows why" for ref in sorted(strangers))
    told, _ = anew(conn, bridge, held, {}, bridge.clock.now())
    for ref, person in told.items():
        if ref in held and person.digest() != held[ref]:
            yield f"{ref} is told otherwise anew: {_shown(conn, ref)}, anew {person}"
        lengths = [len(rows) for rows in person.rows[1:]]
        if ref in held and _lengths(conn, ref) != lengths:
            yield f"{ref} has {_lengths(conn, ref)} stays, cycles and handoffs, anew {lengths}"


def _lengths(conn: Connection, ref: Ref) -> list[int]:
    statements = (select(func.count()).where(table.c.person == codec.key(ref)) for table in (passes, cycles, handoffs))
    return [int(conn.scalar(statement) or 0) for statement in statements]


def _shown(conn: Connection, ref: Ref) -> str:
    told = [
        conn.execute(select(table).where(table.c.person == codec.key(ref))).all()
        for table in (passes, cycles, handoffs)
    ]
    return f"{ref.side is Side.HUBSPOT} {told}"
