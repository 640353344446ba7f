"""A decision against an edit is lawful: by the rule in force, for a value that somebody else meant, and by true times.

Judged by the mapping that the writer had opened. Only a rule that mirrors undoes, only a policy that names a side lets
that side win, only where the newest wins does time decide, and only what a person settled is settled. Whoever wins, it
must be somebody: a value that the bridge itself had copied to the other side beats nobody who edited after it.

Lawful: a value of the bridge that came from another record of the same person (one that merged, or was linked before);
what a CRM or its software made of what the bridge wrote; a rule that met anew, since a link ended or a mapping changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from connector.core.refs import Side
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.fields import given
from tests.simulation.oracle.history import Record, Version
from tests.simulation.oracle.rules import Rule, form, translates, written
from tests.simulation.watched import BRIDGE

SLACK = timedelta(seconds=1)


def unfair(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version], told: dict[str, Any]) -> str:
    """What is wrong with the decision that beat an edit; "" for nothing."""
    because, now = told["because"], in_force(evidence, rule, pair[1])
    if because == "mirrors":
        return "" if now.said.get("mirror") else "the rule does not mirror"
    if because == "settled by a person":
        return "" if _settled(evidence, rule, record) else "nobody settled it"
    if not now.both_ways:
        return "" if because == "wins by policy" else f"a rule of one way decides by {because!r}"
    policy = now.said.get("policy", "newest")
    if because == "wins by policy" and evidence.closed_once(rule, evidence.partners_of(record)):
        evidence.excuse("won by policy where the other side was closed to the bridge")
        return ""
    if policy != ("newest" if because == "newest" else record.side.other.value):
        return f"it lost because of {because!r}, and the policy is {policy}"
    return _own_doing(evidence, rule, record, pair) or _old(evidence, rule, record, pair, told)


def in_force(evidence: Evidence, rule: Rule, over: Version) -> Rule:
    """The rule as the writer knew it."""
    known = written(evidence.writes[over.seq].life.variant).rules
    return next((one for one in known if one.name == rule.name), rule)


def _settled(evidence: Evidence, rule: Rule, record: Record) -> bool:
    """Whether the story says that a person chose a side."""
    keys = {one.key for one in (*evidence.family(record), *evidence.partners_of(record))}
    return any(
        event.payload.get("act") == "settle" and event.payload.get("rule") == rule.name
        for event in evidence.events
        if keys & {key_of(ref) for ref in (event.hubspot, event.salesforce) if ref}
    )


def _own_doing(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version]) -> str:
    """Whether an edit was beaten by nothing but what the bridge had written to the other side."""
    over = pair[1]
    winners = list(_rivals(evidence, rule, record, over))
    if not winners or any(not one.ours or given(there, name, one.seq) for there, name, one in winners):
        return ""
    why = _met_anew(evidence, rule, record, over)
    if why:
        evidence.excuse(f"lost to what the bridge had written on the other side: {why}")
        return ""
    return f"it lost to {over.value!r}, which the bridge itself had written to the other side"


def _met_anew(evidence: Evidence, rule: Rule, record: Record, over: Version) -> str:
    """Why a value of the bridge may speak for somebody; "" when there is no such reason."""
    partners = evidence.partners_of(record)
    wanted = form(rule, record.side, over.value, evidence.sellers)
    others = {one.key: one for there in partners for one in evidence.partners_of(there) if one.key != record.key}
    for one in others.values():
        name = rule.on(one.side, one.object) or ""
        if any(
            not version.ours and form(rule, one.side, version.value, evidence.sellers) == wanted
            for version in one.cells.get(name, ())
        ):
            return "another record of the same person had it from somebody"
    if any((one.side, one.object, rule.on(one.side, one.object)) in evidence.rewritten for one in partners):
        return "software rewrites it there"
    keys = {one.key for one in evidence.family(record)}
    if (keys | {one.key for one in partners}) & evidence.kept_apart or any(
        event.kind == "unlinked" or event.payload.get("act") in ("link", "unlink")
        for event in evidence.events
        if keys & {key_of(ref) for ref in (event.hubspot, event.salesforce) if ref}
    ):
        return "they were linked anew"
    if any(rule.name not in {one.name for one in written(variant).rules} for variant in evidence.variants):
        return "the rule had not been in force"
    return ""


def _rivals(evidence: Evidence, rule: Rule, record: Record, over: Version) -> Iterator[tuple[Record, str, Version]]:
    """What the other side held before that a value may be made of: (record, field, version)."""
    wanted = form(rule, record.side, over.value, evidence.sellers)
    for one in evidence.partners_of(record):
        name = rule.on(one.side, one.object)
        for version in one.cells.get(name or "", ()):
            if version.seq < over.seq and wanted in translates(rule, record.side, version.value, evidence.sellers):
                yield one, name or "", version


def _old(evidence: Evidence, rule: Rule, record: Record, pair: tuple[Version, Version], told: dict[str, Any]) -> str:
    """Whether the newest really was, by each side's own clock; Salesforce tells only of the record's last touch."""
    edit, over = pair
    if told["because"] != "newest" or rule.kind == "owner" or edit.inherited:  # by a merge: it is older than that
        return ""
    rivals = [version.seq for _, _, version in _rivals(evidence, rule, record, over)]
    if not rivals or evidence.when(max(rivals)) + SLACK >= evidence.when(edit.seq):
        return ""
    touched = [seq for one in evidence.partners_of(record) for seq in one.touched if seq < over.seq]
    if record.side is Side.HUBSPOT and evidence.when(max(touched)) + SLACK >= evidence.when(edit.seq):
        ours = "the bridge" if evidence.entries[max(touched) - 1]["actor"] in BRIDGE else "somebody"
        evidence.excuse(f"an older edit won as the newest: {ours} touched its record later, and that is all it tells")
        return ""
    return f"{over.value!r} won as the newest, and is older"
