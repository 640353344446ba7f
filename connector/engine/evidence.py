"""What people did with records: calls, mails, meetings and deals, taken into the journeys of whose they are.

Asked of both sides like what changed, from a cursor on with windows that overlap; an activity told twice is recognised
by its key. Entries, marks and the cursor are stored in one transaction, so that a crash repeats a portion and loses
none. Nothing is asked where nothing in the agreement wants to know, and nobody who was erased is written of again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from connector.core.journey import Entry
from connector.core.policy import Book, Policy
from connector.core.refs import Side
from connector.core.situation import Question
from connector.core.steered import Agreement
from connector.engine.bridge import Bridge
from connector.engine.erase import fingerprint
from connector.engine.hot import hasten
from connector.engine.run import Run
from connector.ports import Cursor, Evidence
from connector.storage import dirty, journeys, state, tombstones

_CURSOR = "evidence:"  # of names in storage.state


def take_in(bridge: Bridge, run: Run) -> int:
    """Ask both sides until each says that is all; how many entries are new. What a side withholds is kept for `run`."""
    taken = bridge.together(lambda side: take_in_side(bridge, side))
    for one in taken.values():
        run.withheld.update(one.withheld)
    return sum(one.news for one in taken.values())


@dataclass(frozen=True, slots=True)
class Taken:
    """What asking one side brought: entries that are new, and of which objects it will not tell, and why."""

    news: int = 0
    withheld: Mapping[tuple[Side, str], str] = field(default_factory=dict)


def take_in_side(bridge: Bridge, side: Side) -> Taken:
    """Ask one side until it says that is all; nothing is asked where nothing in the agreement wants to know."""
    objects = asked_about(bridge, side)
    return catch_up(bridge, side, objects, cursor_of(bridge, side)) if objects else Taken()


def asked_about(bridge: Bridge, side: Side) -> Sequence[str]:
    """The objects of a side of whose records anything wants to know what people did; none where nothing does."""
    agreement = bridge.agreement
    return _objects(bridge, agreement, side) if agreement and asks_for_evidence(agreement) else ()


def cursor_of(bridge: Bridge, side: Side) -> Cursor | None:
    """Up to where a side has told what people did."""
    with bridge.database.read() as conn:
        cursor: Cursor | None = state.get(conn, _CURSOR + side.value)
    return cursor


def catch_up(bridge: Bridge, side: Side, objects: Sequence[str], cursor: Cursor | None) -> Taken:
    """Ask one side from a cursor on until it says that is all."""
    withheld: dict[tuple[Side, str], str] = {}
    news, more = 0, True
    while more:
        portion = bridge.crms[side].evidence(objects, cursor, bridge.clock.now())
        news += take_portion(bridge, side, portion)
        cursor, more = portion.cursor, portion.more
        withheld |= {(side, obj): why for obj, why in portion.withheld.items()}
    return Taken(news, withheld)


def asks_for_evidence(agreement: Agreement) -> bool:
    """Whether anything the teams agreed on depends on touches or deals."""
    definition = agreement.definition
    handoff, feedback = definition.handoff, definition.feedback
    return bool(
        definition.deals
        or (handoff and handoff.touches_field)
        or (feedback and any(reason.after_attempts for reason in feedback.reasons.values()))
        or any(question.momentary for question in definition.criteria.values())
        or any(question.momentary for question in _questions(agreement.book))
    )


def _questions(book: Book) -> Iterator[Question]:
    for edition in book:
        for policy in edition.policies.values():
            yield from _asked(policy)


def _asked(policy: Policy) -> Iterable[Question]:
    asked = (policy.start, policy.stop, policy.cancel, policy.pause, policy.resume, policy.reset)
    return (question for question in asked if question is not None)


def _objects(bridge: Bridge, agreement: Agreement, side: Side) -> Sequence[str]:
    pairs = [pair for pair in bridge.mapping.pairs if pair.mapping == agreement.definition.mapping]
    return list(dict.fromkeys(pair.object_on(side) for pair in pairs))


def take_portion(bridge: Bridge, side: Side, portion: Evidence) -> int:
    """Add to journeys, mark whose they are, advance the cursor; how many entries are new."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        entries = _without_erased(conn, portion.entries)
        known = journeys.append(conn, entries)
        marked = _news(entries, known)
        cursor: dict[str, Any] = dict(portion.cursor)
        state.put(conn, _CURSOR + side.value, cursor)
        why = f"something was done in {side.value}"
        dirty.mark(conn, [entry.ref for entry in marked], now, reason=why)
    hasten(bridge, {entry.ref: why for entry in marked})
    return len(marked)


def _news(entries: Sequence[Entry], known: Sequence[Entry]) -> list[Entry]:
    told = {(entry.ref, entry.key) for entry in known}
    return [entry for entry in entries if (entry.ref, entry.key) not in told]


def _without_erased(conn: Connection, told: Sequence[Entry]) -> list[Entry]:
    """Each entry once, in the order of records, but for those of erased people."""
    once = {(entry.ref, entry.key): entry for entry in told}
    entries = [once[key] for key in sorted(once)]
    if not entries or not tombstones.any(conn):
        return entries
    marks = {entry.ref: fingerprint(conn, str(entry.ref)) for entry in entries}
    erased = tombstones.known(conn, marks.values())
    return [entry for entry in entries if marks[entry.ref] not in erased]
