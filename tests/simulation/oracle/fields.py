"""What the bridge writes: only fields a rule maps, only the way the rule goes, only values the other side held.

Judged by the log and by the mapping that the writing worker had opened, not by the last one. Conservation: every value
is what some counterpart of the record held by then, as the rule translates it, or the default given on create.

Lawful: cross ids; what a CRM derives by itself in the same write (a full name, the dates of stages, an owner, an
address that changes places with an additional one); what a CRM makes of a value (listed by the acts as rewritten).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connector.core.journey import Handed
from connector.core.refs import Side
from tests.simulation.agreements import agreed_fields
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Record, Version
from tests.simulation.oracle.rules import Rule, Written, blank, form, shaped, translates, written

DERIVED = {
    "Name",
    "OwnerId",
    "hs_additional_emails",
    "hs_email_domain",
    "lifecyclestage",
    "IsDeleted",
    "MasterRecordId",
}
OWNER, HANDOFF = "OwnerId", "handoff"
DATES = ("hs_lifecyclestage_", "hs_v2_date_", "hs_date_entered", "hs_date_exited")


def unlawful_writes(evidence: Evidence) -> Iterator[str]:
    """Writes of the bridge that no rule asks for, and values from nowhere."""
    for seq, writing in evidence.writes.items():
        entry = evidence.entries[seq - 1]
        record = evidence.history.records.get((Side(entry["side"]), entry["id"]))
        if record is None or entry["operation"] not in ("create", "created", "update", "updated"):
            continue
        mapping = written(writing.life.variant)
        ours = agreed_fields(writing.life.variant)
        for name, value in entry["changes"].items():
            if name in ours or (name == OWNER and handed(evidence, record, value)):
                continue
            wrong = _judged(evidence, mapping, record, (seq, name, value))
            if wrong:
                yield f"the bridge wrote {name}={value!r} to {record.side.value} {record.id}: {wrong}"


def _judged(evidence: Evidence, mapping: Written, record: Record, change: tuple[int, str, Any]) -> str:
    seq, name, value = change
    if not any(version.seq == seq for version in record.cells.get(name, ())):
        return ""  # cleared for a moment, so that it may go back
    if name in mapping.keys().values() or name.startswith(DATES):
        return ""
    rules = [rule for rule in mapping.rules if rule.on(record.side, record.object) == name]
    if name in DERIVED and (not rules or given(record, name, seq)):
        return ""
    if not rules:
        return "no rule maps it"
    if not any(_allowed(rule, record.side) for rule in rules):
        return f"the rule only goes {rules[0].said['direction']}"
    if any(_from_there(evidence, mapping, (rule, record), seq, value) for rule in rules):
        return ""
    there = evidence.partners_of(record)
    if any(shaped(rule, one, value) for rule in rules for one in evidence.held(there, rule, seq)):
        evidence.excuse("a value that the CRM rounded or cut off")
        return ""
    if (record.side, record.object, name) in evidence.rewritten:
        evidence.excuse("a value that the CRM rewrites in its own way")
        return ""
    return "no counterpart ever held such a value"


def handed(evidence: Evidence, record: Record, owner: Any) -> bool:
    """Whether somebody was handed over to an owner, as their journey says; whether that was right, others judge.

    Of whom a journey was erased or forgotten that cannot be told.
    """
    if evidence.courses is None:
        return False
    people = [*evidence.family(record), *evidence.partners_of(record)]
    keys = {one.key for one in people}
    if evidence.kept_apart & keys or any(one.gone and one.gone.how == "erase" for one in people):
        return True
    told = (entry for entry in evidence.courses.entries if isinstance(entry.what, Handed))
    return any(entry.what.owner == owner and key_of(entry.ref) in keys for entry in told)


def given(record: Record, name: str, seq: int) -> bool:
    """Whether a value is what a CRM gave a new record by itself."""
    return name in DERIVED and seq == record.born


def _allowed(rule: Rule, side: Side) -> bool:
    return rule.goes(side) or bool(rule.said.get("mirror"))


def _blank_there(evidence: Evidence, rule: Rule, ends: tuple[Record, Record], seq: int) -> bool:
    """Whether a counterpart came to hold nothing after it last held what is cleared, or never held it and was blank."""
    record, other = ends
    cleared = translates(
        rule, other.side, record.at(rule.on(record.side, record.object) or "", seq), evidence.everybody
    )
    cell = other.cells.get(rule.on(other.side, other.object) or "", [])
    held = cell if cell and cell[0].seq == other.born else [Version(other.born, None, other.maker), *cell]
    for version in reversed([one for one in held if one.seq < seq]):
        if "" in translates(rule, record.side, version.value, evidence.everybody):
            return True
        if form(rule, other.side, version.value, evidence.everybody) in cleared:
            return False
    return False


def _from_there(evidence: Evidence, mapping: Written, ends: tuple[Rule, Record], seq: int, value: Any) -> bool:
    rule, record = ends
    if blank(value) and not rule.clears:
        return rule.kind == "boolean"
    if not blank(value) and value == rule.default(record.side):
        return True
    partners = evidence.partners_of(record)
    if blank(value):
        return any(_blank_there(evidence, rule, (record, one), seq) for one in partners)
    there = evidence.held(partners, rule, seq)
    for known in (evidence.sellers, evidence.everybody):  # who is gone today may have owned it then
        sellers = replace(known, fallback=mapping.fallback)
        wanted = form(rule, record.side, value, sellers)
        if any(wanted in translates(rule, record.side, one, sellers) for one in there):
            return True
    return False
