"""Where somebody stands: a fold over what was ruled in their journey, and what it would be under another definition.

`standing` takes each ruling as it was made and never judges anew. `replayed` is the "what if": it forgets what was
ruled and judges what was seen, answered, dealt and touched under the definition it is given, criteria included.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.core.answering import leads_somewhere, opened
from connector.core.automatic import move, returning
from connector.core.definition import Definition
from connector.core.journey import Answered, Asked, Entry, Fired, Ruled
from connector.core.ledger import Ledger
from connector.core.lifecycle import Mover, Sighting, Standing
from connector.core.observing import News
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
    replay: _Replay | None = None
    for entry in entries:
        if not isinstance(entry.what, Ruled | Asked | Fired):
            replay = replay or _Replay(definition, entry, since)
            replay.take(entry)
    if replay is None:
        return Standing()
    replay.settle()
    if until is not None:
        replay.pass_until(until)
    return replay.ledger.course.standing()


class _Replay:
    """A journey being judged anew; `seen` waits for the answer that was given with it, which was heard first."""

    def __init__(self, definition: Definition, first: Entry, since: datetime | None) -> None:
        self.ledger = Ledger(definition, (), first.ref, first.at)
        self.since = since or first.at
        self.seen: News | None = None

    def take(self, entry: Entry) -> None:
        ledger, what = self.ledger, entry.what
        if self.seen is not None and not (isinstance(what, Answered) and self._was_said(entry)):
            self.settle()
        self.pass_until(entry.at)
        ledger.now = max(ledger.now, entry.at, entry.seen_at)
        self.seen = ledger.add(entry) or self.seen
        feedback = ledger.definition.feedback
        if isinstance(what, Answered) and feedback is not None:
            self._answered(entry, what, feedback.leads_to.get(what.verdict, ""))
        if self.seen is None:
            self._move_on()

    def settle(self) -> None:
        """Judge what was seen last."""
        if self.seen is not None:
            sight(self.ledger, self.seen)
            self.seen = None
            self._move_on()

    def pass_until(self, moment: datetime) -> None:
        """Let those come back whose day came before a moment."""
        back = returning(self.ledger)
        if back is not None and back[0] <= moment:
            self.ledger.now = max(self.ledger.now, back[0])
            self._move_on()

    def _was_said(self, entry: Entry) -> bool:
        """Whether an answer was written along with what was seen, and is not one by moving somebody."""
        if self.seen is None or entry.at != self.seen.entry.at or self.ledger.with_sales_since is None:
            return False
        made = opened(self.ledger, self.seen.entry.ref.side)
        return made is not None and made.verdict is not None

    def _answered(self, entry: Entry, what: Answered, stage: str) -> None:
        words = f"answered {what.verdict.value}"
        found = Sighting(entry.at, stage, Mover.SALES, words, what.reason, what.revisit, what.comment)
        if leads_somewhere(self.ledger, what.verdict, stage):
            self.ledger.rule(found, self.ledger.judge(found))

    def _move_on(self) -> None:
        for _ in range(_MOVES_MAX):
            if not move(self.ledger, self.since):
                return
