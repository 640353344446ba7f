"""The situation of a person at one moment of their journey: all that conditions may ask about.

`course` keeps one per person and moves it on from entry to entry; conditions compiled from YAML (`config.questions`)
look at it. It is mutable on purpose: a million journeys are walked a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.core.journey import Answered, Dealt, Touched
from connector.core.refs import Side
from connector.core.values import Kind, Value


@dataclass(slots=True)
class Situation:
    """What is so at a moment.

    Attributes:
        fields: by side, watched fields as last seen or told; a side where the person has no record is absent.
        object: by side, the object of the record that is theirs now (Lead, Contact).
        stage, band, persona: as they stand; "" for none.
        owner: Salesforce owner id of today; "" for none.
        loops: how often they were recycled.
        handed_at: when they were last handed to a rep; None: never.
        touch, answer, deal: only at the very moment of one.
    """

    fields: dict[Side, dict[str, Value]] = field(default_factory=dict)
    object: dict[Side, str] = field(default_factory=dict)
    stage: str = ""
    band: str = ""
    persona: str = ""
    owner: str = ""
    loops: int = 0
    handed_at: datetime | None = None
    touch: Touched | None = None
    answer: Answered | None = None
    deal: Dealt | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A condition, compiled.

    Attributes:
        text: as written in YAML, for explanations.
        holds: the answer; a question that has no answer (is null more than 50?) counts as no.
        fields: what it asks for on each side, with kinds: these are watched.
        momentary: it asks about a touch, an answer or a deal, so every one that fits counts; others count when they
            become true.
        words: what it asks about beside fields (stage, owner, loops, handed, touch, ...); None: that is not told,
            so whatever changes may change the answer.
    """

    text: str
    holds: Callable[[Situation], bool]
    fields: Mapping[Side, Mapping[str, Kind]] = field(default_factory=dict)
    momentary: bool = False
    words: frozenset[str] | None = None
