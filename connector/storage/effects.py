"""What was set off: notices, tasks and webhooks, each a row under a key that no second one ever gets.

waiting -> sending -> done, failed, or unknown. A row is claimed by whoever is about to send it; the number of its
attempts is what `settle` recognises the claim by. Who dies while sending leaves `sending`: once its lease is over a
task, which its side never makes twice, waits again, and anything else becomes `unknown`, is shown to people, and is not
sent again by itself. Who was only slow may still say what became of it. Words are dropped once they have arrived.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Integer, Select, Text, Update, bindparam, case, delete, func, or_, select
from sqlalchemy import update as update_rows

from connector.core.policy import ActionKind
from connector.core.refs import Ref
from connector.core.steered import Effect
from connector.storage import codec
from connector.storage.asking import change, many, rows
from connector.storage.tables import effects
from connector.storage.upsert import adding, among, chunks


class State(StrEnum):
    """How far one is."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"  # surely not sent, tried often enough
    UNKNOWN = "unknown"  # may have been sent


SENT = frozenset({ActionKind.NOTIFY, ActionKind.TASK, ActionKind.WEBHOOK})  # others are moves within the journey
LEASE = timedelta(minutes=5)  # many times what sending takes
REPEATABLE = ActionKind.TASK  # its side makes one a key, however often it is asked
_NOTHING = orjson.dumps(("", "", {}))

