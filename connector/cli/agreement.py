"""What lifecycle, sla, feedback and objectives have in common: the agreement in force, and everybody's journeys.

They look into the store only; no CRM is called. Journeys stream by one person after the other, so that a million take
time but no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connector.cli.frame import err, store, watching
from connector.clock import SystemClock
from connector.config.findings import Finding
from connector.config.load import Loaded
from connector.config.owners import Owners
from connector.core.course import in_order
from connector.core.journey import Entry
from connector.core.refs import Ref
from connector.core.steered import Agreement
from connector.engine import facts
from connector.errors import Refused
from connector.storage import editions, journeys, links
from connector.storage.database import Database
from connector.storage.journeys import Person

OFF = (
    "there is no shared lifecycle: no lifecycle.yaml stands in the mappings folder, or it says `enabled: false`. "
    "`smarketing init` in another folder writes one to copy; docs/lifecycle.md tells how to begin"
)
_STEP = 200  # people between two moves of the progress bar


@dataclass(frozen=True)
class Agreed:
    """An opened store with what both teams agreed on.

    Attributes:
        followed_since: when the first run began to follow the lifecycle; None: none has yet.
        owners: everyone who can own records, as last told; None: nobody has asked yet.
        proposed: sla.yaml says something else than the edition in force; the next sync takes it up.
    """

    loaded: Loaded
    database: Database
    agreement: Agreement
    now: datetime
    owners: Owners | None
    followed_since: datetime | None
    proposed: bool
    findings: tuple[Finding, ...] = ()
    progress: Callable[[str, int, int | None], None] = field(default=lambda _what, _done, _total: None)

    @property
    def names(self) -> Mapping[str, str]:
        """Owners' names by id."""
        told = self.owners.values() if self.owners else ()
        return {one.id: one.name or one.email for those in told for one in those}

    @property
    def stages(self) -> Mapping[str, str]:
        """Stages' names by id."""
        return {stage.id: stage.name for stage in self.agreement.definition.lifecycle.stages.values()}

    def people(self, what: str) -> Iterator[Person]:
        """Everybody who has a journey, while a progress bar says how far we are."""
        number = 0
        with self.database.read() as conn:
            for refs, entries in journeys.people(conn):
                number += 1
                if number % _STEP == 0:
                    self.progress(what, number, None)
                yield refs, entries
        self.progress(what, number, number)

    def journey(self, ref: Ref) -> tuple[tuple[Ref, ...], list[Entry]]:
        """One person's records and journey, in order.

        Raises:
            Refused: when nothing is known of them.
        """
        with self.database.read() as conn:
            link = links.by_refs(conn, [ref]).get(ref)
            refs = (link.hubspot, link.salesforce) if link else (ref,)
            entries = in_order(journeys.of_refs(conn, refs))
        if not entries:
            raise Refused(
                f"{ref} has no journey yet: the lifecycle has not met them; `smarketing sync` meets everybody"
            )
        return refs, entries


@contextmanager
def agreed(config: Path, *, watch: bool = True) -> Iterator[Agreed]:
    """Open the store and what both teams agreed on; with a progress bar on long work when `watch`.

    Raises:
        Refused: when the lifecycle is off; says how to switch it on.
    """
    with store(config) as (loaded, database), of(loaded, database, watch=watch) as opened:
        yield opened


@contextmanager
def of(loaded: Loaded, database: Database, *, watch: bool = True) -> Iterator[Agreed]:
    """What both teams agreed on, of an opened store.

    Raises:
        Refused: when the lifecycle is off; says how to switch it on.
    """
    from connector.bootstrap import fitted  # noqa: PLC0415  # what only helps does without

    with ExitStack() as closing:
        if not loaded.lifecycle_on:
            raise Refused(OFF)
        clock = SystemClock()
        known = facts.recall(database)
        whole = fitted(loaded, known, database, clock).agreed
        if whole.agreement is None:
            raise Refused(OFF)
        with database.read() as conn:
            since, kept = editions.followed_since(conn), editions.all(conn)
        book = whole.agreement.book
        proposed = bool(book) and book[-1].version != (kept[-1].version if kept else "")
        progress = closing.enter_context(watching(enabled=watch and err.is_terminal))
        owners = known.owners if known else None
        yield Agreed(loaded, database, whole.agreement, clock.now(), owners, since, proposed, whole.findings, progress)
