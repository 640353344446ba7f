"""What an org has, as it was retrieved, and what a setup says about it: words that all the judges share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.salesforce.setup.documents import Document
from connector.wanted import ByHand

CONVERSION = "LeadConvertSettings"


class Doing(StrEnum):
    """What an act does, in the order in which people shall read of it."""

    FIELD = "field"
    WIDEN = "widen"
    GRANT = "grant"
    LAYOUT = "layout"
    VIEW = "view"
    NOTICE = "notice"
    CONVERSION = "conversion"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to make.

    Attributes:
        type: of the component, as package.xml has it; of an assignment "PermissionSetAssignment".
        object: the object that it is about; "" where it is about none.
        name: the component's full name, or of an assignment the set and the user, divided by a space.
        words: as people read it.
        text: what is deployed; a part of a larger file where the component is one. Holds secrets of addresses.
        base: the component as it was when `text` was made of it; it must still be so when that is deployed.
    """

    doing: Doing
    type: str
    object: str
    name: str
    words: str
    text: bytes = field(default=b"", repr=False, compare=False)
    base: bytes = field(default=b"", repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Type and name: what a refusal speaks of."""
        return self.type, self.name


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found about some things: what to make, what only a person can, what is left as it is, how many fit."""

    acts: tuple[Act, ...] = ()
    left: tuple[ByHand, ...] = ()
    kept: tuple[str, ...] = ()
    fine: int = 0


@dataclass(frozen=True, slots=True)
class People:
    """Users by id with their user names: the bridge's own, and reps who shall see what it tells."""

    bridge: tuple[str, str] = ("", "")
    reps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """What the org has of what was asked for.

    Attributes:
        components: by type and full name; one that stands in a larger file without what surrounds it.
        layouts: full names of all layouts of the objects that take part.
        packaged: those of them that a package brought, which nobody may deploy.
        assigned: permission sets by name with the ids of users who have them.
    """

    components: Mapping[tuple[str, str], Document] = field(default_factory=dict)
    layouts: tuple[str, ...] = ()
    packaged: frozenset[str] = frozenset()
    assigned: frozenset[tuple[str, str]] = frozenset()

    def found(self, kind: str, name: str) -> Document | None:
        """A component, where there is one."""
        return self.components.get((kind, name))


def counted(number: int, one: str) -> str:
    """A number with its noun: 1 field, 2 fields."""
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def together(those: Iterable[Judged]) -> Judged:
    """Several judgements as one."""
    found = tuple(those)
    return Judged(
        tuple(act for one in found for act in one.acts),
        tuple(step for one in found for step in one.left),
        tuple(words for one in found for words in one.kept),
        sum(one.fine for one in found),
    )
