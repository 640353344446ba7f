"""Endpoints of associations v4, single and in batches (HubSpot fact sheet 7).

`toObjectId` is a JSON number here while ids are text everywhere else.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.hubspot import linking
from connector.sandbox.hubspot.links import End, LinkType
from connector.sandbox.hubspot.problems import Refusal, bad_request, not_found
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, batch_answer, inputs_of, whole

READ_MAX = 1000
CREATE_MAX = 2000
PAGE_MAX = 500


def page(call: Call) -> Reply:
    """200 with the records linked to one record, by id; `after` is an id."""
    start, right = _end(call.table, call.parts[1]), call.table_of(call.parts[2])
    limit = min(call.number("limit", PAGE_MAX), PAGE_MAX)
    results, following = _linked(call, start, right, after=call.number("after", 0), limit=limit)
    answer: dict[str, Any] = {"results": results}
    if following is not None:
        answer["paging"] = {"next": {"after": str(following)}}
    return Reply(200, answer)


def create(call: Call) -> Reply:
    """201; the labels sent replace those that were there."""
    start, right = _end(call.table, call.parts[1]), call.table_of(call.parts[2])
    end = _end(right, call.parts[3])
    try:
        type_ids = [int(each["associationTypeId"]) for each in call.request.json()]
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request("Invalid input JSON on line 1, column 1: Cannot build AssociationSpec") from error
    _check_types(call, start, end, type_ids)
    linking.link(call.state, start, end, type_ids, call.source)
    return Reply(201, _labels(call, start, end))


def create_default(call: Call) -> Reply:
    """200 with the types that now link the two."""
    start, end = _end(call.table, call.parts[1]), _end(call.table_of(call.parts[2]), call.parts[3])
    return batch_answer(call.state, _default(call, start, end))


def archive(call: Call) -> Reply:
    """204, also when there was no link."""
    start, end = _end(call.table, call.parts[1]), _end(call.table_of(call.parts[2]), call.parts[3])
    linking.unlink(call.state, start, end, None, call.source)
    return NOTHING


def batch_read(call: Call) -> Reply:
    """200, or 207 for records without any; up to 1,000."""
    right = call.table_of(call.parts[1])
    results, missing = [], []
    for given in inputs_of(call, READ_MAX):
        number = whole(str(given.get("id", "")))
        record = call.table.current(number) if number is not None else None
        found: list[dict[str, Any]] = []
        following = None
        if record is not None:
            after = whole(str(given.get("after") or 0)) or 0
            start = (call.table.kind.plural, record.id)
            found, following = _linked(call, start, right, after=after, limit=PAGE_MAX)
        if not found:
            missing.append(str(given.get("id", "")))
            continue
        entry: dict[str, Any] = {"from": {"id": str(given["id"])}, "to": found}
        if following is not None:
            entry["paging"] = {"next": {"after": str(following)}}
        results.append(entry)
    return batch_answer(call.state, results, [_none_linked(call, right, each) for each in missing])


def _none_linked(call: Call, right: Table, record_id: str) -> dict[str, Any]:
    left = call.table.kind.singular
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {right.kind.singular} is associated with {left} {record_id}.",
        "context": {"fromObjectId": [record_id]},
        "errors": [],
        "links": {},
    }


def batch_create(call: Call) -> Reply:
    """201, or 207 for pairs that cannot be linked; up to 2,000."""

    def act(given: dict[str, Any], start: End, end: End) -> list[dict[str, Any]]:
        type_ids = [int(each["associationTypeId"]) for each in given["types"]]
        _check_types(call, start, end, type_ids)
        linking.link(call.state, start, end, type_ids, call.source)
        return [_labels(call, start, end)]

    return _pairs(call, act, 201)


def batch_create_default(call: Call) -> Reply:
    """200, or 207 for pairs that cannot be linked."""
    return _pairs(call, lambda _, start, end: _default(call, start, end), 200)


def batch_archive(call: Call) -> Reply:
    """204; each input names one record and a list of others."""
    left, right = call.table, call.table_of(call.parts[1])
    for given in inputs_of(call, CREATE_MAX):
        ends = given.get("to", [])
        for end in ends if isinstance(ends, list) else [ends]:
            pair = _ends(left, right, {"from": given.get("from"), "to": end})
            if pair is not None:
                linking.unlink(call.state, *pair, None, call.source)
    return NOTHING


def batch_archive_labels(call: Call) -> Reply:
    """204; the unlabelled type takes every other with it."""
    left, right = call.table, call.table_of(call.parts[1])
    for given in inputs_of(call, CREATE_MAX):
        pair = _ends(left, right, given)
        if pair is not None:
            type_ids = [int(each["associationTypeId"]) for each in given.get("types", [])]
            linking.unlink(call.state, *pair, type_ids, call.source)
    return NOTHING


def labels(call: Call) -> Reply:
    """200 with the types of link between two object types."""
    types = call.state.links.types(call.table.kind.plural, call.table_of(call.parts[1]).kind.plural)
    return Reply(200, {"results": [_shown(each) for each in types.values()]})


def create_label(call: Call) -> Reply:
    """200 with the new label in both directions."""
    label = str(call.body.get("label") or "")
    if not label or not call.body.get("name"):
        raise bad_request(
            "Invalid input JSON on line 1, column 1: some of required attributes are not set [label, name]",
        )
    kinds = call.table.kind.plural, call.table_of(call.parts[1]).kind.plural
    made = call.state.links.add_label(*kinds, label, call.body.get("inverseLabel"))
    return Reply(200, {"results": [_shown(each) for each in made]})


def update_label(call: Call) -> Reply:
    """204; the label is shown under its new text."""
    return _change_label(call, call.body.get("associationTypeId"), str(call.body.get("label") or ""))


def archive_label(call: Call) -> Reply:
    """204; the label is gone from every link, in both directions."""
    return _change_label(call, call.parts[2], "")


def _change_label(call: Call, type_id: Any, label: str) -> Reply:
    kinds = call.table.kind.plural, call.table_of(call.parts[1]).kind.plural
    try:
        if label:
            call.state.links.rename_label(*kinds, int(type_id), label)
        else:
            call.state.links.remove_label(*kinds, int(type_id))
    except (KeyError, TypeError, ValueError) as error:
        raise not_found() from error
    return NOTHING


def _pairs(call: Call, act: Any, status: int) -> Reply:
    left, right = call.table, call.table_of(call.parts[1])
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for given in inputs_of(call, CREATE_MAX):
        pair = _ends(left, right, given)
        if pair is None:
            errors.append(_invalid(given))
            continue
        try:
            results += act(given, *pair)
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request("Invalid input JSON on line 1, column 1: Cannot build AssociationSpec") from error
        except Refusal as refusal:
            errors.append(refusal.entry({}))
    return batch_answer(call.state, results, errors, status)


def _invalid(given: dict[str, Any]) -> dict[str, Any]:
    context = {
        name: [str((given.get(end) or {}).get("id", ""))]
        for name, end in (("fromObjectId", "from"), ("toObjectId", "to"))
    }
    return Refusal(400, "One or more associations are invalid", "VALIDATION_ERROR").entry(context)


def _ends(left: Table, right: Table, given: dict[str, Any]) -> tuple[End, End] | None:
    try:
        return _end(left, str(given["from"]["id"])), _end(right, str(given["to"]["id"]))
    except (Refusal, KeyError, TypeError):
        return None


def _end(table: Table, text: str) -> End:
    number = whole(text)
    record = table.current(number) if number is not None else None
    if record is None or record.archived_ms is not None:
        raise not_found(text)
    return (table.kind.plural, record.id)


def _check_types(call: Call, start: End, end: End, type_ids: list[int]) -> None:
    unknown = [each for each in type_ids if each not in call.state.links.types(start[0], end[0])]
    if unknown:
        raise bad_request(
            f"invalid from object type {call.table.kind.type_id} for associations to be created: types {unknown}",
        )


def _linked(call: Call, start: End, right: Table, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    ends = [
        end
        for end in call.state.links.of(start, right.kind.plural)
        if end >= after and end in right.records and right.records[end].archived_ms is None
    ]
    shown = [
        {
            "toObjectId": end,
            "associationTypes": [_shown(each) for each in call.state.links.between(start, right.kind.plural, end)],
        }
        for end in ends[:limit]
    ]
    return shown, ends[limit] if len(ends) > limit else None


def _labels(call: Call, start: End, end: End) -> dict[str, Any]:
    tables = call.state.tables
    held = call.state.links.between(start, *end)
    return {
        "fromObjectTypeId": tables[start[0]].kind.type_id,
        "fromObjectId": start[1],
        "toObjectTypeId": tables[end[0]].kind.type_id,
        "toObjectId": end[1],
        "labels": [each.label for each in held if each.label is not None],
    }


def _default(call: Call, start: End, end: End) -> list[dict[str, Any]]:
    return [
        {
            "from": {"id": str(one[1])},
            "to": {"id": str(other[1])},
            "associationSpec": {"associationCategory": each.category, "associationTypeId": type_id},
        }
        for each in linking.link_default(call.state, start, end, call.source)
        for one, other, type_id in ((start, end, each.type_id), (end, start, each.inverse))
    ]


def _shown(each: LinkType) -> dict[str, Any]:
    return {"category": each.category, "typeId": each.type_id, "label": each.label}
