"""What changing a stage entails: forward only, stamps, and a close date HubSpot writes itself.

Contacts and companies move along `lifecyclestage`, deals along `dealstage`. A backward lifecycle write by an app has no
effect, or is refused, by a setting; people may go back, and anyone may clear and set again (HubSpot fact sheet 6.1).
A deal that reaches a closed stage has its `closedate` overwritten (fact sheet 6.4).
"""

from __future__ import annotations

from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.problems import ValueProblem
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table

LIFECYCLE = "lifecyclestage"
INTEGRATION = "INTEGRATION"

Changes = dict[str, str | None]


def hold_back(state: State, table: Table, held: str | None, changes: Changes, source: Source) -> None:
    """Take a backward lifecycle move of an app out of `changes`, or raise ValueProblem, as the portal is set."""
    wanted = changes.get(LIFECYCLE)
    if wanted is None or held is None or source.type != INTEGRATION or LIFECYCLE not in table.schema.live:
        return
    order = table.schema.live[LIFECYCLE].ordered_options()
    if held not in order or wanted not in order or order.index(wanted) >= order.index(held):
        return
    if state.settings.lifecycle_backward == "reject":
        message = f"lifecyclestage cannot move backwards from {held} to {wanted}"
        raise ValueProblem(LIFECYCLE, "INVALID_OPTION", message, wanted)
    del changes[LIFECYCLE]


def consequences(state: State, table: Table, held: dict[str, str], changes: Changes, *, new: bool) -> Changes:
    """What HubSpot itself writes because of `changes`."""
    if table.kind.plural == "deals":
        return _deal(state, table, held, changes, new=new)
    entailed: Changes = {}
    if new and table.kind.plural == "contacts" and not changes.get(LIFECYCLE) and state.settings.lifecycle_on_create:
        entailed[LIFECYCLE] = state.settings.lifecycle_on_create
    if LIFECYCLE in changes or LIFECYCLE in entailed:
        entered = entailed.get(LIFECYCLE) or changes.get(LIFECYCLE)
        _stamp(state, table, entailed, held.get(LIFECYCLE), entered)
    return entailed


def _stamp(state: State, table: Table, entailed: Changes, left: str | None, entered: str | None) -> None:
    if left == entered:
        return
    known = table.schema.live
    now = iso(state.now_ms)
    if left and f"hs_v2_date_exited_{left}" in known:
        entailed[f"hs_v2_date_exited_{left}"] = now
    for name in (f"hs_lifecyclestage_{entered}_date", f"hs_v2_date_entered_{entered}"):
        if entered and name in known:
            entailed[name] = now


def _deal(state: State, table: Table, held: dict[str, str], changes: Changes, *, new: bool) -> Changes:
    entailed: Changes = {}
    if new and not changes.get("pipeline"):
        entailed["pipeline"] = state.pipelines.default("deals").id
    stage_id = changes.get("dealstage")
    if stage_id is None or stage_id == held.get("dealstage"):
        return entailed
    _stamp(state, table, entailed, held.get("dealstage"), stage_id)
    pipeline = entailed.get("pipeline") or changes.get("pipeline") or held.get("pipeline") or ""
    stage = state.pipelines.stage("deals", pipeline, stage_id)
    if stage is not None:
        entailed["hs_is_closed"] = "true" if stage.closed else "false"
        entailed["hs_is_closed_won"] = "true" if stage.won else "false"
        entailed["hs_deal_stage_probability"] = stage.metadata.get("probability")
        if stage.closed and not new and state.settings.closedate_overwritten:
            entailed["closedate"] = iso(state.now_ms)
    return entailed


def check_deal(state: State, held: dict[str, str], changes: Changes) -> list[ValueProblem]:
    """Whether pipeline and stage exist and belong together."""
    if "dealstage" not in changes and "pipeline" not in changes:
        return []
    pipeline = changes.get("pipeline") or held.get("pipeline") or state.pipelines.default("deals").id
    known = {each.id: each for each in state.pipelines.live("deals")}
    if pipeline not in known:
        message = f"{pipeline} was not one of the allowed options: [{', '.join(known)}]"
        return [ValueProblem("pipeline", "INVALID_OPTION", message, pipeline)]
    stage = changes.get("dealstage") or held.get("dealstage")
    stages = [each.id for each in known[pipeline].live_stages()]
    if stage is not None and stage not in stages:
        message = f"{stage} was not one of the allowed options: [{', '.join(stages)}]"
        return [ValueProblem("dealstage", "INVALID_OPTION", message, stage)]
    return []
