"""What the bridge asks: people only what people caused, and a CRM never twice what it has refused.

An open conflict stands between two edits. Where one of its values is what the bridge itself wrote there last, nobody
edited that side: the bridge has forgotten what it sent. While all is calm nobody unparks a value, lifts a rule or edits
a record, so what a side refuses then is refused once.

Lawful: a conflict at a first meeting (unlinked, forgotten or joined by people, merged, its mapping edited, its cross id
miswritten, fetched back): then the bridge has nothing to go by but two different values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

from connector.core.journey import Ruled
from connector.core.plan import Issue, IssueKind
from tests.simulation.agreements import SPOKEN
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.fields import given
from tests.simulation.oracle.history import Record
from tests.simulation.oracle.rules import Rule

FIELD_MAX = 1  # times that a field's value is refused in the calm
RECORD_MAX = 2  # times that a record is, when no field is to blame: once it was made or moved it is another reading


def false_questions(evidence: Evidence) -> Iterator[str]:
    """Conflicts between an edit and what the bridge wrote."""
    rules = {rule.name: rule for rule in evidence.mapping.rules}
    for stored in evidence.issues:
        issue = stored.issue
        rule = rules.get(issue.rule)
        if issue.kind is not IssueKind.CONFLICT or rule is None or not rule.both_ways:
            continue
        for record in _named(evidence, issue):
            wrote = _own(rule, record)
            if not wrote:
                continue
            why = _met_anew(evidence, record)
            if why:
                evidence.excuse(f"a conflict about what the bridge wrote: {why}")
            else:
                yield f"people are asked about {rule.name} of {record.side.value} {record.id}, which says {wrote}"


def _named(evidence: Evidence, issue: Issue) -> list[Record]:
    found = (evidence.history.records.get(key_of(ref)) for ref in issue.refs)
    return [record for record in found if record is not None]


def _own(rule: Rule, record: Record) -> str:
    """What a field holds that the bridge wrote last, in words; "" when somebody else did."""
    name = rule.on(record.side, record.object) or ""
    cell = record.cells.get(name)
    if not cell or not cell[-1].ours or cell[-1].inherited or given(record, name, cell[-1].seq):
        return ""
    return f"{cell[-1].value!r}, which the bridge itself wrote"


def _met_anew(evidence: Evidence, record: Record) -> str:
    """Why two that were in step may meet as strangers; "" for no reason."""
    family = [*evidence.family(record), *evidence.partners_of(record)]
    keys = {one.key for one in family}
    if len(evidence.variants) > 1:
        return "the mapping was edited"
    if keys & (evidence.kept_apart | evidence.miswritten):
        return "kept apart, or miswritten"
    if any(one.gone or one.away for one in family):
        return "merged, gone, or fetched back"
    if len(family) > 2:
        return "it had several counterparts"
    if any(one.side == side and name in one.cells for one in family for side, _, name in evidence.rewritten):
        return "software rewrites such fields"
    return ""


def refused_again(evidence: Evidence) -> Iterator[str]:
    """What a side was asked to take more often than need be though it had refused it, and nothing had changed."""
    for (side, one, said), times in _refused_in_the_calm(evidence).items():
        name, most = said.partition("=")[0], 0
        if evidence.courses is not None and (name in SPOKEN or "={" in said):
            most = sum(isinstance(entry.what, Ruled) for entry in evidence.courses.entries)  # it came and went
        if times > most + (FIELD_MAX if name else RECORD_MAX):
            yield f"{side} {one} was sent {said} {times} times, which it refused each time"


def _refused_in_the_calm(evidence: Evidence) -> Counter[tuple[str, str, str]]:
    """In all openings of the one worker that drains the world in the end: what was refused outlives an opening."""
    last = takewhile(lambda life: life.name == evidence.lives[-1].name, reversed(evidence.lives))
    return sum((life.refused for life in last), Counter())
