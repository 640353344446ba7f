"""Answered handoffs as the reading copy has them, the latest first: who was given to whom, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from connector.core.refs import Ref
from connector.storage import codec
from connector.storage.admin_tables import handoffs, people

_UNANSWERED = ("waiting", "asked")
_COLUMNS = (
    handoffs.c.person,
    handoffs.c.number,
    handoffs.c.at,
    handoffs.c.owner,
    handoffs.c.persona,
    handoffs.c.source,
    handoffs.c.campaign,
    handoffs.c.answer,
    handoffs.c.reason,
    handoffs.c.answered_at,
    people.c.hubspot,
    people.c.salesforce,
    people.c.name,
    people.c.company,
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which answered handoffs are asked for, by when they were made; what is "" is not asked about."""

    since: datetime
    until: datetime
    answer: str = ""
    reason: str = ""
    source: str = ""
    campaign: str = ""
    persona: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """An answered handoff. refs: the person's records; place: what the next page is asked with."""

    place: str
    refs: tuple[Ref, ...]
    name: str
    company: str
    at: datetime
    owner: str
    persona: str
    source: str
    campaign: str
    answer: str
    reason: str
    answered_at: datetime | None


def answered(conn: Connection, which: Which, after: str, limit: int) -> list[Given]:
    """Answered handoffs, the latest made first; after: the place of the last one already seen.

    Raises:
        ValueError: when `after` is no place.
    """
    asked = [*_asked(which), *([_beyond(after)] if after else [])]
    order = (handoffs.c.at.desc(), handoffs.c.person.desc(), handoffs.c.number.desc())
    joined = select(*_COLUMNS).join_from(handoffs, people, people.c.key == handoffs.c.person)
    found = conn.execute(joined.where(*asked).order_by(*order).limit(limit))
    return [
        Given(
            place=f"{row.at}/{row.number}/{row.person}",
            refs=tuple(codec.ref(key) for key in (row.hubspot, row.salesforce) if key),
            name=row.name,
            company=row.company,
            at=codec.moment(row.at),
            owner=row.owner or "",
            persona=row.persona or "",
            source=row.source or "",
            campaign=row.campaign or "",
            answer=row.answer,
            reason=row.reason or "",
            answered_at=codec.moment(row.answered_at) if row.answered_at is not None else None,
        )
        for row in found
    ]


def _asked(which: Which) -> list[ColumnElement[bool]]:
    named = {name: getattr(which, name) for name in ("answer", "reason", "source", "campaign", "persona", "owner")}
    window = handoffs.c.at >= codec.micros(which.since), handoffs.c.at < codec.micros(which.until)
    told = [handoffs.c[name] == value for name, value in named.items() if value]
    return [*window, *told, handoffs.c.answer.not_in(_UNANSWERED)]


def _beyond(place: str) -> ColumnElement[bool]:
    """What comes after a place in the order of the list."""
    at, number, person = place.split("/", 2)
    later = handoffs.c.person == person, handoffs.c.number < int(number)
    same = handoffs.c.at == int(at)
    return or_(handoffs.c.at < int(at), same & (handoffs.c.person < person), same & later[0] & later[1])
