"""The search endpoint (HubSpot fact sheet 3): it sees the index, not the store.

A search first lets the index catch up with the clock. For each group of filters the narrowest way in is chosen: a
window of last changes, a range of ids, a unique value, or, failing all, everything. What is left is tested filter by
filter. Paging stops at 10,000.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.sandbox.hubspot.index import ID_BITS, ID_MASK, SearchIndex
from connector.sandbox.hubspot.kinds import Kind, kind_named
from connector.sandbox.hubspot.problems import bad_request
from connector.sandbox.hubspot.query import Reader, filters_of
from connector.sandbox.hubspot.records import Record
from connector.sandbox.hubspot.shapes import Projection, derived
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.web import Call, Reply, listed, whole

BODY_MAX = 3000
LIMIT_MAX = 200
REACH_MAX = 10_000
GROUPS_MAX = 5
FILTERS_PER_GROUP_MAX = 6
FILTERS_MAX = 18
UNBOUNDED = 1 << 100
EVERYTHING = (-1, UNBOUNDED)

Window = tuple[int, int]  # half open
Found = tuple[int, list[int]]  # how many match, and the first of them


def search(call: Call) -> Reply:
    """200 with one page, in the order asked for, and the total of all that match."""
    if len(call.request.body) > BODY_MAX:
        raise bad_request(f"The request body must not exceed {BODY_MAX} characters")
    table, body = call.table, call.body
    limit, after = _paging(body)
    groups = _groups(body)
    table.index.catch_up(call.state.now_ms)
    quick = _quick(table, groups, body, after + limit)
    if quick is None:
        ids = _ordered(table, _matching(call.state, table, groups, body), body)
        quick = len(ids), ids[: after + limit]
    total, reached = quick
    show = Projection(
        table,
        listed(body.get("properties"), "properties"),
        portal_id=call.state.settings.portal_id,
    ).show
    documents = table.index.documents
    answer: dict[str, Any] = {
        "total": total,
        "results": [show(documents[record_id]) for record_id in reached[after:]],
    }
    if after + limit < total:
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def _paging(body: dict[str, Any]) -> tuple[int, int]:
    limit = whole(str(body.get("limit") or 10))
    after = whole(str(body.get("after") or 0))
    if limit is None or limit > LIMIT_MAX:
        raise bad_request(f"Invalid limit: the most is {LIMIT_MAX}")
    if after is None:
        raise bad_request("Invalid after: it is a whole number")
    if after + limit > REACH_MAX:
        raise bad_request(f"Search can reach no more than {REACH_MAX} results; after + limit was {after + limit}")
    return limit, after


def _groups(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    groups = list(listed(body.get("filterGroups"), "filterGroups"))
    if body.get("filters"):
        groups.append({"filters": body["filters"]})
    found = filters_of(groups)
    counts = [len(group) for group in found]
    if len(found) > GROUPS_MAX or max(counts, default=0) > FILTERS_PER_GROUP_MAX or sum(counts) > FILTERS_MAX:
        raise bad_request(
            f"Too many filters: at most {GROUPS_MAX} groups of {FILTERS_PER_GROUP_MAX}, {FILTERS_MAX} in all",
        )
    return found


def _matching(state: State, table: Table, groups: list[list[dict[str, Any]]], body: dict[str, Any]) -> list[int]:
    reader = Reader(table, derived(table.kind))
    words = str(body.get("query") or "").lower().split()
    ids = _every(table, groups[0]) if len(groups) == 1 and not words else None
    if ids is not None:
        return ids
    found: dict[int, None] = {}
    for group in groups or [[]]:
        found.update(dict.fromkeys(_of_group(state, table, reader, group)))
    documents = table.index.documents
    if words:
        return [record_id for record_id in found if _mentions(documents[record_id], table.kind, words)]
    return list(found)


def _bounds(table: Table, group: list[dict[str, Any]]) -> tuple[Window, Window] | None:
    """The windows of last change and of id, when a group speaks of nothing else."""
    bounds = {table.kind.modified: EVERYTHING, "hs_object_id": EVERYTHING}
    for each in group:
        held, window = bounds.get(each["propertyName"]), _window(each)
        if held is None or window is None:
            return None
        bounds[each["propertyName"]] = (max(held[0], window[0]), min(held[1], window[1]))
    return bounds[table.kind.modified], bounds["hs_object_id"]


def _quick(table: Table, groups: list[list[dict[str, Any]]], body: dict[str, Any], count: int) -> Found | None:
    """Total and first ids when an ordered list gives both as they stand; None when it does not."""
    bounds = _bounds(table, groups[0]) if len(groups) == 1 and not body.get("query") else None
    name, descending = _sort_rule(body)
    if bounds is None or descending:
        return None
    changed, (low, high) = bounds
    index = table.index
    if name == "hs_object_id" and changed == EVERYTHING:
        return index.by_id.count(low, high), [each for each in index.by_id.onwards(low, count) if each < high]
    if name == table.kind.modified and (low, high) == EVERYTHING:
        first, last = max(changed[0], 0) << ID_BITS, changed[1] << ID_BITS
        keys = index.by_modified.onwards(first, count)
        return index.by_modified.count(first, last), [key & ID_MASK for key in keys if key < last]
    return None


def _every(table: Table, group: list[dict[str, Any]]) -> list[int] | None:
    """The ids of a group that speaks of last change and id only; None otherwise."""
    bounds = _bounds(table, group)
    if bounds is None:
        return None
    (first, last), (low, high) = bounds
    index = table.index
    if (first, last) == EVERYTHING:
        return index.by_id.between(low, high)
    if index.by_id.count(low, high) < _changed_count(index, first, last):
        documents = index.documents
        return [each for each in index.by_id.between(low, high) if first <= documents[each].modified_ms < last]
    ids = _changed(index, first, last)
    return ids if (low, high) == EVERYTHING else [each for each in ids if low <= each < high]


def _changed(index: SearchIndex, first: int, last: int) -> list[int]:
    return [key & ID_MASK for key in index.by_modified.between(max(first, 0) << ID_BITS, last << ID_BITS)]


def _changed_count(index: SearchIndex, first: int, last: int) -> int:
    return index.by_modified.count(max(first, 0) << ID_BITS, last << ID_BITS)


def _window(given: dict[str, Any]) -> Window | None:
    """The half-open range of whole numbers a filter stands for; None when it is none."""
    value = whole(str(given.get("value", "")))
    high = whole(str(given.get("highValue", "")))
    if value is None:
        return None
    ranges = {
        "GTE": (value, UNBOUNDED),
        "GT": (value + 1, UNBOUNDED),
        "LTE": (-1, value + 1),
        "LT": (-1, value),
        "EQ": (value, value + 1),
        "BETWEEN": (value, (high if high is not None else value) + 1),
    }
    return ranges.get(given["operator"])


def _of_group(state: State, table: Table, reader: Reader, group: list[dict[str, Any]]) -> Iterable[int]:
    linked = [each for each in group if each["propertyName"].startswith("associations.")]
    others = [each for each in group if each not in linked]
    tests = [reader.predicate(each) for each in others]
    for each in others:
        reader.definition(each["propertyName"])
    documents = table.index.documents
    candidates: Iterable[int] = _narrowest(table, others)
    for each in linked:
        ends = _linked_to(state, table, each)
        candidates = [record_id for record_id in candidates if record_id in ends]
    found = (documents[record_id] for record_id in candidates if record_id in documents)
    return [record.id for record in found if all(test(record) for test in tests)]


def _narrowest(table: Table, group: list[dict[str, Any]]) -> Iterable[int]:
    index = table.index
    for each in group:
        if each["propertyName"] in table.unique and each["operator"] in {"EQ", "IN"}:
            return _holders(table, each)
    best, fewest = None, len(index.documents)
    for each in group:
        window = _window(each)
        if window is None:
            continue
        if each["propertyName"] == "hs_object_id" and (count := index.by_id.count(*window)) < fewest:
            best, fewest = index.by_id.between(*window), count
        if each["propertyName"] == table.kind.modified and (count := _changed_count(index, *window)) < fewest:
            best, fewest = _changed(index, *window), count
    return index.by_id if best is None else best


def _holders(table: Table, given: dict[str, Any]) -> list[int]:
    """Who may hold a unique value in the index: who holds it in the store, and whoever has just changed."""
    values = [given.get("value")] if given["operator"] == "EQ" else given.get("values") or []
    held = (table.holder(given["propertyName"], str(value)) for value in values)
    return sorted({each for each in held if each is not None} | table.index.waiting())


def _linked_to(state: State, table: Table, given: dict[str, Any]) -> set[int]:
    kind = kind_named(given["propertyName"].removeprefix("associations."))
    if kind is None or given["operator"] not in {"EQ", "IN"}:
        raise bad_request(f"Unsupported filter on {given['propertyName']}")
    values = [given.get("value")] if given["operator"] == "EQ" else given.get("values") or []
    ids = [number for value in values if (number := whole(str(value))) is not None]
    return {end for number in ids for end in state.links.of((kind.plural, number), table.kind.plural)}


def _mentions(record: Record, kind: Kind, words: list[str]) -> bool:
    text = " ".join(record.values.get(name, "") for name in kind.searched).lower()
    return all(word in text for word in words)


def _ordered(table: Table, ids: list[int], body: dict[str, Any]) -> list[int]:
    """By one rule, records without the value last; creation, oldest first, when there is none."""
    name, descending = _sort_rule(body)
    documents = table.index.documents
    if name == "hs_object_id":
        return sorted(ids, reverse=descending)
    if name == table.kind.modified:
        return sorted(ids, key=lambda each: (documents[each].modified_ms, each), reverse=descending)
    if not name:
        return sorted(ids, key=lambda each: (documents[each].created_ms, each))
    reader = Reader(table, derived(table.kind))
    reader.definition(name)
    key = reader.key(name)
    keyed = [(value, each) for each in sorted(ids) if (value := key(documents[each])) is not None]
    keyed.sort(key=lambda pair: (pair[0],), reverse=descending)
    valued = {each for _, each in keyed}
    return [each for _, each in keyed] + [each for each in sorted(ids) if each not in valued]


def _sort_rule(body: dict[str, Any]) -> tuple[str, bool]:
    sorts = listed(body.get("sorts"), "sorts")
    if len(sorts) > 1:
        raise bad_request("Only one sort rule is supported")
    if not sorts:
        return "", False
    rule = sorts[0]
    if isinstance(rule, str):
        return rule.lstrip("-"), rule.startswith("-")
    return str(rule.get("propertyName", "")), rule.get("direction") == "DESCENDING"
