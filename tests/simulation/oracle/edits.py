"""No edit vanishes: what a person wrote is on both sides in the end, or was beaten by a decision that the story tells.

An edit is every value that somebody other than the bridge wrote into a mapped field. Edits that somebody else wrote
over on the same record, and edits that still stand (`in_step` has them), need no more. What remains are edits that the
bridge wrote over. It must have decided: newest, by policy, settled by a person, mirrored; and the story must show the
value that gave way. Written over because the other side was edited, the value must have been on the other side before:
then it was carried over and beaten there by whoever edited next. Whether a decision was fair is `fairness`.

Lawful, each by the facts:
- the open window: the last the worker had read of the record did not show the edit yet, and no API can write only if;
- the story lost with its writer: it died, or never heard, between the write and the story;
- the record or its counterpart was erased, and the story with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from connector.core.refs import Side
from tests.simulation.oracle.doubles import NAMES
from tests.simulation.oracle.evidence import MANY, Evidence, key_of
from tests.simulation.oracle.fairness import SLACK, in_force, unfair
from tests.simulation.oracle.fields import handed
from tests.simulation.oracle.history import Record, Version
from tests.simulation.oracle.rules import Rule, blank, form, shaped, translates
from tests.simulation.oracle.untold import story_erased, story_lost
from tests.simulation.watched import Written

DECIDED = ("newest", "wins by policy", "settled by a person", "mirrors")
UNANSWERED = "unanswered"  # of an event: it may have arrived
MAKING = ("creates", "default on create")


def vanished(evidence: Evidence) -> Iterator[str]:
    """Edits that the bridge wrote over without the right to."""
    for record in evidence.history.records.values():
        for rule, name in evidence.rules_of(record):
            versions = record.cells.get(name, [])
            for edit, over in pairwise(versions):
                if edit.ours or not over.ours or (blank(edit.value) and not rule.clears) or over.inherited:
                    continue
                if rule.kind == "owner" and _gave_way(evidence, rule, record, over):
                    evidence.excuse("an owner gave way to a handoff")
                    continue
                wrong = _judged(evidence, rule, record, (edit, over))
                if wrong:
                    yield f"{record.side.value} {record.id} {name}: {edit.value!r} was written over: {wrong}"


def _gave_way(evidence: Evidence, rule: Rule, record: Record, over: Version) -> bool:
    """Whether somebody was handed over to the owner that was written; whether that was right, `handed` judges."""
    if record.side is Side.SALESFORCE:
        return handed(evidence, record, over.value)
    wanted = form(rule, record.side, over.value, evidence.everybody)
    return any(
        handed(evidence, one, version.value)
        and wanted in translates(rule, record.side, version.value, evidence.everybody)
        for one in evidence.partners_of(record)
        for version in one.cells.get("OwnerId", ())
    )


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
        return unfair(evidence, rule, record, (edit, over), told)
    return _passed_over(evidence, rule, record, (edit, over), told)


def _passed_over(
    evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version], told: dict[str, Any]
) -> str:
    """What is wrong with writing over a value as if nobody had written it."""
    edit, over = pair
    rule = in_force(evidence, rule, over)
    if _carried(evidence, rule, record, edit, over):
        return ""
    if _sent_too(evidence, rule, record, edit, over):
        evidence.excuse("written over by what followed the same value of the bridge")
        return ""
    if _back_unheard(evidence, rule, record, edit):
        evidence.excuse("taken back to what was agreed on, over a write of which the store never heard")
        return ""
    sent = over._replace(value=told["after"])  # before this CRM made something else of it
    if any(_came_back(evidence, rule, record, edit, one) for one in (over, sent)):
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
    """What the story tells last of writing that value over another; what only may have arrived, where nothing else."""
    keys = {one.key for one in evidence.family(record)}
    wanted = {name: form(rule, record.side, over._asdict()[name], evidence.sellers) for name in ("before", "value")}
    found = perhaps = None
    for event in reversed(evidence.events):
        refs = {key_of(ref) for ref in (event.hubspot, event.salesforce) if ref}
        for row in event.payload.get("changes", ()) if refs & keys else ():
            if row["side"] != record.side.value or row["rule"] != rule.name:
                continue
            own_way = (record.side, record.object, row["field"]) in evidence.rewritten
            if form(rule, record.side, row["after"], evidence.sellers) != wanted["value"] and not own_way:
                continue
            if form(rule, record.side, row["before"], evidence.sellers) != wanted["before"]:
                found = found or dict(row)
            elif event.kind != UNANSWERED:
                return dict(row)
            else:
                perhaps = perhaps or dict(row)
    return perhaps or found


def _untold(evidence: Evidence, record: Record, over: Version, writing: Written) -> str:
    why = story_lost(evidence, record, over.seq, writing)
    if why:
        evidence.excuse(f"written over, and {why}")
        return ""
    return "the story does not say so"


def _carried(evidence: Evidence, rule: Rule, record: Record, edit: Version, over: Version) -> bool:
    """Whether the other side held a value, or what its field holds of it, after the edit and before what beat it."""
    partners, towards = evidence.partners_of(record), record.side.other
    since = _meant_since(evidence, rule, record, edit, partners)
    for sellers in (evidence.sellers, evidence.everybody):  # who is gone today may have owned it then
        wanted = translates(rule, towards, edit.value, sellers)
        for one in partners:
            for value in _held_since(rule, one, since, over.seq):
                cut = shaped(rule, edit.value, value) or shaped(rule, value, edit.value)
                if cut or form(rule, towards, value, sellers) in wanted:
                    return True
    return False


def _held_since(rule: Rule, record: Record, since: int, before: int) -> Iterator[Any]:
    """What a record held between two places in the log, the blank included that it was made with."""
    cell = record.cells.get(rule.on(record.side, record.object) or "", [])
    held = cell if cell and cell[0].seq == record.born else [Version(record.born, None, record.maker), *cell]
    for version, until in zip(held, [*(each.seq for each in held[1:]), MANY], strict=True):
        if version.seq < before and until > since:
            yield version.value


def _meant_since(evidence: Evidence, rule: Rule, record: Record, edit: Version, partners: list[Record]) -> int:
    """From where in the log a value stands for itself: a merge brings older ones, what was taken back unseen is old.

    Somebody who goes back to an earlier value has written nothing, as long as the bridge knows of no other in between.
    What the bridge had written is nobody's edit.
    """
    same, since = form(rule, record.side, edit.value, evidence.sellers), edit.seq
    names = [(there, rule.on(there.side, there.object) or "") for there in partners]
    ours = [one for there, name in names for one in there.cells.get(name, ()) if one.ours]
    for one in evidence.history.kin(record):
        for version in reversed(one.cells.get(rule.on(one.side, one.object) or "", [])):
            if version.seq >= edit.seq:
                continue
            if form(rule, one.side, version.value, evidence.sellers) == same:
                since = 0 if version.ours else min(since, version.seq)
            elif version.ours or _copied(evidence, rule, record.side.other, version, ours):
                break
    return since


def _copied(evidence: Evidence, rule: Rule, towards: Side, version: Version, ours: list[Version]) -> bool:
    """Whether the bridge wrote a value to the other side, and so knew of it."""
    wanted = translates(rule, towards, version.value, evidence.sellers)
    return any(one.seq > version.seq and form(rule, towards, one.value, evidence.sellers) in wanted for one in ours)


def _sent_too(evidence: Evidence, rule: Rule, record: Record, edit: Version, over: Version) -> bool:
    """Whether the story tells that the bridge wrote the very value of an edit, after somebody had just written it.

    Or that it had been beaten already: by the same on a record that became this, or by what the CRM rewrote to it.
    """
    beating = form(rule, record.side, over.value, evidence.sellers)
    rewritten = (record.side, record.object, rule.on(record.side, record.object)) in evidence.rewritten
    same = form(rule, record.side, edit.value, evidence.sellers)
    keys = {one.key for one in evidence.family(record)}
    return any(
        row["side"] == record.side.value
        and row["rule"] == rule.name
        and (
            form(rule, record.side, row["after"], evidence.sellers) == same
            or (
                row["because"] in DECIDED
                and (rewritten or form(rule, record.side, row["after"], evidence.sellers) == beating)
                and form(rule, record.side, row["before"], evidence.sellers) == same
            )
        )
        for event in evidence.events
        if event.at + SLACK >= evidence.when(edit.seq)
        and keys & {key_of(ref) for ref in (event.hubspot, event.salesforce) if ref}
        for row in event.payload.get("changes", ())
    )


def _back_unheard(evidence: Evidence, rule: Rule, record: Record, edit: Version) -> bool:
    """Whether an edit is what the bridge's own last write had replaced, and that writer died or was never answered.

    To the bridge the record holds what was agreed on, as if that write had not arrived.
    """
    cell = record.cells[rule.on(record.side, record.object) or ""]
    before = next((one for one in reversed(cell) if one.seq < edit.seq), None)
    writing = evidence.writes.get(before.seq) if before and before.ours and not before.inherited else None
    if before is None or writing is None or (writing.answered and writing.life.recorded(before.seq)):
        return False
    same = form(rule, record.side, edit.value, evidence.sellers)
    return form(rule, record.side, before.before, evidence.sellers) == same


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
