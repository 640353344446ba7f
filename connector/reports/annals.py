"""The story of one record in lines for people: what the bridge did, what people did, and what was learnt of them.

Events and the journey are one story, told in the order in which the bridge learnt of things; what was so earlier at its
source says since when. Nothing is left out but the bridge's own words coming back to it (`journeys.news`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from connector.core.journey import Entry
from connector.core.plan import Because
from connector.reports import journeys
from connector.reports.names import NAMES, Names
from connector.reports.story import Told, changes_in
from connector.storage.events import Event

LATE = timedelta(minutes=1)  # between a thing and hearing of it: less is not worth a word
JOURNEY = "journey"
_HAPPENED = {
    "created": "made a record",
    "updated": "wrote values",
    "linked": "linked the two as the same",
    "relinked": "let the link go on with another record",
    "unlinked": "took the link apart",
    "archived": "archived a record",
    "became": "goes on as another record",
    "unanswered": "wrote values, and the answer was lost: they may have arrived",
}
_ACTS = {
    "resync": "asked for another look",
    "link": "said that the two are the same",
    "unlink": "said to keep the two apart",
}
_BECAUSE: Mapping[str, str] = {
    Because.EDITED: "it was edited there, and not here",
    Because.WINS_BY_POLICY: "both were edited, and the rule says which side wins",
    Because.NEWEST: "both were edited, and the later edit wins",
    Because.FILLS_BLANK: "a value met a blank",
    Because.CREATES: "the record was made",
    Because.DEFAULT: "a record needs it, and the other side had none",
    Because.MIRRORS: "the rule goes one way, so an edit here is undone",
    Because.CROSS_ID: "each side remembers the other's id",
    Because.SETTLED: "a person settled it",
    Because.UNDONE: "a person took a write back",
    Because.FOLLOWS: "it follows from what both teams agreed on",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    Attributes:
        at: when the bridge did or learnt it; since: when it was so at its source, where that was earlier.
        kind: of the event, or JOURNEY.
        why: what shows it; "" for what shows itself.
    """

    at: datetime
    kind: str
    said: str
    why: str = ""
    by: str = ""
    run_id: int | None = None
    since: datetime | None = None
    changes: tuple[Told, ...] = ()


def lines(events: Iterable[Event], journey: Iterable[Entry], names: Names) -> list[Line]:
    """The story, oldest first. journey: without the bridge's own words."""
    told = [*map(_of_event, events), *(_of_entry(entry, names) for entry in journey)]
    return sorted(told, key=attrgetter("at"))


def because(told: Told) -> str:
    """Why a value was written, in plain words."""
    return _BECAUSE.get(told.because, told.because)


def is_contest(told: Told) -> bool:
    """Whether both sides had been edited, so that one value lost."""
    return told.because in {Because.WINS_BY_POLICY, Because.NEWEST, Because.SETTLED}


def _of_event(event: Event) -> Line:
    payload = event.payload
    said = _act(payload) if event.kind == "act" else _HAPPENED.get(event.kind, event.kind)
    parts = [str(payload["reason"])] if payload.get("reason") else []
    parts += [f"by {payload['by']}"] if event.kind == "linked" and payload.get("by") else []
    by = str(payload.get("by", "")) if event.kind == "act" else ""
    changes = tuple(changes_in(event))
    return Line(event.at, event.kind, said, "; ".join(parts), by, event.run_id, None, changes)


def _act(payload: Mapping[str, Any]) -> str:
    """What a person did."""
    act = str(payload.get("act", ""))
    if act == "settle":
        winner = str(payload.get("winner", ""))
        return f"settled {payload.get('rule', '')}: the value of {NAMES.get(winner, winner)} stands"
    if act == "unpark":
        return f"asked to try {payload.get('field', '')} again"
    if act == "persona":
        return f"chose the persona {payload['persona']}" if payload.get("persona") else "left the persona to the rules"
    return _ACTS.get(act, act)


def _of_entry(entry: Entry, names: Names) -> Line:
    since = entry.at if entry.seen_at - entry.at >= LATE else None
    said = journeys.words(entry, names.stages, names.owners)
    return Line(entry.seen_at, JOURNEY, said, journeys.evidence(entry), since=since)
