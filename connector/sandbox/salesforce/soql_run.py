"""A query from text to rows, and rows to records.

The result is a list of rows as they were: a snapshot, from which pages are cut later. Records carry `attributes`, keep
the order of SELECT, spell names canonically and nest parents. (Salesforce fact sheet 1.2.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.fields import ID_SLOT, TEXTS, Field, ObjectType, Row
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql_compile import Compiler, Predicate, no_such_field
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_plan import candidates
from connector.sandbox.salesforce.soql_tree import Name, Order, Query
from connector.sandbox.salesforce.table import Table

FIELDS_LIMIT_MAX = 200
RENDERS_MAX = 256
Render = Callable[[Row], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a query found. `records` cuts and renders a part of it."""

    kind: ObjectType
    rows: list[Row]
    render: Render | None
    names: tuple[str, ...] = ()

    def records(self, start: int, end: int) -> list[dict[str, Any]]:
        """Rows `start` to `end` as JSON records."""
        render = self.render
        return [] if render is None else [render(row) for row in self.rows[start:end]]


def run(text: str, scope: Scope, version: str, *, everything: bool = False) -> Result:
    """Answer a query; with `everything` deleted and archived rows too. Raises Refusal as Salesforce would."""
    query = parse(text)
    table = scope.table(query.sobject)
    if table is None:
        raise Refusal(
            "INVALID_TYPE",
            f"sObject type '{query.sobject}' is not supported. If you are attempting to use a custom object, be sure "
            "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
        )
    names = selected(query, table.kind, scope)
    render = None if query.count else renderer(table.kind, names, scope, version, query=query)
    rows = _rows(table, query, scope, everything=everything)
    return Result(table.kind, rows, render, tuple(".".join(name.parts) for name in names))


def selected(query: Query, kind: ObjectType, scope: Scope) -> list[Name]:
    """The names a query selects, FIELDS() spelled out."""
    names = list(query.names)
    for group in query.groups:
        if group not in {"all", "custom", "standard"}:
            raise Refusal("MALFORMED_QUERY", f"unexpected token: '{group}'")
        if group != "standard" and (query.limit is None or query.limit > FIELDS_LIMIT_MAX):
            raise Refusal(
                "MALFORMED_QUERY",
                "The SOQL FIELDS function must have a LIMIT of at most 200",
            )
        wanted = {"all": (True, False), "custom": (True,), "standard": (False,)}[group]
        names.extend(Name((field.name,), 0) for field in scope.fields(kind) if field.custom in wanted)
    return names


def _rows(table: Table, query: Query, scope: Scope, *, everything: bool) -> list[Row]:
    compiler = Compiler(scope, table.kind, query)
    test = compiler.predicate(query.where) if query.where is not None else None
    sorters = [(compiler.resolve(key.name), key) for key in query.order]
    table.prune_shadows(scope.now.timestamp())
    plan = candidates(table, query, scope)
    found = _matching(table, plan.ids, test, everything=everything)
    stop = None if query.limit is None else query.offset + query.limit
    if plan.ordered and not table.shadows:
        rows = list(found) if stop is None else [row for row, _ in zip(found, range(stop), strict=False)]
    else:
        rows = list(found)
        for (field, read), key in reversed(sorters):
            _sort(rows, field, read, key)
    return rows[query.offset : stop]


def _matching(table: Table, ids: Iterable[str], test: Predicate | None, *, everything: bool) -> Iterator[Row]:
    """Rows as others see them now, shadows taking the place of what is not visible yet."""
    rows, shadows, deleted = table.rows, table.shadows, table.kind.slot("IsDeleted")
    archived = table.kind.fields.get("IsArchived")
    aside = deleted if archived is None else archived.slot
    for record_id in ids:
        row = rows.get(record_id)
        if row is None or (shadows and record_id in shadows):
            continue
        if not everything and (row[deleted] or row[aside]):
            continue
        if test is None or test(row):
            yield row
    for shadow in shadows.values():
        row = shadow.row
        if row is not None and (everything or not row[deleted]) and (test is None or test(row)):
            yield row


def _sort(rows: list[Row], field: Field, read: Callable[[Row], Any], key: Order) -> None:
    """Stable sort by one key; text regardless of case, nulls together at one end."""
    nulls = [row for row in rows if read(row) is None]
    filled = [row for row in rows if read(row) is not None]
    fold = field.type in TEXTS
    filled.sort(key=lambda row: read(row).lower() if fold else read(row), reverse=key.descending)
    rows[:] = [*filled, *nulls] if key.nulls_last else [*nulls, *filled]


