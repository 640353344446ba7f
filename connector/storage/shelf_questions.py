"""The reading copy, asked: what pages show, one question each over rows and indexes made for it.

Lists come in keyset pages, whose keys are the columns they are sorted by. Whoever asks says what time it is: an open
clock past its due time is late though nobody has looked at it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, func, literal, select, tuple_

from connector.core.refs import Ref
from connector.core.sla import State
from connector.storage import codec
from connector.storage.admin_tables import MOVED, OPEN, cycles, handoffs, passes, people

Rows = Sequence[Any]  # each a row of a question, its columns in the order the question names

_GoingOn = tuple[tuple[Any, ...], tuple[Any, ...] | None]  # columns a list is sorted by, and the last it has told

_NEVER = 1 << 62  # sorts what has no due time last
_ANSWERS_OWED = ("waiting", "asked")
_FACE = tuple(column for column in people.c if column.name not in ("name", "key", "words", "digest"))
_DUE = func.coalesce(cycles.c.due_at, literal(_NEVER, BigInteger))
_PLACE = (cycles.c.person, cycles.c.policy, cycles.c.number)
_WHO = (people.c.name, people.c.company)


def found(
    conn: Connection, words: Iterable[str], said: Mapping[str, str], after: tuple[str, str] | None, limit: int
) -> Rows:
    """The next people by name: name and key come first. said: what columns must say; `clock` "any": that any is open.

    words: in small letters; each must be part of what is searched.
    """
    statement = select(people.c.name, people.c.key, *_FACE).order_by(people.c.name, people.c.key).limit(limit)
    for name, wanted in said.items():
        column = people.c[name]
        statement = statement.where(column.is_not(None) if (name, wanted) == ("clock", "any") else column == wanted)
    for word in words:
        statement = statement.where(people.c.words.contains(word, autoescape=True))
    if after is not None:
        statement = statement.where(tuple_(people.c.name, people.c.key) > after)
    return conn.execute(statement).all()


def one(conn: Connection, ref: Ref) -> Any:
    """The person whom a record leads, as `found` has them; None: nobody."""
    statement = select(people.c.name, people.c.key, *_FACE).where(people.c.key == codec.key(ref))
    return conn.execute(statement).first()


def open_clocks(
    conn: Connection,
    said: Mapping[str, str],
    after: tuple[int, str, str, int] | None,
    now: datetime,
    limit: int,
) -> Rows:
    """The next open clocks by due time, with whose they are; what has no due time comes last.

    Each begins with its place: due_at or a time that never comes, person, policy, number. said: what columns must say.
    An index walks through what has a due time, and another part of it through what has none.
    """
    found: list[Any] = []
    if said.get("state") != State.PAUSED.value and (after is None or after[0] != _NEVER):
        found += _clocks(conn, said, now, ((cycles.c.due_at, *_PLACE), after), limit)
    if len(found) < limit:
        among_idle = after[1:] if after is not None and after[0] == _NEVER else None
        found += _clocks(conn, said, now, (_PLACE, among_idle), limit - len(found))
    return found


def _clocks(conn: Connection, said: Mapping[str, str], now: datetime, going_on: _GoingOn, limit: int) -> Rows:
    """Those with a due time, or those without one, in the order of a place."""
    place, after = going_on
    state, is_due = _state(now), place[0] is cycles.c.due_at
    told = (state, cycles.c.owner, cycles.c.team, cycles.c.persona, cycles.c.source, cycles.c.stage)
    statement = (
        select(_DUE, *_PLACE, *told, cycles.c.started_at, cycles.c.due_at, *_WHO)
        .join(people, people.c.key == cycles.c.person)
        .where(OPEN, cycles.c.due_at.is_not(None) if is_due else cycles.c.due_at.is_(None))
        .order_by(*place)
        .limit(limit)
    )
    for name, wanted in said.items():
        statement = statement.where((state if name == "state" else cycles.c[name]) == wanted)
    if after is not None:
        statement = statement.where(tuple_(*place) > after)
    if after is not None and is_due:
        statement = statement.where(cycles.c.due_at >= after[0])
    return conn.execute(statement).all()


def clocks_by_owner(conn: Connection, now: datetime) -> Rows:
    """Open clocks: owner, state, how many, when the first is due."""
    return _clocks_by(conn, cycles.c.owner, now)


def clocks_by_policy(conn: Connection, now: datetime) -> Rows:
    """Open clocks: policy, state, how many, when the first is due."""
    return _clocks_by(conn, cycles.c.policy, now)


def _clocks_by(conn: Connection, whose: ColumnElement[Any], now: datetime) -> Rows:
    state = _state(now)
    statement = select(whose, state, func.count(), func.min(cycles.c.due_at)).where(OPEN)
    return conn.execute(statement.group_by(whose, state)).all()


def owed_by_owner(conn: Connection) -> Rows:
    """Handoffs that wait for an answer: owner, how many."""
    statement = select(handoffs.c.owner, func.count()).where(handoffs.c.answer.in_(_ANSWERS_OWED))
    return conn.execute(statement.group_by(handoffs.c.owner)).all()


def standing(conn: Connection) -> Rows:
    """Where people stand: stage, band, how many."""
    statement = select(people.c.stage, people.c.band, func.count()).group_by(people.c.stage, people.c.band)
    return conn.execute(statement).all()


def cohorts(conn: Connection, since: datetime, until: datetime) -> Rows:
    """Who came to a stage in a window: stage, how many, of these onward, the first and the last time."""
    entered = passes.c.entered_at
    onward = func.sum(case((passes.c.onward, 1), else_=0))
    statement = select(passes.c.stage, func.count(), onward, func.min(entered), func.max(entered))
    return conn.execute(statement.where(MOVED, _within(entered, since, until)).group_by(passes.c.stage)).all()


def promises_due(conn: Connection, by: str, since: datetime, until: datetime, now: datetime) -> Rows:
    """Cycles due in a window: the column they are told by, state, whether they are open, how many."""
    column, state, still = cycles.c[by], _state(now), case((OPEN, 1), else_=0)
    statement = select(column, state, still, func.count()).where(_within(cycles.c.due_at, since, until))
    return conn.execute(statement.group_by(column, state, still)).all()


def promises_paused(conn: Connection, by: str, until: datetime) -> Rows:
    """Paused clocks that began before a moment: the column they are told by, how many."""
    column = cycles.c[by]
    paused = (OPEN, cycles.c.due_at.is_(None), cycles.c.state == State.PAUSED.value)
    statement = select(column, func.count()).where(*paused, cycles.c.started_at < codec.micros(until))
    return conn.execute(statement.group_by(column)).all()


def handed(conn: Connection, by: str, since: datetime, until: datetime) -> Rows:
    """Handoffs made in a window: the column they are told by, answer, outcome, class and reason, how many."""
    said = (handoffs.c[by], handoffs.c.answer, handoffs.c.outcome, handoffs.c.reason_class, handoffs.c.reason)
    statement = select(*said, func.count()).where(_within(handoffs.c.at, since, until))
    return conn.execute(statement.group_by(*said)).all()


def owed(conn: Connection, after: tuple[int, str, int] | None, limit: int) -> Rows:
    """The next handoffs that wait for an answer: at, person, number, owner, persona, source, answer, whose they are."""
    place = (handoffs.c.at, handoffs.c.person, handoffs.c.number)
    told = (handoffs.c.owner, handoffs.c.persona, handoffs.c.source, handoffs.c.answer)
    statement = (
        select(*place, *told, *_WHO)
        .join(people, people.c.key == handoffs.c.person)
        .where(handoffs.c.answer.in_(_ANSWERS_OWED))
        .order_by(*place)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*place) > after)
    return conn.execute(statement).all()


def _within(column: ColumnElement[Any], since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(column >= codec.micros(since), column < codec.micros(until))


def _state(now: datetime) -> ColumnElement[Any]:
    """The state of a cycle at a time that may be later than the last look; who acts at the very deadline is in time."""
    runs = and_(OPEN, cycles.c.state.in_((State.RUNNING.value, State.WARNED.value)))
    late = and_(runs, cycles.c.due_at < cast(codec.micros(now), BigInteger))
    return case((late, literal(State.BREACHED.value)), else_=cycles.c.state).label("state_now")
