"""What another definition would have made of the past: who would have come to a stage, who not, who at another time.

What was is told from what was ruled at the time; what would have been is judged anew (`course.replayed`). What was so
before the lifecycle began is history on both accounts and counts on neither. A field that was not watched is not in
the history: whoever a new rule asks about it counts as blank there, and that is said, not hidden. Since when a field is
watched is kept nowhere; the first time anybody's was ever seen tells since when the history holds it at the latest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from connector.core.course import replayed
from connector.core.definition import Definition
from connector.core.journey import Entry, Ruled, Seen, Told
from connector.core.lifecycle import Standing, Stay
from connector.core.refs import Ref, Side
from connector.core.situation import Question
from connector.core.values import Value
from connector.core.walking import Course
from connector.reports.history import watched_in

_FIRST_LOOK = timedelta(days=1)  # looking at everybody for the first time takes a while


class Change(StrEnum):
    """What becomes of a person's entry into the stage."""

    GAINED = "gained"
    LOST = "lost"
    MOVED = "moved"  # at another time


@dataclass(frozen=True)
class Asked:
    """Which question is asked of the past.

    Attributes:
        now, other: the definition in force, and the one that is tried.
        stage: whose entries are counted.
        since, until: entries from then on, and before then; None: without end.
        began: since when the lifecycle is followed; None where nobody knows.
    """

    now: Definition
    other: Definition
    stage: str
    since: datetime | None = None
    until: datetime | None = None
    began: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether a moment is asked about."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Difference:
    """One person for whom it would be otherwise. why: what decided; said: what the rule's fields said then."""

    refs: tuple[Ref, ...]
    change: Change
    was_at: datetime | None
    would_at: datetime | None
    why: str
    said: Mapping[str, Value]
    blind: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "person": list(map(str, self.refs)),
            "change": self.change.value,
            "was_at": self.was_at.isoformat() if self.was_at else None,
            "would_be_at": self.would_at.isoformat() if self.would_at else None,
            "why": self.why,
            "said": dict(self.said),
            "not_in_history": list(self.blind),
        }


@dataclass
class Replay:
    """The answer, gathered person by person.

    Attributes:
        people: how many were looked at.
        was, would: people who came to the stage, as it was and as it would be.
        entries_was, entries_would: how often, for who comes back counts again.
        blind: by field the history does not hold, how many of those looked at the rule would ask it of.
        held_since: by field the rule asks about, when anybody's was first seen; began: when anything was.
    """

    asked: Asked
    watched: Mapping[str, frozenset[str]]
    people: int = 0
    was: int = 0
    would: int = 0
    entries_was: int = 0
    entries_would: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    blind: Counter[str] = field(default_factory=Counter)
    held_since: dict[str, datetime] = field(default_factory=dict)
    began: datetime | None = None

    def take(self, refs: tuple[Ref, ...], entries: Sequence[Entry]) -> Difference | None:
        """One more person; how it would be otherwise for them, None where it would not."""
        asked = self.asked
        self.people += 1
        self._note_sights(entries)
        was = [at for at, _ in _was(asked, entries)]
        standing = replayed(asked.other, entries, asked.began, asked.until)
        would = _would(asked, standing, entries)
        blind = self._blind(entries)
        self.blind.update(blind)
        self.was, self.would = self.was + bool(was), self.would + bool(would)
        self.entries_was, self.entries_would = self.entries_was + len(was), self.entries_would + len(would)
        first, other = was[0] if was else None, would[0] if would else None
        if first == (other.entered.at if other else None):
            return None
        change = Change.GAINED if first is None else Change.LOST if other is None else Change.MOVED
        self.changes[change] += 1
        at = other.entered.at if other else first
        assert at is not None, "it differs, so there is at least one of them"
        why = other.entered.evidence if other else _why_not(asked, standing)
        said = _said(asked, entries, at)
        return Difference(refs, change, first, other.entered.at if other else None, why, said, blind)

    def row(self) -> dict[str, Any]:
        """The numbers as JSON."""
        return {
            "stage": self.asked.stage,
            "definition": self.asked.other.version,
            "people": self.people,
            "was": self.was,
            "would_be": self.would,
            "entries_was": self.entries_was,
            "entries_would_be": self.entries_would,
            **{change.value: self.changes[change] for change in Change},
            "not_in_history": dict(sorted(self.blind.items())),
            "in_history_since": {name: at.isoformat() for name, at in self.late_fields().items()},
        }

    def late_fields(self) -> dict[str, datetime]:
        """Fields that the history holds only from a day on at which the time asked about had begun."""
        begins = [at for at in (self.asked.began or self.began, self.asked.since) if at is not None]
        if not begins:
            return {}
        start = max(begins) + _FIRST_LOOK
        return {name: at for name, at in sorted(self.held_since.items()) if at > start}

    def _note_sights(self, entries: Iterable[Entry]) -> None:
        """Since when the fields that the rule asks about were seen."""
        wanted = self._wanted
        for entry in entries:
            at, side = entry.seen_at, entry.ref.side
            self.began = at if self.began is None else min(self.began, at)
            if isinstance(entry.what, Seen | Told) and side in wanted:
                for name in wanted[side] & entry.what.fields.keys():
                    known = f"{side.value}.{name}"
                    self.held_since[known] = min(self.held_since.get(known, at), at)

    @cached_property
    def _wanted(self) -> dict[Side, set[str]]:
        return asked_fields(self.asked)

    def _blind(self, entries: Iterable[Entry]) -> tuple[str, ...]:
        """Fields the rule asks of this person that the history holds nothing of."""
        wanted = self._wanted
        if not wanted or all(names <= self._known(side) for side, names in wanted.items()):
            return ()
        found: dict[Side, set[str]] = {}
        for entry in entries:
            if isinstance(entry.what, Seen | Told):
                found.setdefault(entry.ref.side, set()).update(entry.what.fields)
        return tuple(
            f"{side.value}.{name}"
            for side, names in wanted.items()
            for name in sorted(names - self._known(side) - found.get(side, set()))
            if side in found
        )

    def _known(self, side: Side) -> frozenset[str]:
        places = [names for place, names in self.watched.items() if place.startswith(f"{side.value}:")]
        return frozenset().union(*places)


