"""A journey that is being added to: what has come of it stays true after every new entry.

Entries count in the order of the sources' time, so one that was late at its source goes in between, and all is told
again from the beginning. Then the next pass, which reads the same entries from the store, comes to the same end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from connector.core.definition import Definition
from connector.core.journey import Dealt, Entry, Named, Ruled, Seen, Touched, What
from connector.core.lifecycle import Kind, Mover, Need, Sighting, unlawful
from connector.core.observing import Hearing, News
from connector.core.refs import Ref
from connector.core.walking import MOMENTARY, Course, in_order

RECENT = timedelta(minutes=10)  # what was learnt longer ago did not bring about what is decided now
_RAW = frozenset({Seen, Touched, Dealt, Named})


class Ledger:
    """A journey with all that has come of it.

    Attributes:
        entries: all of it, in order; new: what was added, in the order of adding.
        course, hearing: after the last entry.
        deals: the latest of each deal.
        ref: the record that decisions are kept with.
        last: what was learnt last, in the order of the sources' time.
    """

    def __init__(self, definition: Definition, journey: Iterable[Entry], ref: Ref, now: datetime) -> None:
        self.definition, self.ref, self.now = definition, ref, now
        self.new: list[Entry] = []
        self.entries = list(journey)
        self._begin()
        for entry in self.entries:
            self._take(entry)

    def add(self, entry: Entry) -> News | None:
        """Take in one more; the news, where it is some."""
        self.new.append(entry)
        late = bool(self.entries) and entry.at < self.entries[-1].at
        self.entries.append(entry)
        if not late:
            return self._take(entry)
        self.entries = in_order(self.entries)
        self._begin()
        news = [(one, self._take(one)) for one in self.entries]
        return next(told for one, told in news if one is entry)

    def say(self, what: What, at: datetime, key: str) -> None:
        """Add a decision. The number in its key is of those the person has had, or the next that is free."""
        self.add(Entry(self.ref, min(at, self.now), self.now, what, self._free(key)))

    def rule(self, found: Sighting, refused: str = "", *, first: bool = False) -> None:
        """Keep what became of a sighting: it was made, or refused."""
        start = self.course.situation.stage
        move = self.definition.lifecycle.moves.get((start, found.stage))
        made = None if refused or not start else move.kind if move else Kind.FORWARD
        ruled = Ruled(
            stage=found.stage,
            by=found.by,
            kind=made,
            refused=refused,
            evidence=found.evidence,
            reason=found.reason,
            revisit=found.revisit,
            comment=found.comment,
            version=self.definition.version,
            start=start,
            first=first,
        )
        self.say(ruled, found.at, f"ruled:{self.course.rulings}")

    def judge(self, found: Sighting) -> str:
        """Why a sighting is refused; "" where it is lawful."""
        stay, lifecycle = self.course.stay, self.definition.lifecycle
        if stay is not None and found.at < stay[0].at:
            return f"somebody has moved them to {self.name(stay[1].stage)} since"
        standing = self.course.situation.stage
        return unlawful(lifecycle, standing if standing in lifecycle.stages else None, found)

    def needs(self, stage: str) -> frozenset[Need]:
        """What the move to a stage must bring along."""
        move = self.definition.lifecycle.moves.get((self.course.situation.stage, stage))
        return move.needs if move else frozenset()

    def rank(self, stage: str) -> int:
        """How far along a stage is; 0 beside the path."""
        return self.definition.ranks.get(stage, 0)

    @property
    def handed_at(self) -> datetime | None:
        """When they were handed over in the pass that lasts; None: they were not."""
        handed, began = self.course.situation.handed_at, self.course.began_at
        return handed if handed is not None and (began is None or handed >= began) else None

    @property
    def with_sales_since(self) -> datetime | None:
        """Since when sales has had them: handed over, taken up by a rep, or from before the lifecycle; None: never."""
        if self.handed_at is not None:
            return self.handed_at
        began = self.course.began_at
        taken = (entry.at for entry, one, _ in self.course.made if one.first or one.by is Mover.SALES)
        return next((at for at in taken if began is not None and at >= began), None)

    def attempts(self) -> int:
        """Touches by a human since sales has had them."""
        since = self.with_sales_since
        return sum(one.outbound and one.human and at >= since for at, one in self.course.touches) if since else 0

    def when(self, entry: Entry | None) -> datetime:
        """The moment of a decision that an entry brought about: the source's, unless it is known for longer."""
        recent = entry is not None and self.now - entry.seen_at <= RECENT
        at = entry.at if entry is not None and recent else self.now
        stay = self.course.stay
        return max(at, stay[0].at) if stay else at

    def name(self, stage: str) -> str:
        """A stage as people call it; one that there is no more by its id."""
        known = self.definition.lifecycle.stages.get(stage)
        return known.name if known else stage

    def _free(self, key: str) -> str:
        """A key that no decision of this record has: some were numbered while another record was theirs as well."""
        sort, _, number = key.partition(":")
        if number.isdecimal():
            taken = {entry.key for entry in self.entries if entry.ref == self.ref}
            while key in taken:
                number = str(int(number) + 1)
                key = f"{sort}:{number}"
        return key

    def _begin(self) -> None:
        self.course, self.hearing = Course(self.definition), Hearing(self.definition)
        self.deals: dict[str, Entry] = {}
        self.last: Entry | None = None

    def _take(self, entry: Entry) -> News | None:
        self.course.take(entry)
        what = entry.what
        if type(what) in MOMENTARY:
            self.course.rest()
            if isinstance(what, Dealt):
                self.deals[what.deal] = entry
        if type(what) in _RAW:
            self.last = entry
        return self.hearing.take(entry)