def renderer(
    kind: ObjectType, names: Sequence[Name], scope: Scope, version: str, *, query: Query | None = None
) -> Render:
    """A function from row to record, for these names; kept with the object, since clients ask for the same again."""
    key = (version, scope.access.hidden(scope.user_id, kind.name), *names)
    known: Render | None = kind.renders.get(key)
    if known is not None:
        return known
    render, timeless = _renderer(kind, names, scope, version, query)
    if timeless and len(kind.renders) < RENDERS_MAX:
        kind.renders[key] = render
    return render


def _renderer(
    kind: ObjectType, names: Sequence[Name], scope: Scope, version: str, query: Query | None
) -> tuple[Render, bool]:
    """The function, and whether it is the same for every org (it follows no link to a parent)."""
    columns, parents = _split(kind, names, scope, query)
    base = f"/services/data/v{version}/sobjects/{kind.name}/"
    labels = tuple(columns)
    slots = [field.slot if field is not None and field.stored else ID_SLOT for field in columns.values()]
    read = itemgetter(*slots) if len(slots) > 1 else (lambda row: (row[slots[0]],) if slots else ())
    specials = [
        *(
            (label, _compound(kind, field))
            for label, field in columns.items()
            if field is not None and not field.stored
        ),
        *((link, _nested(kind, link, rest, scope, version, query)) for link, rest in parents.items()),
    ]
    type_name = kind.name

    def render(row: Row) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": {"type": type_name, "url": base + row[ID_SLOT]}}
        record.update(zip(labels, read(row), strict=True))
        for label, special in specials:
            record[label] = special(row)
        return record

    return render, not parents


def _split(
    kind: ObjectType, names: Sequence[Name], scope: Scope, query: Query | None
) -> tuple[dict[str, Field | None], dict[str, list[Name]]]:
    """Own columns in order (None holds the place of a parent), and what is wanted of each parent."""
    columns: dict[str, Field | None] = {}
    parents: dict[str, list[Name]] = {}
    for name in names:
        parts = name.parts[1:] if len(name.parts) > 1 and name.parts[0].lower() == kind.name.lower() else name.parts
        if len(parts) == 1:
            field = scope.field(kind, parts[0])
            if field is None:
                raise no_such_field(query, name, parts[0], kind.name)
            columns[field.name] = field
            continue
        link = kind.by_relationship.get(parts[0].lower())
        if link is None or link.relationship is None:
            raise Refusal("INVALID_FIELD", f"Didn't understand relationship '{parts[0]}' in field path.")
        columns.setdefault(link.relationship, None)
        parents.setdefault(link.relationship, []).append(Name(parts[1:], name.at))
    return columns, parents


def _compound(kind: ObjectType, field: Field) -> Callable[[Row], Any]:
    prefix = len(field.name) - len("Address")
    parts = [(part[prefix:], kind.slot(part)) for part in field.parts]
    parts = [(name[0].lower() + name[1:], slot) for name, slot in parts]

    def read(row: Row) -> Any:
        found = {name: row[slot] for name, slot in parts}
        return found if any(value is not None for value in found.values()) else None

    return read


def _nested(  # noqa: PLR0913, PLR0917 - one helper of `renderer`, given what it was given
    kind: ObjectType, relationship: str, names: list[Name], scope: Scope, version: str, query: Query | None
) -> Callable[[Row], Any]:
    link = kind.by_relationship[relationship.lower()]
    renders: dict[str, Render] = {}
    refused: Refusal | None = None
    for target in link.refers_to:
        target_kind = scope.catalogue[target].kind
        if scope.table(target) is None:
            continue
        try:
            renders[target_kind.prefix] = renderer(target_kind, names, scope, version, query=query)
        except Refusal as refusal:
            refused = refusal
    if not renders:
        raise refused or no_such_field(query, names[0], names[0].parts[0], link.refers_to[0])
    catalogue, slot = scope.catalogue, link.slot

    def read(row: Row) -> Any:
        parent = catalogue.row(row[slot])
        render = renders.get(row[slot][:3]) if parent is not None else None
        return render(parent) if render is not None and parent is not None else None

    return read
