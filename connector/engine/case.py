"""A case: one person (company, deal) under consideration, with what shall happen to them.

Cases are made by `cases` and `sweep` from fresh readings, given what follows from the shared definition by `steering`,
and carried out by `apply`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.core.journey import Entry
from connector.core.looping import Answer
from connector.core.mapping import Pair
from connector.core.plan import Plan
from connector.core.planning import Subject
from connector.core.refs import Ref, Side
from connector.core.steered import Steered
from connector.storage.links import Link


@dataclass(frozen=True, slots=True)
class Following:
    """What follows for a person from the shared definition, and from which state of their journey it does.

    latest: by record, the number of the last entry that was known; 0 for a record without any.
    journey: as it was then.
    """

    steered: Steered
    latest: Mapping[Ref, int]
    journey: Sequence[Entry] = ()

    @property
    def begun(self) -> bool:
        """Whether the person had a journey already."""
        return any(self.latest.values())


@dataclass(slots=True)
class Case:
    """One pair of records under consideration, with what shall happen to it.

    Attributes:
        unsaid: rules of which the record that takes an end's place says nothing, though that end did.
        following: what follows from the shared definition; None where none is agreed on, or it does not speak of them.
        answers: of its changes those that answer somebody's change of what we wrote before, to be counted.
    """

    pair: Pair
    subject: Subject
    plan: Plan
    link: Link | None
    unsaid: frozenset[str] = frozenset()
    following: Following | None = None
    answers: Sequence[Answer] = ()

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The records concerned, HubSpot's first."""
        return tuple(reading.ref for reading in (self.subject.hubspot, self.subject.salesforce) if reading)

    def origin(self, made_on: Side) -> Ref:
        """The record for which a counterpart is made on a side."""
        return next(ref for ref in self.refs if ref.side is not made_on)
