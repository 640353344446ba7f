"""What the store holds in the end: every cell of every table, and of these the story and the links.

SQLite is asked directly, as the oracle looks into thousands of stores and building the product's statements took it
longer than judging. What a row means, the product's own decoders say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson

from connector.core.plan import IssueKind
from connector.storage import codec
from connector.storage import links as stored_links
from connector.storage.database import Database
from connector.storage.events import Event
from connector.storage.links import Link

_EVENTS = "SELECT at, kind, hubspot, salesforce, run_id, payload, id FROM events ORDER BY id"
_LINKS = "SELECT id, pair, hubspot, salesforce, memory, version, stopped FROM links ORDER BY id"
_PARKED = "SELECT r.key FROM issue_refs r JOIN issues i ON i.id = r.issue_id WHERE i.kind = ?"


@dataclass(frozen=True)
class Store:
    """One store when all is over.

    Attributes:
        sizes: how many rows each table has, whether the code of today knows it or not.
        text: every cell, a line each, but for what the accounts told of themselves: their choices are values that
            people may have too.
        parked: records (as `Ref` in text) that had a refused value at any time.
    """

    sizes: Counter[str]
    text: str
    events: list[Event]
    links: list[Link]
    parked: frozenset[str]


def look_into(database: Database) -> Store:
    """Everything a store holds."""
    with closing(database._engine.raw_connection()) as lent:
        raw = lent.driver_connection
        assert raw is not None
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: raw.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # its own
        return Store(
            Counter({name: len(found) for name, found in rows.items()}),
            "\n".join(_cells(rows)),
            [_event(*row) for row in raw.execute(_EVENTS)],
            [stored_links.link_of(row) for row in raw.execute(_LINKS)],
            frozenset(key for (key,) in raw.execute(_PARKED, (IssueKind.PARKED.value,))),
        )


def _cells(rows: dict[str, list[tuple[Any, ...]]]) -> Iterator[str]:
    for name, found in rows.items():
        for row in found:
            if name == "state" and row[0] in {"facts", "facts last told"}:
                continue
            yield from (
                cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
                for cell in row
                if cell is not None
            )


def _event(at: int, kind: str, *more: Any) -> Event:
    hubspot, salesforce, run, payload, number = more
    refs = [None if key is None else codec.ref(key) for key in (hubspot, salesforce)]
    return Event(codec.moment(at), kind, *refs, run, orjson.loads(payload), number)
