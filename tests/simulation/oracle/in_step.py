"""Linked people agree, rule by rule, or somebody is told, or the rule itself says to leave the difference alone.

Every rule of the mapping that is awake between two live linked records is compared in the oracle's own way. What counts
as told is an open issue that names one of the two records and this very rule, or a refusal of the whole record.

Lawful, each proven from the log:
- blank, where clearing does not travel: the blank side, or one merged into it, once held what the other still says,
  and was cleared since or left blank by the merge;
- a default given on create, by the mapping or by the CRM itself, opposite a blank;
- a one-way rule whose receiving side once held what the source still says, and was edited there since (no mirror);
- a one-way rule whose source is blank (where clearing travels: was never anything else), or says what may not travel;
- a value that an earlier mapping brought over, and that counts as alike by it;
- a pair that its mapping leaves out (scope), that is kept apart, or whose rule was not yet in force at the last edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side
from tests.simulation.oracle.evidence import MANY, Evidence, key_of
from tests.simulation.oracle.fields import given
from tests.simulation.oracle.history import Record, Version
from tests.simulation.oracle.rules import Rule, alike, blank, form, shaped, translates, written


def out_of_step(evidence: Evidence) -> Iterator[str]:
    """Linked people who differ, and nobody is told."""
    for link in evidence.links:
        ours, theirs = (evidence.history.records.get(key_of(ref)) for ref in (link.hubspot, link.salesforce))
        if link.stopped or ours is None or theirs is None or not {ours.key, theirs.key} <= set(evidence.live):
            continue
        for rule in evidence.mapping.rules:
            if not evidence.awake(rule, theirs.object):
                continue
            mine, others = ours.now(rule.hubspot), theirs.now(rule.salesforce[theirs.object])
            if alike(rule, mine, others, evidence.sellers):
                continue
            why = _lawful(evidence, rule, ours, theirs) or _told(evidence, rule, ours, theirs)
            if why:
                evidence.excuse(why)
            else:
                yield f"{link.hubspot} - {link.salesforce} differ in {rule.name}: {mine!r}, {others!r}"


def _told(evidence: Evidence, rule: Rule, *records: Record) -> str:
    for record in records:
        for stored in evidence.shown.get(record.key, ()):
            issue = stored.issue
            whole = not issue.rule and not issue.field and issue.kind is IssueKind.PARKED
            if whole or (issue.rule == rule.name and _about_today(evidence, rule, issue, records)):
                return f"differs, shown as {issue.kind.value}"
    return ""


def _about_today(evidence: Evidence, rule: Rule, issue: Issue, records: Iterable[Record]) -> bool:
    """Whether what is shown is about a value that one of the two says now, or what the rule makes of it."""
    if issue.kind is not IssueKind.PARKED:
        return True
    for record in records:
        now = _value(rule, record)
        for sellers in (evidence.sellers, evidence.everybody):  # who is gone today may have been refused as an owner
            made = translates(rule, record.side.other, now, sellers)
            for side in Side:
                if form(rule, side, issue.value, sellers) in (form(rule, record.side, now, sellers), *made):
                    return True
        if shaped(rule, now, issue.value):
            return True
    return False


def _lawful(evidence: Evidence, rule: Rule, ours: Record, theirs: Record) -> str:
    if not rule.both_ways:
        return _one_way(evidence, rule, ours, theirs)
    for one, other in ((ours, theirs), (theirs, ours)):
        here, there = _value(rule, one), _value(rule, other)
        unsaid = form(rule, one.side, here, evidence.sellers) == ""  # the bridge's own user owns as good as nobody does
        if blank(there) or not (unsaid or translates(rule, other.side, here, evidence.sellers) == [""]):
            continue
        if there == rule.default(other.side):
            return "a default opposite a blank"
        last = _last(rule, other)
        if last and given(other, rule.on(other.side, other.object) or "", last.seq):
            return "what the CRM gave a new record by itself, opposite a blank"
        if not rule.clears and _once_held(evidence, rule, one, other):
            return "cleared by a person, and clearing does not travel"
    return (
        _agreed_earlier(evidence, rule, ours, theirs)
        or _rewritten(evidence, rule, ours, theirs)
        or _left_out(evidence, ours, theirs)
    )


def _agreed_earlier(evidence: Evidence, rule: Rule, ours: Record, theirs: Record) -> str:
    """Alike by a mapping that held before, and the bridge brought it about: nobody has edited either since."""
    lasts = [_last(rule, one) for one in (ours, theirs)]
    if not any(last and last.ours for last in lasts):
        return ""
    for variant in evidence.variants:
        mapping = written(variant)
        others = [other for other in mapping.rules if other.name == rule.name]
        for known in (evidence.sellers, evidence.everybody):  # who is gone today may have owned it then
            sellers = replace(known, fallback=mapping.fallback)
            if any(alike(other, _value(rule, ours), _value(rule, theirs), sellers) for other in others):
                return "agreed under an earlier mapping, or while its owner was there"
    return ""


def _rewritten(evidence: Evidence, rule: Rule, ours: Record, theirs: Record) -> str:
    """Other software, or the CRM itself, emptied a field as the bridge wrote to it: no edit, as any clearing."""
    for one in (ours, theirs):
        name = rule.on(one.side, one.object) or ""
        places = {(kin.side, kin.object, rule.on(kin.side, kin.object)) for kin in evidence.history.kin(one)}
        if blank(one.now(name)) and places & evidence.rewritten and not rule.clears:
            return "emptied by other software, and clearing does not travel"
        last = _last(rule, one)
        if last and last.ours and (one.side, one.object, name) in evidence.rewritten:
            return "the CRM keeps what the bridge wrote in a way of its own"
    return ""


def _one_way(evidence: Evidence, rule: Rule, ours: Record, theirs: Record) -> str:
    source, target = (ours, theirs) if rule.goes(Side.SALESFORCE) else (theirs, ours)
    says = translates(rule, target.side, _value(rule, source), evidence.sellers)
    own = [one for one in evidence.history.kin(source) if not _lost_itself(one)]
    silent = all(blank(value) for value in evidence.held(own, rule))
    if says in ([""], ["false", ""]) and (silent or not rule.clears):
        return "one way, and the source has nothing to say"
    if not rule.said.get("mirror") and _once_held(evidence, rule, target, source):
        return "one way, and edited on the receiving side"
    if not rule.said.get("mirror") and _seized(evidence, rule, target):
        return "one way, and other software took the bridge's write for its own"
    if not rule.clears and blank(_value(rule, target)) and _once_held(evidence, rule, target, source):
        return "one way, and cleared on the receiving side"
    return _rewritten(evidence, rule, ours, theirs) or _left_out(evidence, ours, theirs)


def _lost_itself(record: Record) -> bool:
    """Whether a record was merged in Salesforce, where the survivor takes nothing over that it is not given."""
    return record.side is Side.SALESFORCE and record.gone is not None and record.gone.how == "merged"


def _once_held(evidence: Evidence, rule: Rule, target: Record, source: Record) -> bool:
    """Whether a target that was changed by somebody else had held what the source still says."""
    last = _last(rule, target) or Version(MANY, None, "")
    if last.ours or (last.seq == MANY and not target.forebears):
        return False
    wanted = translates(rule, target.side, _value(rule, source), evidence.sellers)
    known = evidence.held(evidence.history.kin(target), rule, last.seq)
    return any(form(rule, target.side, value, evidence.sellers) in wanted for value in known)


def _seized(evidence: Evidence, rule: Rule, target: Record) -> bool:
    """Whether other software replaced what the bridge wrote as it was being saved, so that it never stood there."""
    last = _last(rule, target)
    name = rule.on(target.side, target.object)
    return bool(last and not last.ours and (target.side, target.object, name) in evidence.rewritten)


def _left_out(evidence: Evidence, ours: Record, theirs: Record) -> str:
    """Out of scope by the one condition that variants use."""
    scope = evidence.mapping.people["scope"]
    if scope["when"] is True or scope["on_leaving"] == "keep_updating":
        return ""
    return "out of scope" if str(ours.now("city") or "").startswith("out") else ""


def _value(rule: Rule, record: Record) -> object:
    name = rule.on(record.side, record.object)
    return record.now(name) if name else None


def _last(rule: Rule, record: Record) -> Version | None:
    name = rule.on(record.side, record.object)
    versions = record.cells.get(name or "")
    return versions[-1] if versions else None
