"""Policies at work: what a person's journey means for each promise, as turns of its clock.

A journey is walked once. A condition counts when it becomes true; one that asks about a touch, an answer or a deal
counts each time. Starts follow the edition in force; an open cycle keeps the edition it follows until one comes that
applies to open cycles too. Of conditions that hold at one instant cancel beats stop beats pause beats start, so a
promise that is void or kept as it begins never begins. Everything follows from (editions, journey), nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connector.core.clocks import judge
from connector.core.journey import Answered, Asked, Dealt, Entry, Fired, Ruled, Seen, Touched, What
from connector.core.policy import Book, Edition
from connector.core.situation import Situation
from connector.core.sla import Cycle, Turn
from connector.core.steered import Agreement
from connector.core.tracks import Moment, Track
from connector.core.verdicts import corrected, differences, due_actions, next_look, pressing

__all__ = ["EVER", "Scope", "corrected", "differences", "due_actions", "judge_all", "next_look", "pressing", "turns"]

_MINUTES = "%Y-%m-%d %H:%M UTC"
EVER = datetime.min.replace(tzinfo=UTC)

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

    def __init__(self, book: Book, scope: Scope) -> None:
        self._scope = scope
        self._tracks: dict[str, Track] = {}
        self._editions = iter(book[1:])
        self._ahead: Edition | None = next(self._editions, None)
        self._last = Situation()
        self._touched: tuple[datetime, str] | None = None
        self._offer(book[0])

    def step(self, entry: Entry, situation: Situation) -> None:
        """Take in an entry."""
        while self._ahead is not None and self._ahead.since <= entry.at:
            self._turn_page(self._ahead)
        if not isinstance(entry.what, (Asked, Fired)):
            moment = self._moment(entry, situation)
            for track in self._tracks.values():
                track.step(moment)
        if self._ahead is not None:
            self._last = _as_it_is(situation)

    def turns(self) -> dict[str, list[Turn]]:
        """All turns, those of editions that nothing has happened since as well."""
        while self._ahead is not None:
            self._turn_page(self._ahead)
        return {policy: track.turns for policy, track in self._tracks.items() if track.turns}

    def _turn_page(self, edition: Edition) -> None:
        """Another edition comes into force."""
        if edition.open_too:
            moment = Moment(edition.since, self._last, touched=self._touched)
            for policy, track in self._tracks.items():
                track.amend(edition.policies.get(policy), edition.version, moment)
        self._offer(edition)
        self._ahead = next(self._editions, None)

    def _offer(self, edition: Edition) -> None:
        for policy in self._tracks.keys() | edition.policies.keys():
            track = self._tracks.setdefault(policy, Track())
            track.offer(edition.policies.get(policy), edition.version, self._last)

    def _moment(self, entry: Entry, situation: Situation) -> Moment:
        what = entry.what
        touch = _touch(what, entry.at)
        if touch:
            self._touched = (entry.at, touch)
        return Moment(
            entry.at,
            situation,
            passing=isinstance(what, (Touched, Answered, Dealt)),
            starts=entry.at >= self._scope.since and not (isinstance(what, (Seen, Ruled)) and what.first),
            keeps=not isinstance(what, (Answered, Ruled)) or what.reason not in self._scope.unmet,
            touch=touch,
            act=_act(entry),
            told=f"told in {entry.ref.side.value} at {entry.at:{_MINUTES}}" if isinstance(what, Seen) else "",
            touched=self._touched,
        )


def _as_it_is(situation: Situation) -> Situation:
    """A situation that does not move on."""
    fields = {side: dict(values) for side, values in situation.fields.items()}
    return replace(situation, fields=fields, object=dict(situation.object), touch=None, answer=None, deal=None)


def _touch(what: What, at: datetime) -> str:
    if isinstance(what, Touched) and what.human and what.outbound:
        return f"{what.channel.value} out{f' by {what.by}' if what.by else ''} at {at:{_MINUTES}}"
    return ""


def _act(entry: Entry) -> str:
    """What somebody did, if the entry says so; a move that was refused is nothing done."""
    what = entry.what
    if isinstance(what, Answered):
        return f"{what.verdict.value}{f' by {what.by}' if what.by else ''} at {entry.at:{_MINUTES}}"
    if isinstance(what, Ruled) and not what.refused:
        return f"moved to {what.stage} by {what.by.value} at {entry.at:{_MINUTES}}"
    return ""
