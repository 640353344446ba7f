"""One record as its page shows it: gathered from the store alone, so that the page stands whatever the CRMs are doing.

What the sides say now comes in only when somebody asks for it (`fresh`); until then the page shows what they last
agreed on or were sent, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.admin.named import crm_url, names_of
from connector.config.settings import Settings
from connector.core.course import standing
from connector.core.lifecycle import Standing
from connector.core.mapping import Pair
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.sla import State
from connector.engine.bridge import Bridge
from connector.engine.peeking import peek
from connector.engine.planfile import line
from connector.errors import BridgeError
from connector.reports import annals, clock_words, journeys, shelf
from connector.reports.annals import Line
from connector.reports.handoffs import Handoff, handoffs
from connector.reports.names import NAMES, Names, called
from connector.reports.promises import told
from connector.reports.record import Record, Row, record, remembered, rows
from connector.reports.shelf import Face
from connector.storage import dirty
from connector.storage.dirty import Waiting

STORY_SHOWN: Final = 100  # lines, unless all are asked for
STORY_MAX: Final = 2_000
TONES: Final = {
    State.RUNNING: "good",
    State.WARNED: "warn",
    State.PAUSED: "info",
    State.BREACHED: "bad",
    State.MET: "good",
    State.CANCELLED: "quiet",
}


@dataclass(frozen=True, slots=True)
class ClockCard:
    """One promise about the person, in words."""

    name: str
    policy: str
    state: str
    tone: str
    stands: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    is_open: bool
    amounts: Sequence[str]
    calendar: str
    turns: Sequence[tuple[str, str]]
    shares: Sequence[tuple[str, str]]
    edition: str


@dataclass(frozen=True, slots=True)
class Values:
    """The table of fields. told_at: when both sides were read; None: as remembered."""

    rows: Sequence[Row]
    blank: Sequence[str]
    edited: frozenset[tuple[str, str]]  # (rule, side) that says something else than was agreed
    told_at: datetime | None = None
    fresh: frozenset[str] = frozenset()  # sides that were read


@dataclass(frozen=True, slots=True)
class Fresh:
    """What both sides say now, as far as they answer, and what the next pass would do."""

    values: Values | None
    steps: Sequence[Mapping[str, Any]]
    note: str
    planned: bool
    silent: Mapping[str, str]  # by side, why it did not answer
    gone: Mapping[str, str]  # by side, that its record is not there


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page of a record shows. waiting: of its records, those that are to be looked at again."""

    ref: Ref
    record: Record
    face: Face | None
    name: str
    urls: Mapping[str, str]  # by side, the record in the CRM
    names: Names
    values: Values | None
    story: Sequence[Line]
    more: bool
    standing: Standing | None
    clocks: Sequence[ClockCard]
    handoffs: Sequence[Handoff]
    waiting: Sequence[Waiting]


def shown(bridge: Bridge, settings: Settings, ref: Ref, *, whole: bool = False) -> Shown | None:
    """One record; None where nothing was ever known of it. whole: with all of its story."""
    limit, now = (STORY_MAX if whole else STORY_SHOWN), bridge.clock.now()
    with bridge.database.read() as conn:
        found = record(conn, bridge.mapping, ref, limit)
        if found is None:
            return None
        face = shelf.face(conn, found.refs[0])
        waiting = dirty.waiting(conn, found.refs)
        urls = {one.side.value: crm_url(conn, settings, one) for one in found.refs}
    names = names_of(bridge)
    watched = bridge.agreement.definition.watched if bridge.agreement else {}
    story = annals.lines(found.events, journeys.news(found.journey, watched), names)[::-1]
    definition = bridge.agreement.definition if bridge.agreement else None
    return Shown(
        ref,
        found,
        face,
        _name(found, face),
        urls,
        names,
        _remembered(found),
        story[:limit],
        found.more or len(story) > limit,
        standing(definition, found.journey) if definition else None,
        _clocks(bridge, found, names, now),
        handoffs(definition, found.refs, found.journey)[::-1] if definition else (),
        waiting,
    )


def fresh(bridge: Bridge, found: Record, now: datetime) -> Fresh:
    """Read both sides, and plan. Raises: what opening the sides raises."""
    seen = peek(bridge, found.refs)
    silent = {side.value: str(error) for side, error in seen.silent.items()}
    gone = {
        side.value: f"{reading.ref} is {reading.presence.value} in {NAMES[side.value]}"
        for side, reading in seen.readings.items()
        if not reading.present
    }
    paper = line(seen.case) if seen.case else {}
    pair = seen.case.pair if seen.case else found.pair
    values = _now(pair, found, seen.readings, now) if pair else None
    return Fresh(values, paper.get("steps", ()), paper.get("note", ""), seen.case is not None, silent, gone)


def unreachable(error: BridgeError) -> Fresh:
    """What is said when the sides could not even be opened."""
    return Fresh(None, (), "", planned=False, silent={side.value: str(error) for side in Side}, gone={})


def _remembered(found: Record) -> Values | None:
    if found.pair is None or found.link is None:
        return None
    return _values(found.pair, found, *remembered(found.pair, found.link))


def _now(pair: Pair, found: Record, readings: Mapping[Side, Reading], now: datetime) -> Values:
    """The table with what was read; a side that did not answer says what is remembered of it."""
    known = remembered(pair, found.link) if found.link else (None, None)
    ends = [readings.get(side, one) for side, one in zip(Side, known, strict=True)]
    told = frozenset(side.value for side in readings)
    values = _values(pair, found, *ends)
    return Values(values.rows, values.blank, values.edited, now, told)


def _values(pair: Pair, found: Record, hubspot: Reading | None, salesforce: Reading | None) -> Values:
    every = list(rows(pair, hubspot, salesforce, found.link.memory if found.link else None))
    return Values([one for one in every if not one.is_blank], [one.rule.name for one in every if one.is_blank],
                  frozenset(_edited(every)))  # fmt: skip


def _edited(every: Iterable[Row]) -> Iterable[tuple[str, str]]:
    for row in every:
        same = row.rule.comparison
        if row.base is not None and row.hubspot_read and same(row.hubspot) != same(row.base.hubspot):
            yield row.rule.name, "hubspot"
        if row.base is not None and row.salesforce_read and same(row.salesforce) != same(row.base.salesforce):
            yield row.rule.name, "salesforce"


def _name(found: Record, face: Face | None) -> str:
    """What people call them: by name, else as the last agreed values tell, else by the record's ref."""
    if face is not None and (face.name or face.email):
        return face.name or face.email
    said = called(found.pair, *remembered(found.pair, found.link)) if found.pair and found.link else ""
    return said or str(found.refs[0])


def _clocks(bridge: Bridge, found: Record, names: Names, now: datetime) -> list[ClockCard]:
    if bridge.agreement is None or not found.journey:
        return []
    book = bridge.agreement.book
    return [
        ClockCard(
            name=one.policy.name if one.policy else one.cycle.terms.called,
            policy=one.cycle.terms.policy,
            state=one.cycle.state.value,
            tone=TONES[one.cycle.state],
            stands=clock_words.stands(one.cycle, names.owners),
            started_at=one.cycle.started_at,
            due_at=one.cycle.due_at,
            ended_at=one.cycle.ended_at,
            is_open=one.cycle.ended_at is None,
            amounts=clock_words.amounts(one.cycle, now),
            calendar=one.cycle.terms.time.name,
            turns=clock_words.turns(one, names.owners),
            shares=clock_words.shares(one.cycle, names.owners),
            edition=clock_words.edition(one.cycle, book),
        )
        for one in reversed(told(bridge.agreement, found.journey, now))
    ]
