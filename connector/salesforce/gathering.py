"""Reading and finding records of several objects at once: one composite call where each object alone takes its own.

Small passes live on this: a hundred people are Leads and Contacts, and are sought by external id and by e-mail, which
would be four calls instead of one. What a composite does not answer (refused as a whole, a part refused, a field that
has vanished, a listing of several pages) is asked again alone, where `Reader` knows what to do (Salesforce fact sheet
1.4, 1.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from connector.core.readings import Reading
from connector.core.refs import id18
from connector.ports import Sought, View
from connector.salesforce.api import Api
from connector.salesforce.composite import READS_MAX, Part, Reply, composite
from connector.salesforce.faults import Declined
from connector.salesforce.reads import IDS_MAX, Reader, askable
from connector.salesforce.rows import Lens
from connector.transport.pool import Calls

Wanted = tuple[View, Sequence[str]]
Query = tuple[View, str]  # what of an object, and the condition it must fulfil


class Gatherer:
    """The questions of the port that concern several objects."""

    def __init__(self, api: Api, reader: Reader, calls: Calls) -> None:
        self._api = api
        self._reader = reader
        self._calls = calls

    def read_many(self, asked: Sequence[Wanted]) -> list[Reading]:
        """Fresh readings, object after object."""
        wanted = [(view, [id18(each) for each in ids]) for view, ids in asked if ids]
        distinct = [askable(ids) for _, ids in wanted]
        if not 1 < len(wanted) <= READS_MAX or not all(distinct) or sum(map(len, distinct)) > IDS_MAX:
            return [reading for view, ids in wanted for reading in self._reader.read(view, ids)]
        parts = [self._collection(view, ids) for (view, _), ids in zip(wanted, distinct, strict=True)]
        readings: list[Reading] = []
        for (view, ids), reply in zip(wanted, self._replies("read", parts), strict=True):
            rows = None if reply is None else [row for row in reply.body if row]
            readings += self._reader.read(view, ids, None if rows is None else self._read(view, rows))
        return readings

    def find_many(self, asked: Sequence[tuple[View, Sought]]) -> list[Reading]:
        """Live records of which any of the fields holds any of its values."""
        queries = [(view, condition) for view, sought in asked for condition in self._reader.conditions(view, sought)]
        portions = [queries[begin : begin + READS_MAX] for begin in range(0, len(queries), READS_MAX)]
        found = chain.from_iterable(self._calls.map(self._found, portions))
        return list({reading.ref: reading for reading in found}.values())

    def _collection(self, view: View, ids: Sequence[str]) -> Part:
        question = {"ids": ids, "fields": self._reader.names(view)}
        return Part("POST", f"composite/sobjects/{view.object}", question)

    def _found(self, queries: Sequence[Query]) -> list[Reading]:
        if len(queries) == 1:
            return self._reader.listed(*queries[0])
        parts = [Part("GET", self._reader.query(*query)) for query in queries]
        return list(chain.from_iterable(self._listed(queries, self._replies("find", parts))))

    def _listed(self, queries: Sequence[Query], replies: Sequence[Reply | None]) -> Iterator[list[Reading]]:
        for (view, condition), reply in zip(queries, replies, strict=True):
            whole = reply is not None and reply.body.get("done", True)
            yield self._read(view, reply.body["records"]) if reply and whole else self._reader.listed(view, condition)

    def _read(self, view: View, rows: Sequence[Mapping[str, Any]]) -> list[Reading]:
        lens = Lens(view, self._reader.names(view))
        return [lens.reading(row) for row in rows]

    def _replies(self, operation: str, parts: Sequence[Part]) -> list[Reply | None]:
        """The answers; None for what must be asked alone."""
        try:
            replies = composite(self._api, operation, parts)
        except Declined:
            return [None] * len(parts)
        return [reply if reply.good else None for reply in replies]
