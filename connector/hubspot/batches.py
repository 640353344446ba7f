"""HubSpot's sizes, and searches cut to them (fact sheet 2.1 and 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from connector.hubspot.faults import Answer
from connector.hubspot.wire import RESULTS, SEARCH, Wire, results
from connector.transport.pool import Calls

BATCH, BATCH_WITH_HISTORY = 100, 50
SEARCH_PAGE, SEARCH_REACH, SEARCH_BODY_CHARS = 200, 10_000, 3000
GROUPS_MAX = 5

Item = TypeVar("Item")
Filter = Mapping[str, Any]


def chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """The items in parts of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def condition(name: str, operator: str, **operand: Any) -> Filter:
    """One filter of a search: `condition("email", "EQ", value="a@x.test")`."""
    return {"propertyName": name, "operator": operator, **operand}


def search(wire: Wire, obj: str, body: Mapping[str, Any]) -> Answer:
    """One search, its answer known to hold `results`. Raises as `Wire.call`."""
    answer = wire.post(SEARCH, wire.objects(obj, "search"), body, RESULTS)
    results(answer)
    return answer


def next_page(body: Mapping[str, Any]) -> str:
    """The cursor of the next page, "" on the last one."""
    following = (body.get("paging") or {}).get("next") or {}
    return str(following.get("after") or "")


def ids_found(wire: Wire, calls: Calls, obj: str, questions: Sequence[Sequence[Sequence[Filter]]]) -> list[str]:
    """Ids that search finds for any of the questions, each of which is a list of filter groups.

    What lies beyond the reach of one search (10 000 records) is not found; questions by value are far narrower.
    """

    def ids(groups: Sequence[Sequence[Filter]]) -> list[str]:
        found: list[str] = []
        asked = {"filterGroups": [{"filters": group} for group in groups], "properties": [], "limit": SEARCH_PAGE}
        after = "0"
        while after and len(found) < SEARCH_REACH:
            answer = search(wire, obj, asked | {"after": after})
            records = results(answer)
            found += [str(record["id"]) for record in records]
            after = next_page(answer.body) or (str(len(found)) if len(records) == SEARCH_PAGE else "")
        return found

    return list(dict.fromkeys(each for part in calls.map(ids, questions) for each in part))
