"""A plan: what must be done to one pair of records, as data; and what agreement follows when it succeeds.

Plans are never stored as work to do. They are recomputed from fresh readings, shown, counted, guarded, applied, and
recorded afterwards as what happened. Every change says which rule asked for it, why, and which value gave way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Value

FORMERLY_MAX = 8  # ids of a link that are remembered


class Because(StrEnum):
    """Why a value is written."""

    EDITED = "edited"  # the other side was edited, this one was not
    WINS_BY_POLICY = "wins by policy"  # both were edited; the rule's policy names the winner
    NEWEST = "newest"  # both were edited; the later edit wins
    FILLS_BLANK = "fills a blank"  # first meeting: a value meets a blank
    CREATES = "creates"  # the record is being made
    DEFAULT = "default on create"  # a required field without a counterpart
    MIRRORS = "mirrors"  # a one-way rule undoes an edit on the receiving side
    CROSS_ID = "cross id"  # each side remembers the other's id
    SETTLED = "settled by a person"
    UNDONE = "undone"
    FOLLOWS = "follows"  # from the lifecycle, feedback or SLA: nobody's value, so nothing to agree on


class Change(NamedTuple):
    """One field to be written on one side; a named tuple, as a first sync makes a dozen a person.

    Attributes:
        field: the field's name on `side`.
        rule: the rule that asks for it; "" for cross ids.
        before: what that side says now.
        after: what it shall say.
        because: why.
        origin: the value on the other side, in that side's form, from which `after` follows.
        evidence: in words, what decided (times, policy), for people.
    """

    side: Side
    field: str
    rule: str
    before: Value
    after: Value
    because: Because
    origin: Value = None
    evidence: str = ""


class IssueKind(StrEnum):
    """Why something waits for a person."""

    CONFLICT = "conflict"
    AMBIGUOUS = "ambiguous"
    PARKED = "parked"
    HELD = "held"
    EDIT_BEATS_DELETION = "edit beats deletion"
    SCHEMA = "schema"
    UNSENT = "unsent"  # a notice, task or webhook that was not sent, or nobody knows whether it was
    UNLAWFUL = "unlawful move"  # a side shows a stage or an answer that the shared definition does not allow
    ASKED = "feedback incomplete"  # an answer lacks what it needs
    UNOWNED = "nobody to hand over to"
    DRIFT = "drift"  # two linked records differ, and nobody can say why
    STOPPED = "stopped"  # a side refuses our credentials, or keeps failing; only a person can mend that


@dataclass(frozen=True, slots=True)
class Issue:
    """Something a person must look at. `refs` are all records concerned, the first one leading."""

    kind: IssueKind
    refs: tuple[Ref, ...]
    rule: str = ""
    side: Side | None = None
    field: str = ""
    code: str = ""
    value: Value = None  # the refused or conflicting value (HubSpot's in a conflict)
    other_value: Value = None  # Salesforce's in a conflict
    reason: str = ""
    hint: str = ""


class Agreed(NamedTuple):
    """The two values, each in its side's own form, that count as one and the same from now on."""

    hubspot: Value
    salesforce: Value


@dataclass(frozen=True, slots=True)
class Memory:
    """What the bridge remembers of a link: `base` and `sent`, by rule name.

    base: what each side last said when they agreed. sent: by side, values sent since, oldest first.
    A rule absent from `base` has never met.
    formerly: ids that either record went by before a merge or a conversion, latest last; the other side may carry one.
    """

    base: Mapping[str, Agreed] = field(default_factory=dict)
    sent: Mapping[Side, Mapping[str, tuple[Value, ...]]] = field(default_factory=dict)
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """Make a record on `side`, repeat-safe by `key` (field, value) where the side has a unique field for it."""

    side: Side
    object: str
    changes: tuple[Change, ...]
    key: tuple[str, str] | None
    agreed: Mapping[str, Agreed]


@dataclass(frozen=True, slots=True)
class Update:
    """Write fields of an existing record."""

    ref: Ref
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """Archive (HubSpot) or delete to the recycle bin (Salesforce)."""

    ref: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """Remember that two records are the same thing."""

    hubspot: Ref
    salesforce: Ref
    by: str  # "cross id", "email", "created", "a person"


@dataclass(frozen=True, slots=True)
class Unlink:
    """Forget that two records are the same thing."""

    hubspot: Ref
    salesforce: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Relink:
    """A linked record's identity went on under another ref (merge, conversion)."""

    old: Ref
    new: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Tell a person."""

    issue: Issue


Step = Create | Update | Archive | Link | Unlink | Relink | Raise


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to be done for one person, company or deal, from these two readings.

    Attributes:
        pair: the pair's name (`contacts/Lead`).
        hubspot, salesforce: the readings it was made from; None where there is no counterpart (yet).
        steps: in the order of doing.
        agreed: by rule, agreement that already stands, to be remembered without writing.
        left_alone: rules with a standing difference that neither side edited (counted, never touched).
        note: why nothing happens, where nothing does ("out of scope", ...).
        parked: rules whose change a side refused before, left out until the value or the refusal changes.
        wants_history: HubSpot fields whose exact time may settle a conflict; read them with history and plan again.
    """

    pair: str
    hubspot: Reading | None
    salesforce: Reading | None
    steps: tuple[Step, ...] = ()
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    left_alone: tuple[str, ...] = ()
    note: str = ""
    parked: tuple[str, ...] = ()
    wants_history: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether anything is to be written to a CRM."""
        return any(isinstance(step, Create | Update | Archive) for step in self.steps)
