"""What changed: one composite call polls all objects; nothing is lost at equal stamps, page edges or late commits.

A poll asks per object for the rows stamped since shortly before the watermark (Salesforce's own time when the last poll
began), and for the *number* of rows in the ten minutes before. A transaction shows its rows when it commits, up to ten
minutes after stamping them: when another number was observed, those minutes are read again (Salesforce fact sheet 3.2).
A number is blind where an observed row is stamped anew, late; so what has grown ten minutes old and can change its past
no more is read once again, five minutes at a time, where anything was observed at all. Where few were observed since
then, all of it is read with every poll instead: one query an object, and nothing to count. What does not fit one page
is a span in the cursor, walked by (stamp, id), so that neither a crash nor an expired locator loses anything:

    cursor = {object: {"stamp": watermark, "settled": read for good until then, "spans": [[from, id, before, count]]}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connector.core.readings import Reading
from connector.errors import Transient
from connector.ports import Changes, Cursor, Known, View
from connector.salesforce import faults, soql
from connector.salesforce.api import Api
from connector.salesforce.reads import VANISHED, Reader
from connector.salesforce.rounds import LATE, MULTIPLE, Rounds
from connector.salesforce.rows import Lens, moment_of
from connector.salesforce.shapes import Shapes

AGAIN: Final = timedelta(seconds=5)  # read again with every poll: clocks and whole-second stamps
SETTLING: Final = timedelta(seconds=300)  # how much is read for good at a time
QUERIES_MAX: Final = 5  # queries in one composite call (fact sheet 1.5)
QUIET_ROWS: Final = 200  # observed in the ten minutes: so many are read again rather than counted by a query more
NOT_COUNTED: Final = -1
Replies = Sequence[Mapping[str, Any]]  # as `Rounds` tells them: status and body of each part


@dataclass(frozen=True, slots=True)
class Span:
    """Rows still to be read: stamped from `begin` on, behind `last_id` at equal stamps, before `end` if given.

    With a `count` they are read only if another number of them has been observed.
    """

    begin: datetime
    last_id: str = ""
    end: datetime | None = None
    count: int | None = None

    def stored(self) -> list[str | int | None]:
        """As JSON, for the cursor."""
        return [self.begin.isoformat(), self.last_id, self.end.isoformat() if self.end else None, self.count]

    @classmethod
    def told(cls, stored: Sequence[Any]) -> Span:
        """The span a cursor tells of."""
        begin, last_id, end, count = stored
        return cls(_moment(begin), last_id, _moment(end) if end else None, count)

    def observed(self, obj: str, known: Known) -> bool:
        """Whether as many rows of it have been observed as there are."""
        return self.count is not None and self.end is not None and known(obj, self.begin, self.end) == self.count

    def conditions(self) -> tuple[str, ...]:
        """The span in SOQL."""
        before = f"SystemModstamp < {soql.moment(self.end)}" if self.end else ""
        return (soql.after(self.begin, self.last_id), before)


@dataclass(frozen=True, slots=True)
class Place:
    """How far one object has been read."""

    stamp: datetime
    settled: datetime
    spans: tuple[Span, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As JSON, for the cursor."""
        spans = [span.stored() for span in self.spans]
        return {"stamp": self.stamp.isoformat(), "settled": self.settled.isoformat(), "spans": spans}

    def without_observed(self, obj: str, known: Known) -> Place:
        """The place without a first span that has been observed whole."""
        return replace(self, spans=self.spans[1:]) if self.spans and self.spans[0].observed(obj, known) else self

    def settled_until(self, began: datetime, spans: Sequence[Span]) -> Place:
        """The place after a poll that began then and read all that was not settled, but for these spans."""
        return Place(max(self.stamp, began), max(self.settled, began - LATE), tuple(spans))

    def advanced(self, obj: str, began: datetime, spans: Sequence[Span], known: Known) -> Place:
        """The place after a poll that began then and left these spans to be read."""
        stamp = max(self.stamp, began)
        border = began - LATE
        if border - self.settled < SETTLING:
            return Place(stamp, self.settled, tuple(spans))
        end = min(border, self.stamp)  # what lies behind was more than ten minutes old when this poll read it
        again = (Span(self.settled, "", end),) if end > self.settled and known(obj, self.settled, end) else ()
        return Place(stamp, border, (*spans, *again))

    @classmethod
    def told(cls, stored: Mapping[str, Any]) -> Place:
        """The place a cursor tells of."""
        spans = tuple(Span.told(span) for span in stored["spans"])
        return cls(_moment(stored["stamp"]), _moment(stored["settled"]), spans)


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a poll: rows of a span, or only their number."""

    view: View
    span: Span
    counting: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one question. `onward`: the rest of its span, when it did not fit one page."""

    readings: Sequence[Reading] = ()
    total: int = 0
    onward: Span | None = None


