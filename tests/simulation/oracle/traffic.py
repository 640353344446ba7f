"""The bridge asks and writes no more than what others do gives it reason to.

A field of a record is written at most once for every change that somebody else made to it or to its counterpart, plus
one for every death of a worker, merge and conversion, plus a few for the first meeting: two remotes that rewrite each
other's values would show at once. A settled world costs a handful of calls to look at. Asking for too much is the
bridge's own fault unless a fault was raining, or others used the quota up.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.oracle.evidence import Evidence
from tests.simulation.oracle.history import Record
from tests.simulation.oracle.rules import Rule

FIRST = 3  # a first meeting, a default given on create, and a mapping edited
QUIET_CALLS = 60  # of a pass over a settled world of a handful of people, signing in and learning the schema included


def ping_pong(evidence: Evidence) -> Iterator[str]:
    """Fields that the bridge wrote more often than anybody gave it reason to."""
    deaths = sum(life.ended not in ("closed", "") for life in evidence.lives)
    remaps = len(evidence.variants) - 1
    for record in evidence.history.records.values():
        for rule, name in evidence.rules_of(record):
            written = sum(version.ours for version in record.cells.get(name, ()))
            if written > FIRST and written > _reasons(evidence, rule, record) + deaths + remaps + FIRST:
                yield f"the bridge wrote {name} of {record.side.value} {record.id} {written} times"


def _reasons(evidence: Evidence, rule: Rule, record: Record) -> int:
    """How often others changed a field on either side; who merges or converts changes all of them."""
    others = [*evidence.family(record), *evidence.partners_of(record)]
    changed = sum(
        not version.ours
        for one in others
        if (name := rule.on(one.side, one.object))
        for version in one.cells.get(name, ())
    )
    return changed + sum(one.gone is not None for one in others)
