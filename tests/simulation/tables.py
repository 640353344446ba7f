"""What a store holds, as one hash: every row of every table, in the order of the primary key."""

from __future__ import annotations

import hashlib

from connector.storage.database import Database
from connector.storage.tables import metadata


def digest(database: Database) -> str:
    """Equal stores have equal digests."""
    said = hashlib.sha256()
    with database.read() as conn:
        for table in metadata.sorted_tables:
            said.update(table.name.encode())
            for row in conn.execute(table.select().order_by(*table.primary_key.columns)):
                said.update(repr(tuple(row)).encode())
    return said.hexdigest()
