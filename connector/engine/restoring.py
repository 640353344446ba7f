"""What a restored store must do before it may work: bury again whom it was told to forget.

A backup knows people who were erased after it was made; their tombstones outlive the restore (`storage.backup`) and are
compared with every record the store speaks of. What both sides did since the backup is read again by the full
comparison that a restored store owes: records made meanwhile are found by their cross ids, values that agree are
remembered as agreed.
"""

from __future__ import annotations

from sqlalchemy import Connection

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref
from connector.engine import erase
from connector.engine.bridge import Bridge
from connector.storage import backup, links, tombstones


def settle(bridge: Bridge) -> int:
    """Bury again who was erased since the backup was made; how many records that were."""
    with bridge.database.begin() as conn:
        if not tombstones.any(conn):
            return 0
        again = _buried(conn)
        linked = links.by_refs(conn, again)
        for link in {link.id: link for link in linked.values()}.values():
            erase.forget(conn, bridge, link, bridge.clock.now())
            links.delete(conn, link.id, link.version)
        for ref in again:
            if ref not in linked:
                erase.forget_stranger(conn, bridge, Reading(ref, Presence.MISSING, {}, None), bridge.clock.now())
    erase.scrub(bridge)
    return len(again)


def _buried(conn: Connection) -> list[Ref]:
    """Records the store speaks of though they were erased; the link of one is that of both."""
    named = {erase.fingerprint(conn, str(ref)): ref for ref in backup.refs(conn)}
    return sorted(named[one] for one in tombstones.known(conn, named))
