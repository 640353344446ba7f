"""No edit vanishes: what a person wrote is on both sides in the end, or was beaten by a decision that the story tells.

An edit is every value that somebody other than the bridge wrote into a mapped field. Edits that somebody else wrote
over on the same record, and edits that still stand (`in_step` has them), need no more. What remains are edits that the
bridge wrote over. It must have decided: newest, by policy, settled by a person, mirrored; and the story must show the
value that gave way. Written over because the other side was edited, the value must have been on the other side before:
then it was carried over and beaten there by whoever edited next.

Lawful, each by the facts:
- the open window: the last the worker had read of the record did not show the edit yet, and no API can write only if;
- the story lost with its writer: it died, or never heard, between the write and the story;
- the record or its counterpart was erased, and the story with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from connector.core.refs import Side
from tests.simulation.oracle.doubles import NAMES
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Record, Version
from tests.simulation.oracle.rules import Rule, blank, form, shaped, translates
from tests.simulation.watched import BRIDGE, Written

DECIDED = ("newest", "wins by policy", "settled by a person", "mirrors", "undone")
MAKING = ("creates", "default")
SLACK = timedelta(seconds=1)


def vanished(evidence: Evidence) -> Iterator[str]:
    """Edits that the bridge wrote over without the right to."""
    for record in evidence.history.records.values():
        for rule, name in evidence.rules_of(record):
            versions = record.cells.get(name, [])
            for edit, over in pairwise(versions):
                if edit.ours or not over.ours or (blank(edit.value) and not rule.clears) or over.inherited:
                    continue
                wrong = _judged(evidence, rule, record, (edit, over))
                if wrong:
                    yield f"{record.side.value} {record.id} {name}: {edit.value!r} was written over: {wrong}"


def _judged(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version]) -> str:
    """What is wrong with an edit's being written over; "" for nothing."""
    edit, over = pair
    writing = evidence.writes.get(over.seq)
    if writing is None:
        return "nobody knows by whom"
    same = form(rule, record.side, edit.value, evidence.sellers)
    unsaid = (form(rule, record.side, over.value, evidence.sellers), rule.default(record.side))
    if same in unsaid or (same == "" and not rule.clears):
        return ""
    if translates(rule, record.side.other, edit.value, evidence.sellers) == [""] and not rule.clears:
        evidence.excuse("written over, as the rule counts it as blank")
        return ""
    told = _told(evidence, record, rule, over)
    if not had_read(evidence, rule, record, edit, writing):
        evidence.excuse("written over in the open window")
        return ""
    if told is None:
        return _untold(evidence, record, over, writing)
    if form(rule, record.side, told["before"], evidence.sellers) != same:
        wrong = _stale(evidence, rule, record, pair, told)
        return wrong and _forgotten(evidence, record, wrong)
    if told["because"] in DECIDED:
        return _fair(evidence, rule, record, (edit, over), told)
    if _carried(evidence, rule, record, edit, over):
        return ""
    if _came_back(evidence, rule, record, edit, over):
        evidence.excuse("written over by what the other CRM had made of it")
        return ""
    return f"the bridge had read it, it never was on the other side, and the story says {told['because']!r}"


def had_read(evidence: Evidence, rule: Rule, record: Record, edit: Version, writing: Written) -> bool:
    """Whether the latest that the writer had read of a record showed an edit."""
    latest = writing.seen[-1] if writing.seen else None
    name = rule.on(record.side, record.object) or ""
    if latest is None or latest.place < edit.seq or name not in latest.reading.values:
        return False
    read = form(rule, record.side, latest.reading.values[name], evidence.sellers)
    if read != form(rule, record.side, edit.value, evidence.sellers):
        evidence.excuse("read from a listing that lagged behind")
        return False
    return True


def _stale(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version], told: dict[str, Any]) -> str:
    """What is wrong with planning from a reading that did not show an edit; "" when it came before, in one batch."""
    (edit, over), before = pair, told["before"]
    writing, name = evidence.writes[over.seq], rule.on(record.side, record.object) or ""
    if told["because"] in MAKING and _named_since(record, over, writing):
        evidence.excuse("made over a record that others had given its key since it was read")
        return ""
    wanted = form(rule, record.side, before, evidence.sellers)
    for seen in writing.seen:
        values = seen.reading.values
        if name in values and form(rule, record.side, values[name], evidence.sellers) == wanted:
            again = "a second reading of the batch showed it" if seen.place < edit.seq else "a reading lagged behind"
            evidence.excuse(f"written over in the open window: {'planned from a listing' if seen.listed else again}")
            return ""
    return f"the plan says it was {before!r}, which the writer had not read of late"


def _forgotten(evidence: Evidence, record: Record, wrong: str) -> str:
    """What is wrong with the only line there is; "" when the line of this write may be gone, and this is of a later."""
    why = story_erased(evidence, record)
    if why:
        evidence.excuse(f"written over, and {why}")
        return ""
    return wrong


