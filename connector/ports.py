"""What the engine needs of the outside, where two real forms exist: `Crm`, `Clock`, `Dice`.

Rows in, outcomes out. Reading raises faults (`errors`); writing never raises for a remote fault: each write of a batch
gets its own outcome, so that what succeeded is never forgotten because a neighbour failed. Adapters cut batches to
their API's limits themselves, call through a bounded pool handed to them, and answer in the order of the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from connector.accounts import Account as Account  # noqa: PLC0414  # part of the port, kept apart for length
from connector.accounts import FieldSchema as FieldSchema  # noqa: PLC0414  # likewise
from connector.accounts import ObjectSchema as ObjectSchema  # noqa: PLC0414  # likewise
from connector.accounts import Option as Option  # noqa: PLC0414  # likewise
from connector.accounts import Owner as Owner  # noqa: PLC0414  # likewise
from connector.core.journey import Entry
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Kind, Value
from connector.errors import BridgeError


class Lane(StrEnum):
    """Whose call it is, for quotas and the day's budget: people who wait for a rep's call go before everything else."""

    HOT = "hot"  # a lead inside its SLA: may use the reserve
    BULK = "bulk"


class Clock(Protocol):
    """Time, handed in."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds on a watch that never goes backward."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class Dice(Protocol):
    """Chance, handed in."""

    def roll(self) -> float:
        """A number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class View:
    """What to read or write of one object: its fields, with the kind each is understood as."""

    object: str
    fields: Mapping[str, Kind]


Sought = Mapping[str, Sequence[str]]  # by field name, values of which any will do
Cursor = Mapping[str, Any]  # JSON; opaque to the engine, which stores it only after the readings are safe
Known = Callable[[str, datetime, datetime], int]  # (object, from, before) -> records already observed with such stamps


@dataclass(frozen=True, slots=True)
class Changes:
    """One portion of what changed. `more`: ask again at once with the new cursor."""

    readings: Sequence[Reading]
    cursor: Cursor
    more: bool


@dataclass(frozen=True, slots=True)
class Write:
    """One record to write.

    Attributes:
        ref: the record; None creates one.
        values: canonical values by field name; None clears.
        key: for a create, the unique field and value that make repeating it harmless, if the side has one.
        archive: archive it instead (values are ignored).
    """

    ref: Ref | None
    values: Mapping[str, Value] = field(default_factory=dict)
    key: tuple[str, str] | None = None
    archive: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a write was refused. `field` is "" when the side does not say which."""

    field: str
    code: str  # the side's own code: INVALID_OPTION, STRING_TOO_LONG, ...
    reason: str  # the side's own words, personal data of other records removed
    hint: str  # what a person can do


@dataclass(frozen=True, slots=True)
class Done:
    """It is written.

    Attributes:
        values: what the side says it now holds, for the fields it told (canonical).
        not_taken: fields the side passed over in silence though the rest was written (code NOT_TAKEN), as HubSpot does
            with a lifecycle stage it will not set (HubSpot fact sheet 6.1).
    """

    ref: Ref
    created: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)
    modified_at: datetime | None = None
    not_taken: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The side refuses this record as it is; nothing of it was written. Trying again unchanged is useless."""

    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """A create found that the record already is there (unique value or duplicate rule); nothing was written."""

    refs: tuple[Ref, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The record to be written is gone, archived, or moved on; nothing was written."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Unsure:
    """A fault came between: the write may or may not have happened. Reading again will tell."""

    error: BridgeError


Outcome = Done | Rejected | Exists | Absent | Unsure


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls: made by this process, and the account's day as far as the side tells.

    Attributes:
        throttled: answers that said we called too often.
        left: calls that may still be made today, what is kept for hot leads included; None: nobody has set a limit.
        renewed_at: when the next day of the account begins.
    """

    calls: int
    by_operation: Mapping[str, int]
    throttled: int
    daily_limit: int | None = None
    daily_used: int | None = None
    left: int | None = None
    renewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One portion of what people did: `Touched` and `Dealt` entries, each with a key; what is not told: object, why."""

    entries: Sequence[Entry]
    cursor: Cursor
    more: bool
    withheld: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll asks: what changed (`Crm.changes`) and what people did (`Crm.evidence`), each from its cursor.

    Attributes:
        objects: of whose records people's doings are told; none: nothing of the kind is asked.
    """

    views: Sequence[View]
    cursor: Cursor | None
    known: Known
    objects: Sequence[str]
    evidence_cursor: Cursor | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Todo:
    """A task for a person, hanging on a record.

    Attributes:
        owner: owner id on the record's side.
        key: at most one task is made by it, however often it is asked for.
    """

    about: Ref
    owner: str
    subject: str
    body: str
    due: date
    key: str


class Crm(Protocol):
    """One side, as the engine sees it.

    Raises (reading methods): Transient after the adapter's own few retries, RateLimited, Unauthorised.
    """

    side: Side

    def account(self) -> Account:
        """Who we are connected to."""

    def schema(self, obj: str) -> ObjectSchema:
        """The live definition of an object (a fresh call each time)."""

    def prime(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """Remember what objects were like when last told, by name, so that writing need not ask; costs no call.

        The side's own word counts for more: a refusal that contradicts a schema has it asked anew.
        """

    def owners(self) -> Sequence[Owner]:
        """Everyone who can own records, inactive ones included."""

    def usage(self) -> Usage:
        """Calls made so far; costs none."""

    def changes(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> Changes:
        """What changed since the cursor, archived and moved records included; None starts now, reporting nothing.

        Late and equal stamps, index lag and page edges lose nothing: windows overlap, and `known` tells how many
        records of an overlap were observed already, so that an overlap without news costs a count, not a re-read.
        Readings come from listings and may be older than `read` would say; they are hints with values.
        """

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        """Every live record of an object, in portions of some hundreds to thousands; the order is the side's."""

    def read(self, view: View, ids: Sequence[str], history: Sequence[str] = ()) -> list[Reading]:
        """Fresh readings in the order of `ids` (absent ones too); with exact stamps for the fields in `history`."""

    def find(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        """Live records whose field equals any of the values, case folded; several may answer to one value."""

    def read_many(self, asked: Sequence[tuple[View, Sequence[str]]]) -> list[Reading]:
        """As `read`, of several objects in as few calls as the side allows: object after object, in the order asked."""

    def find_many(self, asked: Sequence[tuple[View, Sought]]) -> list[Reading]:
        """As `find`, for several fields of several objects in as few calls as the side allows; each record once."""

    def write(self, view: View, writes: Sequence[Write]) -> list[Outcome]:
        """Write a batch of any size; one outcome each, in order. Never two writes to one record in one call."""

    def evidence(self, objects: Sequence[str], cursor: Cursor | None, now: datetime) -> Evidence:
        """Activities and deals of records of these objects since the cursor; None starts now, reporting nothing.

        Windows overlap; an entry told twice has the same key. `now` becomes the entries' `seen_at`.
        """

    def poll(self, asked: Poll) -> tuple[Changes, Evidence]:
        """One portion of `changes` and one of `evidence`, in as few calls as the side allows.

        What is not urgent may be asked for in the next poll only, at most a quarter of an hour later; nothing is lost.
        """

    def in_lane(self, lane: Lane) -> Crm:
        """The same side, its connections and what it has learned, calling in that lane."""

    def remind(self, todos: Sequence[Todo]) -> list[Outcome]:
        """Make tasks that are not there yet; one outcome each, in order. `Done.created` is False for one found."""
