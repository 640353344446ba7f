"""Which rows a query need look at: ids by an index, a window of stamps, a tail of ids, or everything.

A plan only ever names too many rows, never too few; the predicate decides. When the rows come in the order asked for,
a LIMIT may stop the reading early, which is what makes keyset paging cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.fields import TEXTS, Field
from connector.sandbox.salesforce.soql_compile import comparable, day_range
from connector.sandbox.salesforce.soql_tree import Among, Both, Compare, Condition, Either, Literal, Query
from connector.sandbox.salesforce.table import Table

Window = tuple[str | None, str | None]
OPEN: Window = (None, None)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ids to look at, and whether they already come in the order the query asks for."""

    ids: Iterable[str]
    ordered: bool


def candidates(table: Table, query: Query, scope: Scope) -> Candidates:
    """The cheapest sufficient set of ids for this query."""
    order = _asked_order(query)
    found = _by_key(table, query.where, scope) if query.where is not None else None
    if found is not None:
        return Candidates(sorted(found), ordered=order in {"none", "id"})
    stamps = _window(table, query.where, scope, "SystemModstamp") if query.where is not None else OPEN
    if stamps != OPEN or (order in {"stamp", "newest"} and query.limit is not None):
        newest = order == "newest"
        return Candidates(table.in_window(*stamps, newest_first=newest), ordered=order in {"stamp", "newest"})
    low = _window(table, query.where, scope, "Id")[0] if query.where is not None else None
    return Candidates(_tail(table, low), ordered=order in {"none", "id"})


def _tail(table: Table, low: str | None) -> Iterator[str]:
    return table.ids_from(low)


def _asked_order(query: Query) -> str:
    """none, id, stamp (then id), newest (stamp then id, descending) or other."""
    keys = tuple((".".join(key.name.parts).lower(), key.descending) for key in query.order)
    return {
        (): "none",
        (("id", False),): "id",
        (("systemmodstamp", False),): "stamp",
        (("systemmodstamp", False), ("id", False)): "stamp",
        (("systemmodstamp", True),): "newest",
        (("systemmodstamp", True), ("id", True)): "newest",
    }.get(keys, "other")


def _own_field(table: Table, condition: Compare | Among, scope: Scope) -> Field | None:
    return scope.field(table.kind, condition.name.parts[0]) if len(condition.name.parts) == 1 else None


def _by_key(table: Table, condition: Condition, scope: Scope) -> set[str] | None:
    """Ids that an index proves sufficient, or None when no index speaks to the condition."""
    match condition:
        case Compare(_, "=", literal):
            return _lookup(table, condition, (literal,), scope)
        case Among(_, literals, negated=False, includes=False):
            return _lookup(table, condition, literals, scope)
        case Both(terms):
            found = [ids for ids in (_by_key(table, term, scope) for term in terms) if ids is not None]
            return min(found, key=len) if found else None
        case Either(terms):
            united: set[str] = set()
            for term in terms:
                part = _by_key(table, term, scope)
                if part is None:
                    return None
                united |= part
            return united
    return None


def _lookup(table: Table, condition: Compare | Among, literals: tuple[Literal, ...], scope: Scope) -> set[str] | None:
    field = _own_field(table, condition, scope)
    if field is None or not field.stored or not table.is_keyed(field) or field.case_sensitive:
        return None
    values = [comparable(field, literal) for literal in literals]
    if None in values or field.type not in TEXTS | {"id", "reference"}:
        return None
    return table.find(field, values)


def _window(table: Table, condition: Condition | None, scope: Scope, name: str) -> Window:
    """Inclusive bounds that the condition sets on a field; a bound of None is open."""
    match condition:
        case Compare():
            return _bounds(table, condition, scope, name)
        case Both(terms):
            return _overlap([_window(table, term, scope, name) for term in terms])
        case Either(terms):
            return _cover([_window(table, term, scope, name) for term in terms])
    return OPEN


def _bounds(table: Table, condition: Compare, scope: Scope, name: str) -> Window:
    field = _own_field(table, condition, scope)
    if field is None or field.name != name or condition.literal.kind == "null" or condition.op in {"!=", "like"}:
        return OPEN
    if condition.literal.kind == "dateword":
        low, high = day_range(field, condition.literal, scope)
    else:
        low = high = comparable(field, condition.literal)
    return {
        "=": (low, high),
        "<": (None, low),
        "<=": (None, high),
        ">": (low, None),
        ">=": (low, None),
    }[condition.op]


def _overlap(windows: list[Window]) -> Window:
    lows = [low for low, _ in windows if low is not None]
    highs = [high for _, high in windows if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _cover(windows: list[Window]) -> Window:
    lows = [low for low, _ in windows]
    highs = [high for _, high in windows]
    low = None if None in lows else min(low for low in lows if low is not None)
    high = None if None in highs else max(high for high in highs if high is not None)
    return low, high