class Poller:
    """The listening part of the port."""

    def __init__(self, api: Api, shapes: Shapes, reader: Reader) -> None:
        self._rounds = Rounds(api, "changes")
        self._shapes = shapes
        self._reader = reader

    def changes(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> Changes:
        """One portion; see `ports.Crm.changes`. Raises as `Api.send`."""
        if not views:
            return Changes((), cursor or {}, more=False)
        places = {obj: Place.told(stored) for obj, stored in (cursor or {}).items()}
        if not all(view.object in places for view in views):
            places |= self._started([view for view in views if view.object not in places])
            return _portion([], places, more=cursor is not None)
        if any(places[view.object].spans for view in views):
            return self._caught_up(views, places, known)
        return self._polled(views, places, known)

    def _started(self, views: Sequence[View]) -> dict[str, Place]:
        """New objects begin now, by Salesforce's time; any answer tells it."""
        now = self._rounds.now()
        return {view.object: Place(now, now - LATE) for view in views}

    def _caught_up(self, views: Sequence[View], places: dict[str, Place], known: Known) -> Changes:
        """One more page of the first span of each object; spans that turn out to be observed are let go."""
        for view in views:
            places[view.object] = places[view.object].without_observed(view.object, known)
        behind = [view for view in views if places[view.object].spans]
        if not behind:
            return _portion([], places, more=False)
        _, answers = self._asked([Question(view, places[view.object].spans[0]) for view in behind])
        for view, found in zip(behind, answers, strict=True):
            place = places[view.object]
            rest = (found.onward,) if found.onward else ()
            places[view.object] = replace(place, spans=(*rest, *place.spans[1:]))
        more = any(places[view.object].spans for view in behind)
        return _portion([reading for found in answers for reading in found.readings], places, more=more)

    def questions(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> list[Question] | None:
        """What a poll asks; None when it must not be a plain one: something begins now, or is still to be caught up."""
        places = {obj: Place.told(stored) for obj, stored in (cursor or {}).items()}
        if not views or not all(view.object in places and not places[view.object].spans for view in views):
            return None
        return self._questions(views, places, known)

    def concluded(
        self, questions: Sequence[Question], replies: Replies, began: datetime, cursor: Cursor, known: Known
    ) -> Changes:
        """The portion that follows from good replies to these questions of a poll that began then."""
        places = {obj: Place.told(stored) for obj, stored in cursor.items()}
        answers = [self._found(question, reply) for question, reply in zip(questions, replies, strict=True)]
        return self._concluded(list(zip(questions, answers, strict=True)), places, began, known)

    def _questions(self, views: Sequence[View], places: Mapping[str, Place], known: Known) -> list[Question]:
        """The newest rows of each object, and how many there are behind them; or all of them where they are few."""
        questions: list[Question] = []
        for view in views:
            place = places[view.object]
            if known(view.object, place.settled, place.stamp - AGAIN) <= QUIET_ROWS:
                questions.append(Question(view, Span(place.settled)))
            else:
                fresh = Question(view, Span(place.stamp - AGAIN))
                questions += [fresh, Question(view, _late(place.stamp), counting=True)]
        return sorted(questions, key=lambda question: question.counting)

    def _polled(self, views: Sequence[View], places: dict[str, Place], known: Known) -> Changes:
        questions = self._questions(views, places, known)
        began, answers = self._asked(questions)
        return self._concluded(list(zip(questions, answers, strict=True)), places, began, known)

    def _concluded(
        self, answered: Sequence[tuple[Question, Found]], places: dict[str, Place], began: datetime, known: Known
    ) -> Changes:
        counted = {question.view.object: found.total for question, found in answered if question.counting}
        rows = {question.view.object: found for question, found in answered if not question.counting}
        for obj, found in rows.items():
            place = places[obj]
            spans = [found.onward] if found.onward else []
            if obj not in counted:
                places[obj] = place.settled_until(began, spans)
            else:
                window = replace(_late(place.stamp), count=counted[obj])
                # Compared after new rows were observed: a row that was edited has left the window, and until that is
                # known it would make up for a late one.
                if found.readings or not window.observed(obj, known):
                    spans.append(window)
                places[obj] = place.advanced(obj, began, spans, known)
        readings = [reading for found in rows.values() for reading in found.readings]
        return _portion(readings, places, more=any(places[obj].spans for obj in rows))

    def _asked(self, questions: Sequence[Question]) -> tuple[datetime, list[Found]]:
        """The answers in order, five questions a call, and Salesforce's time when the first call began."""
        began: datetime | None = None
        answers: list[Found] = []
        for begin in range(0, len(questions), QUERIES_MAX):
            portion = questions[begin : begin + QUERIES_MAX]
            at, found = self._composite(portion)
            began = began or at
            answers.extend(found)
        assert began is not None
        return began, answers

    def _composite(self, questions: Sequence[Question]) -> tuple[datetime, list[Found]]:
        """One composite call; a field that has vanished is left out and the call made again, once for each object."""
        for _ in range(len(questions) + 1):
            at, replies = self._rounds.ask([self.path(question) for question in questions])
            bad = _vanished(questions, replies)
            if bad is None or not self._shapes.miss(bad.object, list(bad.fields)):
                break
        return at, [self._found(question, reply) for question, reply in zip(questions, replies, strict=True)]

    def path(self, question: Question) -> str:
        """The query of a question, below the API's root."""
        obj, conditions = question.view.object, question.span.conditions()
        if question.counting:
            return soql.query_path(soql.count(obj, *conditions), deleted=True)
        names = self._reader.names(question.view)
        return soql.query_path(soql.select(names, obj, *conditions, order="SystemModstamp, Id"), deleted=True)

    def _found(self, question: Question, reply: Mapping[str, Any]) -> Found:
        if question.counting:
            return Found(total=_total(reply))
        body = self._rounds.checked(reply, question.view.object)
        lens = Lens(question.view, self._reader.names(question.view))
        rows = body["records"]
        onward = None
        if not body.get("done", True) and rows:
            onward = Span(_stamp(rows[-1]), rows[-1]["Id"], question.span.end)
        return Found([lens.reading(row) for row in rows], onward=onward)


def _vanished(questions: Sequence[Question], replies: Sequence[Mapping[str, Any]]) -> View | None:
    """The view of the first query that named a field which is not there."""
    for question, reply in zip(questions, replies, strict=True):
        found = faults.faults_of(reply["body"]) if reply["httpStatusCode"] >= MULTIPLE else ()
        if found and found[0].code in VANISHED:
            return question.view
    return None


def _total(reply: Mapping[str, Any]) -> int:
    """The number told; where none is told one that no observation matches, so that the rows themselves are read."""
    return int(reply["body"].get("totalSize", NOT_COUNTED)) if reply["httpStatusCode"] < MULTIPLE else NOT_COUNTED


def _late(stamp: datetime) -> Span:
    return Span(stamp - LATE, "", stamp - AGAIN)


def _portion(readings: Sequence[Reading], places: Mapping[str, Place], *, more: bool) -> Changes:
    return Changes(readings, {obj: place.stored() for obj, place in places.items()}, more)


def _stamp(row: Mapping[str, Any]) -> datetime:
    at = moment_of(row["SystemModstamp"])
    if at is None:
        raise Transient("Salesforce listed a row without SystemModstamp; it is asked again")
    return at


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