def begin(asked: Asked, watched: Mapping[str, frozenset[str]] | None = None) -> Replay:
    """A replay of nobody yet. watched: the fields the history holds; None: those of the definition in force."""
    return Replay(asked, watched_in(asked.now) if watched is None else watched)


def asked_fields(asked: Asked) -> dict[Side, set[str]]:
    """The fields that what moves people to the stage asks about, by side, under the definition that is tried."""
    found: dict[Side, set[str]] = {}
    for question in _questions(asked):
        for side, names in question.fields.items():
            found.setdefault(side, set()).update(names)
    return found


def _questions(asked: Asked) -> list[Question]:
    held = (asked.other.criteria.get(asked.stage), asked.other.deals.get(asked.stage))
    return [one for one in held if one is not None]


def _was(asked: Asked, entries: Sequence[Entry]) -> list[tuple[datetime, Ruled]]:
    """The entries into the stage as they were ruled."""
    course = Course(asked.now)
    for entry in entries:
        course.take(entry)
        course.rest()
    return [
        (entry.at, ruled)
        for entry, ruled, _ in course.made
        if ruled.stage == asked.stage and not ruled.first and asked.holds(entry.at)
    ]


def _would(asked: Asked, standing: Standing, entries: Iterable[Entry]) -> list[Stay]:
    history = {entry.at for entry in entries if isinstance(entry.what, Seen) and entry.what.first}
    stays = [stay for one in standing.passes for stay in one.stays]
    return [
        stay
        for place, stay in enumerate(stays)
        if stay.stage == asked.stage
        and asked.holds(stay.entered.at)
        and not (place == 0 and stay.entered.at in history)
    ]


def _why_not(asked: Asked, standing: Standing) -> str:
    """Why somebody would not have come to the stage: refused, or nothing that asks for it."""
    refused = [one for one in standing.refused if one.sighting.stage == asked.stage]
    if refused:
        return refused[-1].why
    if asked.stage not in asked.other.lifecycle.stages:
        return f"there is no stage {asked.stage!r}"
    texts = [question.text for question in _questions(asked)]
    return f"does not hold: {' or '.join(texts)}" if texts else "neither side shows it, and no rule asks for it"


def _said(asked: Asked, entries: Iterable[Entry], at: datetime) -> dict[str, Value]:
    """What the fields that the rule asks about said at a moment."""
    wanted = asked_fields(asked)
    course = Course(asked.other)
    for entry in entries:
        if entry.at <= at:
            course.take(entry)
    told = course.situation.fields
    return {
        f"{side.value}.{name}": told[side].get(name)
        for side, names in wanted.items()
        for name in sorted(names)
        if side in told
    }
