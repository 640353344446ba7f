"""What must be so when the trouble is over, judged from the write log, both CRMs' own state, and the bridge's story.

Each module is one family of invariants: functions from the evidence to words for what is wrong. An excuse must follow
from facts (the write log, the witness, the acts), has a name and is counted in `stage.excused`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.simulation.oracle.doubles import doubles
from tests.simulation.oracle.draining import compared, drain, unfinished
from tests.simulation.oracle.edits import vanished
from tests.simulation.oracle.evidence import Evidence, gather
from tests.simulation.oracle.fields import unlawful_writes
from tests.simulation.oracle.handing import decided_twice, misgiven, remembered
from tests.simulation.oracle.in_step import out_of_step
from tests.simulation.oracle.listening import unheard
from tests.simulation.oracle.meeting import apart
from tests.simulation.oracle.presence import absent
from tests.simulation.oracle.promises import broken_promises
from tests.simulation.oracle.questions import false_questions, refused_again
from tests.simulation.oracle.replies import lost_replies
from tests.simulation.oracle.standing import misplaced
from tests.simulation.oracle.story import unexplained_values
from tests.simulation.oracle.traffic import ping_pong, too_many_calls
from tests.simulation.oracle.wrong import Broken
from tests.simulation.stage import Stage

__all__ = ["INVARIANTS", "Broken", "Evidence", "compared", "drain", "gather", "judge", "look"]


def _told(evidence: Evidence) -> Iterator[str]:
    """The log explains the world; all else stands on it."""
    names = {name for rule in evidence.mapping.rules for name in (rule.hubspot, *rule.salesforce.values())}
    return evidence.history.unexplained(
        evidence.live, sorted(names | {"salesforce_record_id", "HubSpot_Contact_Id__c"})
    )


def _drifted(evidence: Evidence) -> Iterator[str]:
    """The bridge's own audit finds nothing that differs without a reason."""
    yield from evidence.drifted


def _misshelved(evidence: Evidence) -> Iterator[str]:
    """What pages show is what follows from the store."""
    yield from evidence.misshelved


INVARIANTS: dict[str, Callable[[Evidence], Iterable[str]]] = {
    "history": _told,
    "unfinished": unfinished,
    "in step": out_of_step,
    "vanished": vanished,
    "doubles": doubles,
    "fields": unlawful_writes,
    "presence": absent,
    "apart": apart,
    "listening": unheard,
    "ping-pong": ping_pong,
    "budgets": too_many_calls,
    "questions": false_questions,
    "refused again": refused_again,
    "story": unexplained_values,
    "stages": misplaced,
    "promises": broken_promises,
    "replies": lost_replies,
    "handing": misgiven,
    "decided once": decided_twice,
    "erased": remembered,
    "drift": _drifted,
    "pages": _misshelved,
}


def judge(evidence: Evidence) -> list[str]:
    """All that is wrong, each line led by the invariant's name."""
    return [f"{name}: {wrong}" for name, holds in INVARIANTS.items() for wrong in dict.fromkeys(holds(evidence))]


def look(stage: Stage) -> None:
    """Hold the world to every invariant.

    Raises:
        Broken: with all that is wrong.
    """
    wrong = judge(gather(stage))
    if wrong:
        raise Broken("\n".join(wrong))
