"""How records look on the wire (HubSpot fact sheet 2.2).

A projection is made once per request for the properties asked for and applied to every record. Unknown properties are
left out in silence, unset ones are null, names are sorted. What follows from the record itself (its id, its dates, its
origin) is not stored but derived here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from connector.sandbox.hubspot.kinds import Kind
from connector.sandbox.hubspot.links import Links
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.records import Change, Record
from connector.sandbox.hubspot.table import Table

Derive = Callable[[Record], str | None]


def _domain(record: Record) -> str | None:
    return record.values["email"].partition("@")[2] if "email" in record.values else None


_ALL: Mapping[str, Derive] = {
    "hs_object_id": lambda record: str(record.id),
    "hs_object_source": lambda record: record.origin.type,
    "hs_object_source_id": lambda record: record.origin.id,
    "hs_object_source_label": lambda record: record.origin.label or record.origin.type,
    "hs_created_by_user_id": lambda record: str(record.origin.user_id) if record.origin.user_id else None,
}
_CONTACTS: Mapping[str, Derive] = {
    "hs_email_domain": _domain,
    "hs_is_contact": lambda _: "true",
    "hs_is_unworked": lambda _: "true",
    "hs_marketable_status": lambda _: "false",
    "hs_pipeline": lambda _: "contacts-lifecycle-pipeline",
    "hs_all_contact_vids": lambda record: str(record.id),
}


@cache
def derived(kind: Kind) -> Mapping[str, Derive]:
    """The properties of a type that follow from the record, dates included."""
    return {
        **_ALL,
        **(_CONTACTS if kind.plural == "contacts" else {}),
        kind.created: lambda record: iso(record.created_ms),
        kind.modified: lambda record: iso(record.modified_ms),
    }


class Projection:
    """Shows records with a fixed choice of properties; None shows every one that is set."""

    def __init__(
        self,
        table: Table,
        requested: Iterable[str] | None,
        history: Iterable[str] = (),
        portal_id: int = 0,
    ) -> None:
        self._kind = table.kind
        self._live = table.schema.live
        self._derived = derived(table.kind)
        self._history = sorted(name for name in set(history) if name in self._live)
        self._url = f"https://app.hubspot.com/contacts/{portal_id}/record/{table.kind.type_id}/"
        self._names: list[str] | None = None
        if requested is not None:
            wanted = set(requested) or set(table.kind.defaults)
            wanted.update(self._history, ("hs_object_id", table.kind.created, table.kind.modified))
            self._names = sorted(name for name in wanted if name in self._live)
            self._derived = {name: derive for name, derive in self._derived.items() if name in wanted}
        self._further = {
            name: derive
            for name, derive in self._derived.items()
            if name not in {"hs_object_id", table.kind.created, table.kind.modified}
        }

    def show(self, record: Record) -> dict[str, Any]:
        """One record as the wire has it."""
        created = iso(record.created_ms)
        modified = iso(record.modified_ms) if record.modified_ms != record.created_ms else created
        record_id = str(record.id)
        answer: dict[str, Any] = {
            "id": record_id,
            "properties": self._properties(record, record_id, created, modified),
            "createdAt": created,
            "updatedAt": modified,
            "archived": record.archived_ms is not None,
            "url": self._url + record_id,
        }
        if record.archived_ms is not None:
            answer["archivedAt"] = iso(record.archived_ms)
        if self._history:
            answer["propertiesWithHistory"] = {name: self._past(record, name) for name in self._history}
        return answer

    def _properties(self, record: Record, record_id: str, created: str, modified: str) -> dict[str, str | None]:
        values = record.values
        names = self._names
        if names is None:
            names = sorted({*(name for name in values if name in self._live), *self._derived})
        properties: dict[str, str | None] = {name: values.get(name) for name in names}
        properties["hs_object_id"] = record_id
        properties[self._kind.created] = created
        properties[self._kind.modified] = modified
        for name, derive in self._further.items():
            properties[name] = derive(record)
        return properties

    def _past(self, record: Record, name: str) -> list[dict[str, Any]]:
        derive = self._derived.get(name)
        if derive is None:
            return record.shown_history(name)
        at_ms = record.modified_ms if name == self._kind.modified else record.created_ms
        only = Change(derive(record) or "", at_ms, record.origin)
        return [{"value": only.value, "timestamp": iso(only.at_ms), "sourceType": only.source.type}]


def associations(
    links: Links,
    tables: Mapping[str, Table],
    start: tuple[str, int],
    kinds: Iterable[str],
) -> dict[str, dict[str, Any]]:
    """The `associations` of a read: ids and types by object, only of types that have any (HubSpot fact sheet 2.1)."""
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        table = tables[kind]
        results = [
            {"id": str(end_id), "type": _type_name(tables[start[0]], table, each.label, each.category)}
            for end_id in links.of(start, kind)
            if end_id in table.records and table.records[end_id].archived_ms is None
            for each in links.between(start, kind, end_id)
        ]
        if results:
            found[kind] = {"results": results}
    return found


def _type_name(left: Table, right: Table, label: str | None, category: str) -> str:
    name = f"{left.kind.singular}_to_{right.kind.singular}"
    if category == "USER_DEFINED":
        return str(label).lower().replace(" ", "_")
    has_primary = "companies" in {left.kind.plural, right.kind.plural} and left.kind != right.kind
    return f"{name}_unlabeled" if label is None and has_primary and not left.kind.lenient else name