def _told(evidence: Evidence, record: Record, rule: Rule, over: Version) -> dict[str, Any] | None:
    """What the story tells last of writing that value over another."""
    keys = {one.key for one in evidence.family(record)}
    wanted = {name: form(rule, record.side, over._asdict()[name], evidence.sellers) for name in ("before", "value")}
    found = None
    for event in reversed(evidence.events):
        refs = {key_of(ref) for ref in (event.hubspot, event.salesforce) if ref}
        for row in event.payload.get("changes", ()) if refs & keys else ():
            if row["side"] != record.side.value or row["rule"] != rule.name:
                continue
            own_way = (record.side, record.object, row["field"]) in evidence.rewritten
            if form(rule, record.side, row["after"], evidence.sellers) != wanted["value"] and not own_way:
                continue
            if form(rule, record.side, row["before"], evidence.sellers) == wanted["before"]:
                return dict(row)
            found = found or dict(row)
    return found


def _untold(evidence: Evidence, record: Record, over: Version, writing: Written) -> str:
    why = story_lost(evidence, record, over.seq, writing)
    if why:
        evidence.excuse(f"written over, and {why}")
        return ""
    return "the story does not say so"


def story_lost(evidence: Evidence, record: Record, seq: int, writing: Written) -> str:
    """Why the story cannot tell of a write; "" when it should."""
    why = story_erased(evidence, record)
    if why:
        return why
    if not writing.life.recorded(seq):
        return f"the writer ended before it told the story ({writing.life.ended})"
    if not writing.answered:
        return "the writer never heard that it had written"
    return ""


def story_erased(evidence: Evidence, record: Record) -> str:
    """Why the story may be erased; "" for no reason."""
    family = [*evidence.family(record), *evidence.partners_of(record)]
    if any(one.gone and one.gone.how == "erase" for one in family):
        return "the story was erased with the person"
    if any(one.key in evidence.kept_apart for one in family):
        return "a person had the story forgotten"
    return ""


def _carried(evidence: Evidence, rule: Rule, record: Record, edit: Version, over: Version) -> bool:
    """Whether a value, or what its field holds of it, had been on the other side before it was written over."""
    others = evidence.partners_of(record)
    if blank(edit.value) and any(_once_blank(rule, one) for one in others):
        return True
    held = evidence.held(others, rule, over.seq)
    for sellers in (evidence.sellers, evidence.everybody):  # who is gone today may have owned it then
        wanted = translates(rule, record.side.other, edit.value, sellers)
        if any(form(rule, record.side.other, value, sellers) in wanted for value in held):
            return True
    return any(shaped(rule, edit.value, value) for value in held)


def _once_blank(rule: Rule, record: Record) -> bool:
    """Whether a record came to be without a value."""
    cell = record.cells.get(rule.on(record.side, record.object) or "")
    return not cell or cell[0].seq > record.born


def _named_since(record: Record, over: Version, writing: Written) -> bool:
    """Whether others gave an existing record the key of what was to be made, since its maker had last read it."""
    named = [version for version in record.cells.get(NAMES[record.side], ()) if version.seq < over.seq]
    if not named or named[-1].ours or record.born == over.seq:
        return False
    return not writing.seen or writing.seen[-1].place < named[-1].seq


def _came_back(evidence: Evidence, rule: Rule, record: Record, edit: Version, over: Version) -> bool:
    """Whether a value is what is left of the edit in the other CRM, which rounds it, or lets software rewrite it."""
    wanted = form(rule, record.side, over.value, evidence.sellers)
    for one in evidence.partners_of(record):
        name = rule.on(one.side, one.object) or ""
        if (one.side, one.object, name) in evidence.rewritten and wanted in translates(
            rule, record.side, one.at(name, over.seq), evidence.sellers
        ):
            return True
        for version in one.cells.get(name, ()):
            if edit.seq < version.seq < over.seq and wanted in translates(
                rule, record.side, version.value, evidence.sellers
            ):
                return shaped(rule, edit.value, version.value)
    return False


def _fair(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version], told: dict[str, Any]) -> str:
    """Whether the newest really was, by each side's own clock; Salesforce tells only of the record's last touch."""
    edit, over = pair
    if told["because"] != "newest" or rule.kind == "owner" or edit.inherited:  # by a merge: it is older than that
        return ""
    wanted = form(rule, record.side, over.value, evidence.sellers)
    partners = evidence.partners_of(record)
    rivals = [
        version.seq
        for one in partners
        if (name := rule.on(one.side, one.object))
        for version in one.cells.get(name, ())
        if version.seq < over.seq and wanted in translates(rule, record.side, version.value, evidence.sellers)
    ]
    if not rivals or _at(evidence, max(rivals)) + SLACK >= _at(evidence, edit.seq):
        return ""
    touched = [seq for one in partners for seq in one.touched if seq < over.seq]
    if record.side is Side.HUBSPOT and _at(evidence, max(touched)) + SLACK >= _at(evidence, edit.seq):
        ours = "the bridge" if evidence.entries[max(touched) - 1]["actor"] in BRIDGE else "somebody"
        evidence.excuse(f"an older edit won as the newest: {ours} touched its record later, and that is all it tells")
        return ""
    return f"{over.value!r} won as the newest, and is older"


def _at(evidence: Evidence, seq: int) -> datetime:
    entry = evidence.entries[seq - 1]
    return datetime.fromisoformat(entry.get("side_at", entry["at"]))
