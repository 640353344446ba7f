"""The voice of sales: what reps answered about handoffs, in their own words, the latest first.

Which handoffs are told comes from the reading copy; their comments are read from the journeys of those few people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from connector.core.course import in_order
from connector.core.definition import Definition
from connector.core.refs import Ref
from connector.reports.handoffs import Handoff, handoffs
from connector.reports.shelf import PAGE, Page
from connector.storage import journeys, voices
from connector.storage.voices import Given, Which

_Place = tuple[tuple[Ref, ...], datetime]  # whose handoff, and when


@dataclass(frozen=True, slots=True)
class Voice:
    """One answer. comment, revisit, by: as the journey has them; "" and None where it says nothing."""

    given: Given
    comment: str = ""
    revisit: date | None = None
    by: str = ""


def latest(conn: Connection, definition: Definition, which: Which, after: str = "") -> Page[Voice]:
    """Answers to the handoffs that are asked for, the latest made first.

    Raises:
        ValueError: when `after` is no place in such a list.
    """
    found = voices.answered(conn, which, after, PAGE + 1)
    shown = found[:PAGE]
    told = _told(conn, definition, shown)
    rows = tuple(_voice(one, told.get((one.refs, one.at))) for one in shown)
    return Page(rows, shown[-1].place if len(found) > PAGE else "")


def _voice(given: Given, told: Handoff | None) -> Voice:
    return Voice(given, told.comment, told.revisit, told.by) if told else Voice(given)


def _told(conn: Connection, definition: Definition, shown: Iterable[Given]) -> dict[_Place, Handoff]:
    """The handoffs of some people as their journeys tell them, by whose and when."""
    persons = list(dict.fromkeys(one.refs for one in shown))
    known = journeys.by_ref(conn, [ref for refs in persons for ref in refs])
    found: dict[_Place, Handoff] = {}
    for refs in persons:
        entries = in_order(entry for ref in refs for entry in known.get(ref, ()))
        found.update({(refs, one.at): one for one in handoffs(definition, refs, entries)})
    return found
