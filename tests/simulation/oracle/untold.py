"""Why the story may not tell of a write: whoever wrote never told it, or it went with who was erased or forgotten.

A person's story goes with all who became them and all they became, whose story may name others' records as well.
"""

from __future__ import annotations

from connector.core.refs import Side
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Key, Record
from tests.simulation.watched import Written


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
    told_with = {other.key: other for one in family for other in evidence.partners_of(one)}  # whose story names these
    if any(one.gone and one.gone.how == "erase" for one in (*family, *told_with.values())):
        return "the story was erased with the person"
    if _buried(evidence) & {one.key for one in family}:
        return "the story was erased with the person"
    if evidence.kept_apart & ({one.key for one in family} | set(told_with)):
        return "a person had the story forgotten"
    return ""


def _buried(evidence: Evidence) -> set[Key]:
    """Whom the bridge names as counterparts of erased contacts: where no cross id had arrived, it alone knows."""
    erased = tuple(
        f"hubspot:contacts:{one.id} "
        for one in evidence.history.records.values()
        if one.side is Side.HUBSPOT and one.gone and one.gone.how == "erase"
    )
    told = [stored.issue for stored in evidence.issues if stored.issue.code == "ERASED"]
    return {key_of(ref) for issue in told if issue.reason.startswith(erased) for ref in issue.refs}
