"""Endpoints of pipelines and stages (HubSpot fact sheet 7)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.pipelines import Pipeline, Stage
from connector.sandbox.hubspot.problems import bad_request, not_found
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, listed


def _object(call: Call) -> str:
    kind = kind_named(call.parts[0])
    if kind is None:
        raise bad_request(f"Unable to infer object type from: {call.parts[0]}")
    return kind.plural


def _pipeline(call: Call) -> Pipeline:
    found = call.state.pipelines.by_object.get(_object(call), {}).get(call.parts[1])
    if found is None or found.archived:
        raise not_found()
    return found


def _stage(call: Call) -> Stage:
    found = _pipeline(call).stages.get(call.parts[2])
    if found is None or found.archived:
        raise not_found()
    return found


def page(call: Call) -> Reply:
    """200 with every pipeline, unpaged."""
    return Reply(200, {"results": [each.shown() for each in call.state.pipelines.live(_object(call))]})


def read(call: Call) -> Reply:
    """200 with one pipeline."""
    return Reply(200, _pipeline(call).shown())


def create(call: Call) -> Reply:
    """201 with a new pipeline and its stages."""
    state = call.state
    made = Pipeline(state.pipelines.take_id(), *_heading(call.body), state.now_ms, state.now_ms)
    _fill(call, made, call.body)
    state.pipelines.by_object.setdefault(_object(call), {})[made.id] = made
    return Reply(201, made.shown())


def update(call: Call) -> Reply:
    """200 with the pipeline as it now is; stages stay."""
    found = _pipeline(call)
    found.label = str(call.body.get("label", found.label))
    found.display_order = int(call.body.get("displayOrder", found.display_order))
    found.updated_ms = call.state.now_ms
    return Reply(200, found.shown())


def replace(call: Call) -> Reply:
    """200; the stages are replaced too."""
    found = _pipeline(call)
    found.label, found.display_order = _heading(call.body)
    found.updated_ms = call.state.now_ms
    if call.flag("validateReferencesBeforeDelete"):
        _refuse_used(call, list(found.stages.values()))
    found.stages.clear()
    _fill(call, found, call.body)
    return Reply(200, found.shown())


def archive(call: Call) -> Reply:
    """204; refused for a stage in use when the caller asks for that check."""
    found = _pipeline(call)
    if call.flag("validateReferencesBeforeDelete"):
        _refuse_used(call, list(found.stages.values()))
    found.archived = True
    return NOTHING


def stages(call: Call) -> Reply:
    """200 with the stages in order."""
    return Reply(200, {"results": [each.shown() for each in _pipeline(call).live_stages()]})


def read_stage(call: Call) -> Reply:
    """200 with one stage."""
    return Reply(200, _stage(call).shown())


def create_stage(call: Call) -> Reply:
    """201 with the new stage."""
    return Reply(201, _add_stage(call, _pipeline(call), call.body).shown())


def update_stage(call: Call) -> Reply:
    """200 with the stage as it now is."""
    found = _stage(call)
    found.label = str(call.body.get("label", found.label))
    found.display_order = int(call.body.get("displayOrder", found.display_order))
    if "metadata" in call.body:
        made = _pipeline(call).add_stage(
            found.id,
            found.label,
            found.display_order,
            dict(call.body["metadata"]),
            found.created_ms,
        )
        found = made
    found.updated_ms = call.state.now_ms
    return Reply(200, found.shown())


def archive_stage(call: Call) -> Reply:
    """204; refused while a record is in it."""
    found = _stage(call)
    _refuse_used(call, [found])
    found.archived = True
    return NOTHING


def audit(call: Call) -> Reply:
    """200 with what became of a pipeline: here, that it was made."""
    found = _pipeline(call)
    entry = {
        "portalId": call.state.settings.portal_id,
        "identifier": found.id,
        "action": "CREATE",
        "timestamp": iso(found.created_ms),
        "fromUserId": call.state.settings.user_id,
    }
    return Reply(200, {"results": [entry]})


def _heading(body: dict[str, Any]) -> tuple[str, int]:
    if not body.get("label") or "displayOrder" not in body:
        raise bad_request(
            "Invalid input JSON on line 1, column 1: some of required attributes are not set [label, displayOrder]",
        )
    return str(body["label"]), int(body["displayOrder"])


def _fill(call: Call, pipeline: Pipeline, body: dict[str, Any]) -> None:
    for each in listed(body.get("stages"), "stages"):
        _add_stage(call, pipeline, each)


def _add_stage(call: Call, pipeline: Pipeline, body: dict[str, Any]) -> Stage:
    label, place = _heading(body)
    metadata = dict(body.get("metadata") or {})
    if _object(call) == "deals" and "probability" not in metadata:
        raise bad_request("Deal stages need metadata.probability between 0.0 and 1.0")
    return pipeline.add_stage(call.state.pipelines.take_id(), label, place, metadata, call.state.now_ms)


def _refuse_used(call: Call, candidates: list[Stage]) -> None:
    name = _object(call)
    held_in = "dealstage" if name == "deals" else "lifecyclestage"
    ids = {each.id for each in candidates}
    records = call.state.tables[name].records.values()
    if any(record.archived_ms is None and record.values.get(held_in) in ids for record in records):
        raise bad_request("Stage is in use and cannot be deleted", subCategory="PipelineError.STAGE_ID_IN_USE")
