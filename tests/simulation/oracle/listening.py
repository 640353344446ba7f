"""What changes in a CRM is heard of: comparing everything, when all is calm, finds nothing that a poll could have told.

The last comparison of a drain comes when no poll has anything left to tell. Every line it writes is something that was
missed, unless no poll can tell it. Each field of an update is judged by itself, a record made or archived as a whole.

Lawful, for no poll tells of it:
- what admins do to fields (given back, other choices, rules that refuse no more), to owners and to the mapping;
- a value that a side refused before, which waits for a person or for another value;
- records that are gone, merged, erased, kept apart, or carry a cross id that is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.core.plan import IssueKind
from connector.core.refs import Side
from tests.simulation.oracle.evidence import Evidence
from tests.simulation.oracle.history import Record
from tests.simulation.oracle.rules import Rule

OWNERS = ("deactivates owner", "activates owner", "adds owner")
MAKING = ("create", "created", "archive", "deleted")


def unheard(evidence: Evidence) -> Iterator[str]:
    """What only comparing everything found."""
    for seq in evidence.compared:
        entry = evidence.entries[seq - 1]
        record = evidence.history.records.get((Side(entry["side"]), entry["id"]))
        if seq not in evidence.writes or record is None:
            continue
        whole = _of_record(evidence, record, seq)
        missed = ["it"] if entry["operation"] in MAKING else list(entry["changes"])
        for name in missed:
            why = whole or _of_field(evidence, record, name)
            if why:
                evidence.excuse(f"found by comparing everything: {why}")
            else:
                what = f"{entry['operation']} of {name} of {record.side.value} {record.id}"
                yield f"only comparing everything found: {what}"


def _of_record(evidence: Evidence, record: Record, seq: int) -> str:
    """Why no poll tells of a person; "" when one should."""
    people = [*evidence.family(record), *evidence.partners_of(record)]
    keys = {one.key for one in people}
    if len(evidence.variants) > 1:
        return "the mapping was edited"
    if any(one.gone and one.gone.seq < seq for one in people):
        return "a record of the person is gone, merged or erased"
    if keys & evidence.miswritten:
        return "a cross id was miswritten"
    if keys & evidence.kept_apart:
        return "kept apart or forgotten by a person"
    if evidence.parked & {f"{one.side.value}:{one.object}:{one.id}" for one in people}:
        return "a value was refused before"
    if any(
        stored.issue.kind is IssueKind.EDIT_BEATS_DELETION and stored.opened_at < evidence.when(seq)
        for key in keys
        for stored in evidence.shown.get(key, ())
    ):
        return "the other's former counterpart is gone, shown"
    return ""


def _of_field(evidence: Evidence, record: Record, name: str) -> str:
    """Why no poll tells of a field; "" when one should."""
    objects = {(one.side, one.object) for one in (record, *evidence.partners_of(record))}
    if objects & evidence.ruled or evidence.acts["lifts rules"]:
        return "an admin's rule refuses some values, or did"
    for rule in evidence.mapping.rules:
        if rule.on(record.side, record.object) == name:
            return _of_rule(evidence, rule, [record, *evidence.partners_of(record)])
    return ""


def _of_rule(evidence: Evidence, rule: Rule, people: list[Record]) -> str:
    if evidence.closed_once(rule, people):
        return "a field was taken from the bridge, or given back"
    if {(one.side, one.object, rule.on(one.side, one.object)) for one in people} & evidence.choices_changed:
        return "an admin changed the choices"
    if rule.kind == "owner" and any(evidence.acts[act] for act in OWNERS):
        return "owners came or went"
    return ""
