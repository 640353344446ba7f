"""Putting rows in without rules, rights or traces: how a population comes to be, and the org's own first rows.

Any stored field may be given, audit fields too; types and required fields are still checked. Equal values of the same
load are kept once, so that 100,000 rows stay lean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.sandbox.salesforce.catalogue import Catalogue
from connector.sandbox.salesforce.cleaning import clean
from connector.sandbox.salesforce.derived import derive
from connector.sandbox.salesforce.fields import ACTING_USER, ID_SLOT, ObjectType, Row
from connector.sandbox.salesforce.filling import require
from connector.sandbox.salesforce.ids import IdMint

_SHARED_TYPES = frozenset({"picklist", "multipicklist", "date", "datetime", "reference", "string", "textarea", "url"})


def load(catalogue: Catalogue, mint: IdMint, sobject: str, rows: Iterable[Mapping[str, Any]], second: str) -> list[str]:
    """Put rows in, as old as `second` (a kept datetime) unless they say otherwise; their ids. Raises Refusal."""
    table = catalogue[sobject]
    shared: dict[Any, Any] = {}
    ids: list[str] = []
    for values in rows:
        row = _filled(table.kind, values, shared)
        _sign(catalogue, table.kind, row, second)
        require(table.kind, row)
        derive(catalogue, table.kind, row, None)
        row[ID_SLOT] = row[ID_SLOT] or mint.mint(table.kind.prefix)
        table.put(row)
        ids.append(row[ID_SLOT])
    return ids


def _filled(kind: ObjectType, values: Mapping[str, Any], shared: dict[Any, Any]) -> Row:
    row = kind.blank.copy()
    for name, value in values.items():
        field = kind.fields[name]
        kept = clean(field, value)
        row[field.slot] = shared.setdefault(kept, kept) if field.type in _SHARED_TYPES and not field.unique else kept
    return row


def _sign(catalogue: Catalogue, kind: ObjectType, row: Row, second: str) -> None:
    """Say who made and changed the row, and when, as far as it does not say so itself."""
    slot = {name: kind.fields[name].slot for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")}
    row[slot["CreatedDate"]] = row[slot["CreatedDate"]] or second
    row[slot["SystemModstamp"]] = (
        row[slot["SystemModstamp"]] or row[slot["LastModifiedDate"]] or row[slot["CreatedDate"]]
    )
    row[slot["LastModifiedDate"]] = row[slot["LastModifiedDate"]] or row[slot["SystemModstamp"]]
    users = catalogue["User"].ids
    for name in ("CreatedById", "LastModifiedById"):
        at = kind.slot(name)
        row[at] = row[at] or (users[1] if len(users) > 1 else None)
    owner = kind.fields.get("OwnerId")
    if owner is not None and row[owner.slot] == ACTING_USER:
        row[owner.slot] = users[1]
