"""Every value in the CRMs that the bridge wrote last has its line in the story: `why` has an answer.

Lawful: the person was erased and the story with them; the writer died between its write and the story, or never heard
that it had written (the next pass then finds both sides alike and has nothing to tell). These are counted apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.fields import HANDOFF, given
from tests.simulation.oracle.history import Key, Record, Version
from tests.simulation.oracle.rules import Rule, form, shaped
from tests.simulation.oracle.untold import story_lost


def unexplained_values(evidence: Evidence) -> Iterator[str]:
    """Values of the bridge that the story does not name."""
    told: dict[Key, list[dict[str, object]]] = defaultdict(list)
    for event in evidence.events:
        for row in event.payload.get("changes", ()):
            for ref in (event.hubspot, event.salesforce):
                if ref and ref.side.value == row["side"]:
                    told[key_of(ref)].append(row)
    for key in evidence.live:
        record = evidence.history.records[key]
        rows = [row for one in evidence.family(record) for row in told[one.key]]
        for rule, name in evidence.rules_of(record):
            versions = record.cells.get(name)
            last = versions[-1] if versions else None
            if last and last.ours and not last.inherited and not given(record, name, last.seq):
                yield from _judged(evidence, record, rule, (last, rows))


def _judged(
    evidence: Evidence, record: Record, rule: Rule, found: tuple[Version, list[dict[str, object]]]
) -> Iterator[str]:
    last, rows = found
    wanted = form(rule, record.side, last.value, evidence.sellers)
    said = [row["after"] for row in rows if row["rule"] in (rule.name, *([HANDOFF] if rule.kind == "owner" else []))]
    if any(form(rule, record.side, one, evidence.sellers) == wanted or shaped(rule, one, last.value) for one in said):
        return
    if (record.side, record.object, rule.on(record.side, record.object)) in evidence.rewritten:
        evidence.excuse("a value the CRM rewrote is not in the story")
        return
    writing = evidence.writes[last.seq]
    why = story_lost(evidence, record, last.seq, writing)
    if why:
        evidence.excuse(f"no line in the story: {why}")
    else:
        yield f"{record.side.value} {record.id} {rule.name} is {last.value!r}, and the story does not say why"
