"""A small world that the bridge has brought in step, and ways to doctor the evidence of it.

Lines are added to the log as if somebody had written them; the records follow. Whatever an invariant says of the
doctored evidence and not of the world itself is what it was made to find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

from connector.core.plan import Issue
from connector.core.readings import Reading
from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.storage.events import Event
from connector.storage.issues import StoredIssue
from connector.storage.links import Link
from tests.simulation.oracle import INVARIANTS, Evidence, drain, gather
from tests.simulation.oracle.history import History
from tests.simulation.people.screens import does
from tests.simulation.stage import START, Stage, new_store, new_world
from tests.simulation.watched import Life, Seen, Witness, Written

OURS = {Side.HUBSPOT: "api:7906213", Side.SALESFORCE: "api:smarketing-bridge"}
REP = {Side.HUBSPOT: "user:1", Side.SALESFORCE: "user:2"}
OPERATIONS = {Side.HUBSPOT: ("create", "update", "archive"), Side.SALESFORCE: ("created", "updated", "deleted")}
Line = tuple[Side, str, str, str, Mapping[str, Any]]


@cache
def world() -> tuple[Evidence, str, str]:
    """A small world in step: ada came to be in HubSpot and was edited on both sides, bert came to be in Salesforce."""
    stage = Stage(0, Random(0), new_world(0), new_store())
    ada = {"email": "ada@x.test", "lastname": "t1", "firstname": "t2", "jobtitle": "t3", "city": "t4"}
    bert = {"Email": "bert@x.test", "LastName": "t5", "Company": "t6"}
    contact = does(stage, Side.HUBSPOT, "create", object="contacts", properties=ada)
    does(stage, Side.SALESFORCE, "create", sobject="Lead", values=bert)
    drain(stage, 9)
    lead = next(one for _, one, row in stage.people(Side.SALESFORCE) if row["Email"] == "ada@x.test")
    does(stage, Side.HUBSPOT, "edit", object="contacts", id=contact["id"], properties={"jobtitle": "t7"})
    does(stage, Side.HUBSPOT, "edit", object="contacts", id=contact["id"], properties={"city": "t8"})
    stage.clock.advance(5)
    does(stage, Side.SALESFORCE, "edit", id=lead, values={"City": "t9"})
    drain(stage, 9)
    return gather(stage), str(contact["id"]), lead


def wrong(evidence: Evidence, family: str) -> list[str]:
    return list(INVARIANTS[family](evidence))


def a_life(variant: str = "as shipped") -> Life:
    return Life("doctor", variant, Witness(), told=[10**6])


def after(evidence: Evidence, *lines: Line, life: Life | None = None, seen: tuple[Seen, ...] = ()) -> Evidence:
    """The evidence with lines at the end of the log, as if they had been written; the live records follow."""
    entries, live, writes = list(evidence.entries), dict(evidence.live), dict(evidence.writes)
    for side, actor, operation, one, changes in lines:
        seq, obj = len(entries) + 1, "contacts" if side is Side.HUBSPOT else "Lead"
        at = (START + timedelta(days=9, seconds=seq)).isoformat()
        entries.append(
            {"seq": seq, "at": at, "side": side.value, "actor": actor, "operation": operation}
            | {"object": obj, "id": one, "changes": dict(changes)}
        )
        if actor in OURS.values():
            writes[seq] = Written(life or a_life(), seen, answered=True)
        if operation in ("archive", "deleted", "erase", "merged"):
            live.pop((side, one), None)
        else:
            live[side, one] = (obj, {**live.get((side, one), (obj, {}))[1], **changes})
    return replace(evidence, entries=entries, history=History(entries), live=live, writes=writes)


def edit(side: Side, one: str, **changes: Any) -> Line:
    return side, REP[side], OPERATIONS[side][1], one, changes


def write(side: Side, one: str, **changes: Any) -> Line:
    return side, OURS[side], OPERATIONS[side][1], one, changes


def make(side: Side, one: str, actor: str = "", **changes: Any) -> Line:
    return side, actor or OURS[side], OPERATIONS[side][0], one, changes


def end(side: Side, one: str, actor: str = "", how: str = "") -> Line:
    return side, actor or REP[side], how or OPERATIONS[side][2], one, {}


def read(evidence: Evidence, ref: Ref, **values: str | None) -> tuple[Seen, ...]:
    """A reading asked for after all that is in the log."""
    return (Seen(len(evidence.entries), Reading(ref, values=values)),)


def told(ada: str, lead: str, because: str, **row: Any) -> Event:
    changes = [{"because": because, **row}]
    return Event(START, "updated", hubspot("contacts", ada), salesforce("Lead", lead), 1, {"changes": changes})


def shown(issue: Issue) -> StoredIssue:
    return StoredIssue(1, issue, START, START, 1, None)


def without(evidence: Evidence, one: str) -> list[Link]:
    return [link for link in evidence.links if one not in (link.hubspot.id, link.salesforce.id)]


def silent(evidence: Evidence) -> Evidence:
    """The story tells no changes."""
    return replace(evidence, events=[replace(event, payload={}) for event in evidence.events], excused=Counter())