_NOW = bindparam("_now", type_=BigInteger)
_KIND = effects.c.kind == bindparam("_kind")
_TO = func.coalesce(bindparam("_to", type_=Text), effects.c.target) == effects.c.target
_STATE = effects.c.state == bindparam("_state")
_DUE = (effects.c.state == State.WAITING.value, _KIND, effects.c.due_at <= _NOW)
_SHOWN = (
    effects.c.key,
    effects.c.kind,
    effects.c.target,
    effects.c.about,
    effects.c.words,
    effects.c.state,
    effects.c.due_at,
    effects.c.leased_until,
    effects.c.attempts,
    effects.c.added_at,
    effects.c.reason,
    effects.c.hint,
)
_NEXT = (
    select(effects.c.key)
    .where(*_DUE, _TO)
    .order_by(effects.c.due_at, effects.c.key)
    .limit(bindparam("_limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update_rows(effects)
    .where(effects.c.key.in_(_NEXT))
    .values(state=State.SENDING.value, leased_until=bindparam("_until"), attempts=effects.c.attempts + 1)
    .returning(*_SHOWN)
)
_OVER = (effects.c.state == State.SENDING.value, effects.c.leased_until <= _NOW)
_LEFT = select(effects.c.key).where(*_OVER).with_for_update(skip_locked=True)
_ANY_LEFT = select(effects.c.key).where(*_OVER).limit(1)
_ANY_DUE = select(effects.c.key).where(effects.c.state == State.WAITING.value, effects.c.due_at <= _NOW).limit(1)
_EXPIRE = (
    update_rows(effects)
    .where(effects.c.key.in_(_LEFT))
    .values(
        state=case((effects.c.kind == REPEATABLE.value, State.WAITING.value), else_=State.UNKNOWN.value),
        reason=bindparam("_reason"),
        hint=bindparam("_hint"),
    )
    .returning(*_SHOWN)
)
_SETTLE = (
    update_rows(effects)
    .where(
        effects.c.key == bindparam("_key"),
        effects.c.attempts == bindparam("_attempts"),
        or_(effects.c.state == State.SENDING.value, effects.c.state == State.UNKNOWN.value),
    )
    .values(
        state=bindparam("_state"),
        due_at=func.coalesce(bindparam("_due", type_=BigInteger), effects.c.due_at),
        words=func.coalesce(bindparam("_words", type_=effects.c.words.type), effects.c.words),
        reason=bindparam("_reason"),
        hint=bindparam("_hint"),
    )
)
_OURS = select(effects.c.key).where(among(effects.c.about)).order_by(effects.c.key).with_for_update()
_FORGET = delete(effects).where(effects.c.key.in_(_OURS))
_BY_TARGET = select(effects.c.target, func.count()).where(*_DUE).group_by(effects.c.target)
_COUNTS = select(effects.c.state, func.count()).group_by(effects.c.state)
_PAGE: Select[Any] = (
    select(*_SHOWN)
    .where(_STATE, effects.c.key > bindparam("_after", type_=Text), _TO)
    .order_by(effects.c.key)
    .limit(bindparam("_limit", type_=Integer))
)
_NEXT_DUE = select(func.min(effects.c.due_at)).where(effects.c.state == State.WAITING.value)
_DECIDED: Update = update_rows(effects).where(among(effects.c.key), _STATE)


@dataclass(frozen=True, slots=True)
class Stored:
    """An effect as it stands. `key` names it, the record included; `effect.key` is what the core called it."""

    key: str
    effect: Effect
    state: State
    due_at: datetime
    leased_until: datetime
    attempts: int
    added_at: datetime
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claim. due_at: when it may be tried again, of one that waits."""

    claim: Stored
    state: State
    reason: str = ""
    hint: str = ""
    due_at: datetime | None = None


def name(effect: Effect) -> str:
    """What no second one is ever called: the record and the effect's own key."""
    return f"{codec.key(effect.about)} {effect.key}"


def add(conn: Connection, new: Iterable[Effect], now: datetime) -> int:
    """Have effects sent, unless they ever were set off; what is no message (`SENT`) is passed over. How many are new.

    One call a transaction: rows are locked in the order of their keys, so that two workers take turns.
    """
    named = {name(effect): effect for effect in new if effect.kind in SENT}
    at = codec.micros(now)
    fixed = {"due_at": at, "added_at": at, "leased_until": 0, "attempts": 0, "reason": "", "hint": ""}
    fixed["state"] = State.WAITING.value
    return many(conn, adding(conn, effects), [{**fixed, "key": key, **_row(named[key])} for key in sorted(named)])


def claim(conn: Connection, kind: ActionKind, now: datetime, limit: int, to: str | None = None) -> list[Stored]:
    """Take up to `limit` that are due, to one address or any, the longest due first; they are `sending` for `LEASE`."""
    until = codec.micros(now + LEASE)
    claimed = rows(conn, _CLAIM, _kind=kind.value, _to=to, _now=codec.micros(now), _until=until, _limit=limit)
    return sorted(map(_stored, claimed), key=lambda one: (one.due_at, one.key))


def settle(conn: Connection, settled: Sequence[Settled]) -> int:
    """Say what became of claims; one that somebody else has taken since, or whose person is erased, is left alone."""
    ordered = sorted(settled, key=lambda one: one.claim.key)
    return many(conn, _SETTLE, [_settled(one) for one in ordered])


def pending(conn: Connection, now: datetime) -> bool:
    """Whether there is anything to do: some are due, or were left by whoever was sending them."""
    return any(rows(conn, asked, _now=codec.micros(now)) for asked in (_ANY_DUE, _ANY_LEFT))


def left(conn: Connection, now: datetime) -> bool:
    """Whether there are claims whose lease is over."""
    return bool(rows(conn, _ANY_LEFT, _now=codec.micros(now)))


def expire(conn: Connection, now: datetime, reason: str, hint: str) -> list[Stored]:
    """End the leases that are over, and say of which: a task waits again, of anything else nobody knows."""
    return [_stored(row) for row in rows(conn, _EXPIRE, _now=codec.micros(now), _reason=reason, _hint=hint)]


def due(conn: Connection, kind: ActionKind, now: datetime) -> dict[str, int]:
    """How many of a kind are due, by address; addresses without any are left out."""
    return dict(map(tuple, rows(conn, _BY_TARGET, _kind=kind.value, _now=codec.micros(now))))


def next_due(conn: Connection) -> datetime | None:
    """When the next one that waits is due; None when none waits."""
    (row,) = rows(conn, _NEXT_DUE)
    return None if row[0] is None else codec.moment(row[0])


def counts(conn: Connection) -> dict[State, int]:
    """How many there are in each state; states without any are left out."""
    return {State(state): number for state, number in rows(conn, _COUNTS)}


def listed(conn: Connection, state: State, limit: int = 100, after: str = "", to: str | None = None) -> list[Stored]:
    """The next ones in a state by key, to one address or any, for people to look at."""
    return [_stored(row) for row in rows(conn, _PAGE, _state=state.value, _limit=limit, _after=after, _to=to)]


def decide(conn: Connection, keys: Collection[str], was: State, now: datetime, *, again: bool) -> int:
    """What a person says of failed or unknown ones: send them again, or let them rest. How many were still `was`."""
    new = {"state": State.WAITING.value, "due_at": codec.micros(now)} if again else {"state": State.DONE.value}
    statement = _DECIDED.values(new if again else {**new, "words": _NOTHING})
    return sum(change(conn, statement, among=portion, _state=was.value) for portion in chunks(sorted(keys)))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove every effect about these records: the words are about people."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)


def _row(effect: Effect) -> dict[str, Any]:
    words = orjson.dumps((effect.subject, effect.body, dict(effect.facts)))
    return {"kind": effect.kind.value, "target": effect.to, "about": codec.key(effect.about), "words": words}


def _settled(one: Settled) -> dict[str, Any]:
    return {
        "_key": one.claim.key,
        "_attempts": one.claim.attempts,
        "_state": one.state.value,
        "_due": None if one.due_at is None else codec.micros(one.due_at),
        "_words": _NOTHING if one.state is State.DONE else None,
        "_reason": one.reason,
        "_hint": one.hint,
    }


def _stored(row: Sequence[Any]) -> Stored:
    key, kind, to, about, words, state, due_at, leased_until, attempts, added_at, reason, hint = row
    subject, body, facts = orjson.loads(words)
    record = codec.ref(about)
    effect = Effect(key.removeprefix(f"{about} "), ActionKind(kind), to, record, subject, body, facts)
    times = codec.moment(due_at), codec.moment(leased_until)
    return Stored(key, effect, State(state), *times, attempts, codec.moment(added_at), reason, hint)
