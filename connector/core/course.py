"""Where somebody stands: a fold over what was ruled in their journey, and what it would be under another definition.

`standing` takes each ruling as it was made and never judges anew. `replayed` is the "what if": it forgets what was
ruled and judges what was seen, answered, dealt and touched under the definition it is given, criteria included.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.core.answering import leads_somewhere
from connector.core.automatic import move, returning
from connector.core.definition import Definition
from connector.core.journey import Answered, Asked, Entry, Fired, Ruled
from connector.core.ledger import Ledger
from connector.core.lifecycle import Mover, Sighting, Standing
from connector.core.sighting import sight
from connector.core.walking import Course, in_order, walk

__all__ = ["in_order", "replayed", "standing", "walk"]

_MOVES_MAX = (
    16  # by itself at one moment: more than any definition needs, and an end where two criteria chase each other
)


def standing(definition: Definition, entries: Iterable[Entry]) -> Standing:
    """Where somebody stands after these entries, sorted; as it was ruled at the time."""
    course = Course(definition)
    for entry in entries:
        course.take(entry)
    return course.standing()


def replayed(
    definition: Definition, entries: Iterable[Entry], since: datetime | None = None, until: datetime | None = None
) -> Standing:
    """Where somebody would stand after these entries, sorted, had this definition been in force all the time.

    What was ruled is forgotten and judged anew from what was seen, answered, dealt and touched. Handoffs and the
    bridge's own words are taken as they were.

    Args:
        definition: that is asked about.
        entries: a journey, in order.
        since: when the lifecycle began; a deal that was closed earlier moves nobody who was history.
        until: who could come back by themselves until then has; None: until the last entry.
    """
    ledger: Ledger | None = None
    for entry in entries:
        if isinstance(entry.what, Ruled | Asked | Fired):
            continue
        if ledger is None:
            ledger = Ledger(definition, (), entry.ref, entry.at)
        _return_until(ledger, entry.at, since or entry.at)
        _replay(ledger, entry)
        _move_on(ledger, since or ledger.entries[0].at)
    if ledger is None:
        return Standing()
    if until is not None:
        _return_until(ledger, until, since or ledger.entries[0].at)
    return ledger.course.standing()


def _replay(ledger: Ledger, entry: Entry) -> None:
    ledger.now = max(ledger.now, entry.at, entry.seen_at)
    news = ledger.add(entry)
    if news is not None:
        sight(ledger, news)
    feedback, what = ledger.definition.feedback, entry.what
    if isinstance(what, Answered) and feedback is not None:
        stage = feedback.leads_to.get(what.verdict, "")
        found = Sighting(entry.at, stage, Mover.SALES, f"answered {what.verdict.value}", what.reason, what.revisit)
        if leads_somewhere(ledger, what.verdict, stage):
            ledger.rule(found, ledger.judge(found))


def _return_until(ledger: Ledger, moment: datetime, since: datetime) -> None:
    """Let those come back whose day came before a moment."""
    back = returning(ledger)
    if back is not None and back[0] <= moment:
        ledger.now = max(ledger.now, back[0])
        _move_on(ledger, since)


def _move_on(ledger: Ledger, since: datetime) -> None:
    for _ in range(_MOVES_MAX):
        if not move(ledger, since):
            return
