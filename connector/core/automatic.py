"""What moves people by itself: criteria that hold, deals, and the day on which somebody may come back.

A criterion moves whoever may be moved so; but who was history, sent back, recycled or disqualified is moved only by
something that became so afterwards, or a rep's word would not last for one pass. A way back is taken by criteria only
where those of the stage they are in no longer hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from connector.core import feedback as answers
from connector.core.journey import Answered, Dealt, Entry, Seen, Touched
from connector.core.ledger import Ledger
from connector.core.lifecycle import Kind, Mover, Sighting
from connector.core.situation import Question
from connector.core.walking import Course

_Moments = Iterator[tuple[datetime, str]]
_AGAINST = frozenset({Kind.BACKWARD, Kind.RECYCLE, Kind.DISQUALIFY})  # moves that criteria do not undo at once


def move(ledger: Ledger, since: datetime) -> bool:
    """Make the first move that is due by itself; whether there was one. since: when the lifecycle began."""
    found = next(_due(ledger, since), None)
    if found is None:
        return False
    history = ledger.course.stay is None and any(
        isinstance(one.what, Seen) and one.what.first for one in ledger.entries
    )
    ledger.rule(found, first=history)
    return True


def returning(ledger: Ledger) -> tuple[datetime, str] | None:
    """When, and to which stage, they come back by themselves; None: never."""
    stay, feedback = ledger.course.stay, ledger.definition.feedback
    if stay is None or feedback is None or stay[1].kind not in _AGAINST:
        return None
    entry, ruled, _ = stay
    last = ledger.course.answer
    given = last.what if last is not None else None
    told = given if isinstance(given, Answered) and given.reason and ruled.reason else ruled
    reason = feedback.reasons.get(told.reason)
    due = answers.returns_on(feedback, told.reason, told.revisit, entry.at)
    if reason is None or due is None:
        return None
    if reason.loops_max is not None and ledger.course.situation.loops > reason.loops_max:
        return None
    found = Sighting(max(due, entry.at), reason.re_enter, Mover.AUTOMATIC, reason=told.reason, revisit=due.date())
    return None if ledger.judge(found) else (due, reason.re_enter)


def _due(ledger: Ledger, since: datetime) -> Iterator[Sighting]:
    back = returning(ledger)
    if back is not None and back[0] <= ledger.now:
        words = f"{back[0]:%Y-%m-%d} has come, the day to come back"
        yield Sighting(ledger.when(None), back[1], Mover.AUTOMATIC, words, revisit=back[0].date())
    definition, standing = ledger.definition, ledger.course.situation.stage
    if ledger.deals:
        own = definition.deals.get(standing)
        stands = own is None or any(True for _ in _dealt(ledger, own, since))
        for stage, question in definition.deals.items():
            yield from _lawful(ledger, stage, _dealt(ledger, question, since), stands=stands)
    own = definition.criteria.get(standing)
    stands = own is None or own.holds(ledger.course.situation)
    for stage, question in definition.criteria.items():
        yield from _lawful(ledger, stage, _held(ledger, question), stands=stands)


def _lawful(ledger: Ledger, stage: str, moments: _Moments, *, stands: bool) -> Iterator[Sighting]:
    """The first of these moments as a sighting, where a rule may move them there.

    stands: what would bring them to the stage they are in holds still, or there is nothing that would.
    """
    standing = ledger.course.situation.stage
    if stage == standing or ledger.judge(Sighting(ledger.now, stage, Mover.AUTOMATIC)):
        return
    way = ledger.definition.lifecycle.moves.get((standing, stage))
    if way is not None and way.kind is Kind.BACKWARD and stands:
        return
    moment = next(moments, None)
    if moment is not None:
        yield Sighting(moment[0], stage, Mover.AUTOMATIC, moment[1])


def _held(ledger: Ledger, question: Question) -> _Moments:
    """When a criterion came to hold, as far as that moves somebody where they are."""
    words = f"criteria hold: {question.text}"
    if question.momentary:
        for entry in _moments(ledger, question):
            yield ledger.when(entry), words
    elif question.holds(ledger.course.situation) and _is_new(ledger, question):
        yield ledger.when(ledger.last), words


def _is_new(ledger: Ledger, question: Question) -> bool:
    """Whether it may count: it became so after a move that it would undo, or its fields changed since history."""
    stay = ledger.course.stay
    if stay is None or not (stay[1].first or stay[1].kind in _AGAINST):
        return True
    if stay[1].first and question.fields:
        return any(
            isinstance(entry.what, Seen)
            and not question.fields.get(entry.ref.side, {}).keys().isdisjoint(entry.what.fields)
            for entry in _since(ledger, stay[0])
        )
    return _became_so(ledger, question, stay[0])


def _became_so(ledger: Ledger, question: Question, stay: Entry) -> bool:
    """Whether it did not hold at some moment of the stay; it holds now."""
    course, within = Course(ledger.definition), False
    for entry in ledger.entries:
        course.take(entry)
        course.rest()
        within = within or entry is stay
        if within and not question.holds(course.situation):
            return True
    return False


def _moments(ledger: Ledger, question: Question) -> Iterator[Entry]:
    """The touches and answers of the stay at which it held."""
    stay = ledger.course.stay
    course, within = Course(ledger.definition), stay is None
    for entry in ledger.entries:
        course.take(entry)
        if within and isinstance(entry.what, Touched | Answered | Dealt) and question.holds(course.situation):
            yield entry
        course.rest()
        within = within or (stay is not None and entry is stay[0])


def _dealt(ledger: Ledger, question: Question, since: datetime) -> _Moments:
    """When a deal came to be so. What was closed before this pass, or before a move that it would undo, is over."""
    stay, began = ledger.course.stay, ledger.course.began_at
    for entry in ledger.deals.values():
        dealt = entry.what
        assert isinstance(dealt, Dealt)
        over = dealt.closed and began is not None and entry.at < began
        if stay is not None and stay[1].first:
            over = over or entry.at < since
        elif stay is not None and stay[1].kind in _AGAINST:
            over = over or entry.at <= stay[0].at
        if not over and question.holds(replace(ledger.course.situation, deal=dealt)):
            yield ledger.when(entry), f"deal {dealt.deal}: {question.text}"


def _since(ledger: Ledger, stay: Entry) -> list[Entry]:
    place = next(number for number, entry in enumerate(ledger.entries) if entry is stay)
    return ledger.entries[place + 1 :]
