"""Everything an engine function needs, handed in as one value.

Nothing here opens, connects or asks the time: `bootstrap` builds a `Bridge` for production, tests build one around
fakes, the simulation one around the sandbox. What differs between them is only what is put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from connector.core.backoff import Backoff
from connector.core.goals import Measured
from connector.core.guards import Limits
from connector.core.looping import Limit as Loops
from connector.core.mapping import MappingSet
from connector.core.refs import Side
from connector.core.steered import Agreement
from connector.core.values import Kind
from connector.delivery import Notifier
from connector.errors import Unauthorised
from connector.ports import Clock, Crm, Dice, Lane, View
from connector.storage.database import Database

T = TypeVar("T")

Progress = Callable[[str, int, int | None], None]  # (what is being done, how many so far, of how many if known)


def silent(_what: str, _done: int, _total: int | None) -> None:
    """The progress report of those who do not watch."""


@dataclass(frozen=True)
class Bridge:
    """One installation at work.

    Attributes:
        executor: lets calls to both sides overlap; None does one after the other (simulation, plain tests).
        freshest: readings older than this are read again before an existing value is overwritten.
        batch_records: how many records one pass takes; bounds memory.
        notifier: sends notices and webhooks; without it they wait.
        agreement: what both teams agreed on; None: there is no shared lifecycle, and nobody is steered.
        reps: Salesforce owners (users at work, queues) who may be given people; None: everybody.
        goals: objectives with the business time of their pace lines.
        promises: the SLA of today as it is written, of which the last edition of the agreement is made.
        also_read: fields that the agreement asks about without watching them: when and by whom a record was touched.
        loops: how often a field is written again before it is parked.
        digest: of the whole configuration that decides plans; saved plans name it.
    """

    name: str
    database: Database
    crms: Mapping[Side, Crm]
    mapping: MappingSet
    clock: Clock
    dice: Dice
    limits: Limits = field(default_factory=Limits)
    backoff: Backoff = field(default_factory=Backoff)
    loops: Loops = field(default_factory=Loops)
    executor: Executor | None = None
    freshest: timedelta = timedelta(seconds=60)
    batch_records: int = 2_000
    progress: Progress = silent
    agreement: Agreement | None = None
    reps: frozenset[str] | None = None
    promises: str = ""
    goals: Sequence[Measured] = ()
    also_read: Mapping[tuple[Side, str], Mapping[str, Kind]] = field(default_factory=dict)
    notifier: Notifier | None = None

    @cached_property
    def views(self) -> dict[tuple[Side, str], View]:
        """What is read of every mapped object: the fields of all pairs it takes part in, and what is watched."""
        fields: dict[tuple[Side, str], dict[str, Kind]] = {}
        for side, obj in self.agreement.definition.watched if self.agreement else ():
            if self.mapping.pairs_of(side, obj):
                fields[side, obj] = {**self.also_read.get((side, obj), {}), **self.watched(side, obj)}
        for pair in self.mapping.pairs:
            for side in Side:
                fields.setdefault((side, pair.object_on(side)), {}).update(pair.fields_on(side))
        return {(side, obj): View(obj, kinds) for (side, obj), kinds in fields.items()}

    @cached_property
    def urgent(self) -> Bridge:
        """The same bridge, calling both sides in the lane of those who wait for a rep's call."""
        return replace(self, crms={side: crm.in_lane(Lane.HOT) for side, crm in self.crms.items()})

    def watched(self, side: Side, obj: str) -> Mapping[str, Kind]:
        """The fields of an object whose changes go into the journey of whose record it is."""
        return self.agreement.definition.watched.get((side, obj), {}) if self.agreement else {}

    def views_of(self, side: Side) -> list[View]:
        """The views of one side, in mapping order."""
        return [view for (owner, _), view in self.views.items() if owner is side]

    def together(self, act: Callable[[Side], T]) -> dict[Side, T]:
        """Do the same on both sides, at the same time where an executor is at hand.

        Whoever asks does one side himself, and the other too if no thread is free to begin it, so that threads which
        are in the executor already never wait for it. An error is raised once both sides have come to an end.
        """
        if self.executor is None:
            return {side: asked(side, act) for side in Side}
        theirs, mine = Side
        future = self.executor.submit(asked, theirs, act)
        try:
            done = asked(mine, act)
        finally:
            alone = future.cancel()
            if not alone:
                wait([future])
        return {theirs: asked(theirs, act) if alone else future.result(), mine: done}


def asked(side: Side, act: Callable[[Side], T]) -> T:
    """Ask one side; if it refuses us, whoever handles that knows which side it was."""
    try:
        return act(side)
    except Unauthorised as refusal:
        refusal.side = refusal.side or side
        raise
