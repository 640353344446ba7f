"""A journey: what was seen, done and decided about a record, appended and never changed.

An entry belongs to one record and carries two times: when it was so at its source, and when the bridge learnt of it. A
person's journey is that of their records on both sides, of today and of before (merges, conversion), in the order of
the sources' time. Stage, persona, owner, feedback and clocks follow from it and from nothing else (`course`), which is
why they can be told again, explained, and asked "what if".

`Seen` is raw: watched fields as a side told them, when they differed from what was known. `Told` is what the bridge
itself wrote there, so that it does not take its own word for somebody's. What was decided is kept with its reasons and
is never decided again under other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Ref
from connector.core.values import Value


class Channel(StrEnum):
    """How somebody was in touch."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    MESSAGE = "message"
    OTHER = "other"


class Verdict(StrEnum):
    """What a rep says of a lead that was handed over."""

    ACCEPT = "accept"
    REJECT = "reject"
    RECYCLE = "recycle"
    DISQUALIFY = "disqualify"


@dataclass(frozen=True, slots=True)
class Seen:
    """Watched fields of the record, those that differ from what was last seen or told there.

    first: met for the first time though it was there before the lifecycle was: history, which starts no clock.
    """

    fields: Mapping[str, Value]
    first: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Watched fields the bridge is about to write into the record, remembered before it does."""

    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Touched:
    """An activity with the person. Only a human's outbound one is a touch that keeps a promise.

    by: the owner id or name of who did it, on the record's side; "" when the side does not tell.
    """

    channel: Channel
    outbound: bool
    human: bool
    by: str = ""


@dataclass(frozen=True, slots=True)
class Dealt:
    """A deal the person has a part in, as it stands now. amount: a plain decimal, None where none is told."""

    deal: str
    stage: str
    closed: bool
    won: bool
    amount: Value = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """A stage that was seen or proposed, and what became of it under the definition in force.

    Attributes:
        kind: of the move that was made; None for the first stage, and where it was refused.
        refused: why it was unlawful, in words; "" when it was made.
        version: of the definition that said so.
        start: the stage they stood in, "" for none; None: not told. Where two journeys became one, it shows
            which moves were decided without knowing of the other.
        first: it only tells what was so before the lifecycle began (history): no clock starts, nobody is handed over.
    """

    stage: str
    by: Mover
    kind: Kind | None
    refused: str = ""
    evidence: str = ""
    reason: str = ""
    revisit: date | None = None
    comment: str = ""
    version: str = ""
    start: str | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A rep's complete answer. by: who gave it, as far as a side tells."""

    verdict: Verdict
    reason: str = ""
    comment: str = ""
    revisit: date | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer lacked required parts, and they were asked for; nothing is missing once it was taken back.

    missing: "reason", "revisit", "comment", "attempts".
    """

    verdict: Verdict
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handed:
    """The person was given to a rep: at the handoff, or by an escalation (`policy` says which).

    Attributes:
        owner: Salesforce id of a user or queue.
        rule: which rule of the handoff chose them.
        why: "why this lead", line by line.
    """

    owner: str
    rule: str
    why: tuple[str, ...] = ()
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A person chose the persona by hand; "" takes the choice back."""

    persona: str


@dataclass(frozen=True, slots=True)
class Fired:
    """An effect (a notice, a task, a webhook) was set off; never again by that key."""

    effect: str


What = Seen | Told | Touched | Dealt | Ruled | Answered | Asked | Handed | Named | Fired


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journey.

    Attributes:
        ref: the record it was seen at, done to or decided about.
        at: when it was so at its source (aware UTC).
        seen_at: when the bridge learnt of it.
        key: at most one entry of a record has it, however often it is appended ("" has no such limit).
        id: the store's number, in the order of appending; 0 while it is not stored.
    """

    ref: Ref
    at: datetime
    seen_at: datetime
    what: What
    key: str = ""
    id: int = field(default=0, compare=False)
