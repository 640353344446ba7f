"""A field that one side shall have: what `config.blueprint` derives from the files, and what a setup makes of it.

Words that both speak, so that the setups of the CRMs know no configuration and the configuration no CRM.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.core.refs import Side
from connector.core.values import Kind


class Section(StrEnum):
    """Fields that are shown together, in this order."""

    FEEDBACK = "feedback"
    SLA = "sla"
    HANDOFF = "handoff"
    PROFILE = "profile"
    IDS = "ids"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a picklist: what is stored, and what people read."""

    value: str
    label: str


class Audience(StrEnum):
    """Who has a use for a field, beside the bridge."""

    REPS = "reps"
    MARKETERS = "marketers"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field that one side's object must have.

    Attributes:
        options: of a picklist, in the order in which people shall see them; empty for every other kind.
        length: characters of a text; None where the kind has none. Above 255 it is a long text of several lines.
        scale: of a number, digits after the point.
        unique: no two records hold the same value; `external_id`: Salesforce finds records by it.
        description: what people read about it in that CRM.
        why: where it is asked for (`feedback.yaml:14 feedback.answer.verdict`).
        written_by_bridge: the bridge writes it; else it only reads what people put there.
        written_by_people: what people put there counts; else they shall only read it.
        section: with which others it is shown.
    """

    side: Side
    object: str
    name: str
    label: str
    kind: Kind
    description: str
    why: str
    section: Section
    options: tuple[Choice, ...] = ()
    length: int | None = None
    scale: int | None = None
    unique: bool = False
    external_id: bool = False
    written_by_bridge: bool = True
    written_by_people: bool = False
    shown_to: frozenset[Audience] = frozenset({Audience.ADMINS})

    @property
    def place(self) -> tuple[Side, str]:
        """Side and object."""
        return self.side, self.object


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something that only a person can do, step by step.

    Attributes:
        title: what it is about.
        steps: what to do, in order.
        success: what one sees when it is done.
    """

    title: str
    steps: tuple[str, ...]
    success: str
