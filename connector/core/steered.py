"""What follows for one person: what to remember, what to tell each side, what to set off, and when to look again.

The agreement (definition and editions of the SLA), a journey and two fresh readings go into `steer.steer`; one
`Steered` comes out. Nothing in it is stored but the new entries and the next time to look: everything else follows
again from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from connector.core.definition import Definition, Place, Pool
from connector.core.journey import Entry
from connector.core.plan import Issue
from connector.core.policy import ActionKind, Book, SlaFields
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.sla import Cycle
from connector.core.values import Kind, Value

Choose = Callable[
    [Pool, frozenset[str]], str | None
]  # (pool, owners who must not get it) -> owner, None: nobody is free

_OWNER = "OwnerId"  # whose record it is; in Salesforce alone (fact sheet 3.2)


@dataclass(frozen=True)
class Agreement:
    """All that both teams have agreed on, in force now.

    since: when the bridge began to follow it; who had a stage before then is history and starts no clock.
    """

    definition: Definition
    since: datetime
    book: Book = ()
    sla_fields: SlaFields = field(default_factory=SlaFields)

    @cached_property
    def listened(self) -> Mapping[Place, Mapping[str, Kind]]:
        """By place, the watched fields in which people and other systems speak, not the bridge alone."""
        feedback, handoff, sla = self.definition.feedback, self.definition.handoff, self.sla_fields
        told = [sla.policy, sla.state, sla.due_at, sla.breached_since, sla.lateness]
        if feedback is not None:
            one = feedback.told
            told += [one.status, one.reason_class, one.by, one.at, one.asked_for, one.loops]
            told += [one.recycle_on, one.track]
        ours = {(side, of.get(side)) for of in told for side in Side}
        if handoff is not None:
            ours |= {(Side.SALESFORCE, handoff.why_field), (Side.SALESFORCE, handoff.touches_field)}
        return {
            place: {name: kind for name, kind in fields.items() if (place[0], name) not in ours}
            for place, fields in self.definition.watched.items()
        }

    @cached_property
    def stirring(self) -> Mapping[Side, frozenset[str]] | None:
        """By side, the fields whose change may start a clock; None where any change may."""
        promises = [promise for edition in self.book for promise in edition.policies.values()]
        if any(promise.words is None for promise in promises):
            return None
        plain = {side: names | {_OWNER} for side, names in self.definition.persona_fields.items()}
        return {side: names.union(*(promise.fields[side] for promise in promises)) for side, names in plain.items()}


@dataclass(frozen=True, slots=True)
class Now:
    """The two records as they are. None: there is no such record (yet)."""

    hubspot: Reading | None
    salesforce: Reading | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """A value a field shall have, by which rule (lifecycle, persona, handoff, feedback, sla), and why, in words."""

    value: Value
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be set off once.

    Attributes:
        key: what it is the only one of: policy, cycle, what for.
        to: the channel or webhook by name; for a task the Salesforce owner id.
        about: the record it concerns; a task hangs on it.
        subject, body: plain words, without values that the channel's readers must not see.
        facts: the same for machines, as a webhook sends it: policy, state, due, owner, stage...
    """

    key: str
    kind: ActionKind
    to: str
    about: Ref
    subject: str
    body: str = ""
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Steered:
    """What follows.

    Attributes:
        entries: new ones, in the order of appending; they are stored before anything is written.
        wishes: by side and field. A field not named is left alone; one that already says so is not written.
        effects: to be set off, each with a `Fired` entry among `entries`.
        issues: what a person must know: unlawful stages, missing parts, nobody to hand over to.
        look_at: when to look again though nothing happens; None: never.
        wanted: a Salesforce record must exist for this person (handed over).
        cycles: by policy, every cycle as it stands, oldest first.
    """

    entries: tuple[Entry, ...] = ()
    wishes: Mapping[Side, Mapping[str, Wish]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    issues: tuple[Issue, ...] = ()
    look_at: datetime | None = None
    wanted: bool = False
    cycles: Mapping[str, tuple[Cycle, ...]] = field(default_factory=dict)
