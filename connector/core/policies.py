"""Policies at work: what a person's journey means for each promise, as turns of its clock.

A journey is walked once. A condition counts when it becomes true; one that asks about a touch, an answer or a deal
counts each time. Starts follow the edition in force; an open cycle keeps the edition it follows until one comes that
applies to open cycles too. Of conditions that hold at one instant cancel beats stop beats pause beats start, so a
promise that is void or kept as it begins never begins; what somebody does at that instant, told after the start, keeps
it at once. Everything follows from (editions, journey), nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress, product
from operator import attrgetter, ne

from connector.core.clocks import judge
from connector.core.journey import Answered, Dealt, Entry, Ruled, Seen, Told, Touched
from connector.core.moments import Moment
from connector.core.policy import Book, Edition
from connector.core.refs import Ref, Side
from connector.core.situation import Situation
from connector.core.sla import Cycle, Turn
from connector.core.steered import Agreement
from connector.core.tracks import Track
from connector.core.verdicts import corrected, differences, due_actions, next_look, pressing

__all__ = ["EVER", "Scope", "corrected", "differences", "due_actions", "judge_all", "next_look", "pressing", "turns"]

EVER = datetime.min.replace(tzinfo=UTC)

_WORDS = ("stage", "band", "persona", "owner", "loops", "handed")
_PLAIN = attrgetter("stage", "band", "persona", "owner", "loops", "handed_at")
_CHANGED = {which: frozenset(compress(_WORDS, which)) for which in product((False, True), repeat=len(_WORDS))}
_NOTHING: frozenset[str] = frozenset()
_PASSING: Mapping[type, frozenset[str]] = {
    Touched: frozenset({"touch"}),
    Answered: frozenset({"answer"}),
    Dealt: frozenset({"deal"}),
}
Step = tuple[Entry, Situation]  # an entry, and the situation it leads to


@dataclass(frozen=True, slots=True)
class Scope:
    """What counts.

    Attributes:
        since: what happened before starts no clock (`Agreement.since`).
        unmet: reasons whose answer keeps no promise of a disposition (`Reason.meets_sla`).
    """

    since: datetime = EVER
    unmet: frozenset[str] = frozenset()

    @classmethod
    def of(cls, agreement: Agreement) -> Scope:
        """What counts for those who agreed so."""
        feedback = agreement.definition.feedback
        reasons = feedback.reasons if feedback else {}
        return cls(agreement.since, frozenset(id_ for id_, reason in reasons.items() if not reason.meets_sla))


ALL = Scope()


def judge_all(book: Book, steps: Iterable[Step], now: datetime, scope: Scope = ALL) -> dict[str, tuple[Cycle, ...]]:
    """By policy, every cycle of a journey as it stands at `now`, oldest first; policies without one are left out."""
    judged = ((policy, judge(those, now)) for policy, those in turns(book, steps, scope).items())
    return {policy: cycles for policy, cycles in judged if cycles}


def turns(book: Book, steps: Iterable[Step], scope: Scope = ALL) -> dict[str, list[Turn]]:
    """By policy, all that bears on its clock, in the order of the journey.

    Args:
        book: all editions, in the order of `since`; the first holds for earlier times as well.
        steps: the journey in the order of its sources' time, each entry with the situation after it; the situation
            may be one object that moves on.
        scope: what counts.
    """
    if not book:
        return {}
    walk = _Walk(book, scope)
    for entry, situation in steps:
        walk.step(entry, situation)
    return walk.turns()


class _Walk:
    """A journey being walked: the tracks of all policies, and what they have in common."""

    __slots__ = ("_ahead", "_by_policy", "_editions", "_last", "_moment", "_plain", "_refs", "_since", "_tracks")

    def __init__(self, book: Book, scope: Scope) -> None:
        self._since = scope.since
        self._by_policy: dict[str, Track] = {}
        self._tracks: list[Track] = []
        self._editions = iter(book)
        self._ahead: Edition | None = None
        self._last: Situation | None = None
        self._moment = Moment(Situation(), scope.unmet)
        self._plain: tuple[object, ...] = _PLAIN(Situation())
        self._refs: dict[Side, Ref] = {}
        self._offer(next(self._editions))

    def step(self, entry: Entry, situation: Situation) -> None:
        """Take in an entry."""
        while self._ahead is not None and self._ahead.since <= entry.at:
            self._turn_page(self._ahead)
        moment = self._moment
        if self._notes(moment, entry, situation):
            what = entry.what
            moment.at, moment.entry, moment.situation = entry.at, entry, situation
            moment.starts = entry.at >= self._since and not (isinstance(what, (Seen, Ruled)) and what.first)
            for track in self._tracks:
                track.step(moment)
        if self._ahead is not None:
            self._last = _as_it_is(situation)

    def turns(self) -> dict[str, list[Turn]]:
        """All turns, those of editions that nothing has happened since as well."""
        while self._ahead is not None:
            self._turn_page(self._ahead)
        return {policy: track.turns for policy, track in self._by_policy.items() if track.turns}

    def _notes(self, moment: Moment, entry: Entry, situation: Situation) -> bool:
        """Whether an entry may change anything, noting in the moment what."""
        what, kind = entry.what, type(entry.what)
        moment.passing = kind in _PASSING
        if isinstance(what, Touched) and what.human and what.outbound:
            moment.touched = (entry.at, what)
        if moment.passing:
            moment.words, moment.fields = _PASSING[kind], _NOTHING
            return True
        plain = _PLAIN(situation)
        moment.words, moment.fields = _NOTHING, _NOTHING
        if plain != self._plain:
            moment.words = _CHANGED[tuple(map(ne, self._plain, plain))]
            self._plain = plain
        if isinstance(what, (Seen, Told)):
            moment.side, moment.fields = entry.ref.side, what.fields.keys()
            if self._refs.get(moment.side) != entry.ref:  # another record is theirs now, with values of its own
                self._refs[moment.side] = entry.ref
                moment.words = None
        return moment.words is None or bool(moment.words) or bool(moment.fields)

    def _turn_page(self, edition: Edition) -> None:
        """Another edition comes into force."""
        if edition.open_too and self._last is not None:
            moment = Moment(self._last, self._moment.unmet)
            moment.at, moment.touched = edition.since, self._moment.touched
            for policy, track in self._by_policy.items():
                track.amend(edition.policies.get(policy), edition.version, moment)
        self._offer(edition)

    def _offer(self, edition: Edition) -> None:
        for policy in dict.fromkeys((*self._by_policy, *edition.policies)):  # in order, so that ties fall alike
            if policy not in self._by_policy:
                self._by_policy[policy] = Track()
            self._by_policy[policy].offer(edition.policies.get(policy), edition.version, self._last)
        self._tracks = list(self._by_policy.values())
        self._ahead = next(self._editions, None)


def _as_it_is(situation: Situation) -> Situation:
    """A situation that does not move on."""
    fields = {side: dict(values) for side, values in situation.fields.items()}
    return replace(situation, fields=fields, object=dict(situation.object), touch=None, answer=None, deal=None)
