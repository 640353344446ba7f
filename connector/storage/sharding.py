"""Spreading dirty keys over a fixed number of shards, so that several workers share the work and never a link.

A link's shard is a hash of its HubSpot key, and so both of its records wait in one shard; a record without a link
hashes by its own key. The hash is part of what is stored: CRC-32 is the same in every process, version and language.
A record that is linked after it was marked waits in the wrong shard until a worker finds out
(`connector.engine.sharing`), so a shard says who looks first, never who is right. On SQLite, where one worker does
everything, nobody asks who is linked: marking a record would take a third longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from sqlalchemy import Connection, select

from connector.core.refs import Side
from connector.storage.asking import rows
from connector.storage.tables import SHARDS, links
from connector.storage.upsert import among, chunks

_COUNTERPARTS = select(links.c.salesforce, links.c.hubspot).where(among(links.c.salesforce))
_SALESFORCE: Final = f"{Side.SALESFORCE}:"


def shard_of(key: str) -> int:
    """The shard of the HubSpot key of a link, or of the key of a record without one."""
    return crc32(key.encode()) % SHARDS


def shards_of(conn: Connection, keys: Sequence[str]) -> list[int]:
    """The shards of records by their keys, in order; one question to the store for all of Salesforce's."""
    asked = [key for key in keys if key.startswith(_SALESFORCE)] if conn.dialect.name == "postgresql" else []
    linked: dict[str, str] = {}
    for portion in chunks(asked):
        linked.update(map(tuple, rows(conn, _COUNTERPARTS, among=portion)))
    return [crc32(linked.get(key, key).encode()) % SHARDS for key in keys]


def group(number: int, groups: int) -> tuple[int, ...]:
    """The shards of one of so many groups, which are worked on side by side."""
    return tuple(range(number, SHARDS, groups))
