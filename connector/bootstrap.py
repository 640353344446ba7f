"""Builds store and engine from a checked configuration; with `connector.sides`, the only place that knows every class.

Everything is built in plain calls and closed in reverse order. Opening an installation connects, learns (or recalls)
what the live accounts look like, and fits the mappings to them; whatever had to be put to sleep is in `findings`.
Commands that only look into the store (`open_store`) or change what is remembered (`connect=False`) never load the
clients of the CRMs: they take most of the time a command needs to start.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from connector.agreed import Agreed, Live, agreed
from connector.config.compile import compile_mappings
from connector.config.findings import Finding, Severity
from connector.config.live import adapt, owner_findings
from connector.config.load import Loaded, load
from connector.config.secrets import Secret
from connector.config.settings import Settings
from connector.core.looping import Limit as Loops
from connector.core.mapping import MappingSet
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.engine import erase, facts, sync
from connector.engine.bridge import Bridge, Progress, silent
from connector.engine.facts import Facts
from connector.engine.run import Run
from connector.engine.unseen import tell
from connector.errors import BridgeError, Refused, Transient, Unauthorised
from connector.memory import settle_memory
from connector.notify.outgoing import notifier
from connector.ports import Account, Clock, Crm, Dice
from connector.storage import state
from connector.storage.database import Database, migrate, open_database

ENGINE_THREADS = 8


@dataclass(frozen=True)
class Fitted:
    """The configuration as far as the live accounts can carry it, and what does not fit.

    reps: who may be given people in Salesforce; None: nobody knows.
    """

    mapping: MappingSet
    agreed: Agreed
    findings: tuple[Finding, ...]
    reps: frozenset[str] | None

    def into(self, bridge: Bridge) -> Bridge:
        """The bridge at work under it."""
        agreed = self.agreed
        return replace(
            bridge,
            mapping=self.mapping,
            agreement=agreed.agreement,
            promises=agreed.promises,
            goals=agreed.goals,
            also_read=agreed.also_read,
            reps=self.reps,
        )


@dataclass(frozen=True)
class Installation:
    """An opened installation. `accounts` and `findings` are empty when it was opened without connecting.

    `refitted`: the configuration fitted to what the accounts are like now.
    """

    settings: Settings
    bridge: Bridge
    accounts: Mapping[Side, Account]
    findings: tuple[Finding, ...]
    refitted: Callable[[], Fitted] | None = None

    def sync(self, mode: str, *, by: str, approved: bool = False) -> Run:
        """One recorded run: `once` (what changed since the last) or `full` (everything).

        A first run has nothing to continue from and is therefore full, and so is the first after an edit of the mapping
        (`engine.standing`). What changed while a full run was at work is taken in by the next run, whose polling starts
        where the full one began. When a side refuses what it took before, because a field was hidden or removed, it is
        looked at anew and the run made once more.

        Raises:
            Unauthorised: also where nobody could tell any more which records have a counterpart already.
        """
        try:
            return self._synced(mode, by, approved=approved)
        except Refused:
            anew = self._anew()
            if anew is None:
                raise
            return anew._synced(mode, by, approved=approved)  # noqa: SLF001  # of its own kind

    def _synced(self, mode: str, by: str, *, approved: bool) -> Run:
        facts.refuse_blind(self.bridge.database, self.bridge.mapping)
        with sync.recorded(self.bridge, mode, by, approved=approved) as run:
            sync.sync(self.bridge, run, mode)
            tell(self.bridge, run, self.misfits)
        return run

    @property
    def misfits(self) -> list[Issue]:
        """What the configuration cannot do as the CRMs are today, as issues."""
        return [_misfit(found) for found in self.findings if found.severity is Severity.ERROR]

    def _anew(self) -> Installation | None:
        """The same, fitted to the accounts as they are now; None unless that asks them for anything else."""
        try:
            fits = self.refitted and self.refitted()
        except BridgeError:
            return None  # the refusal itself says more
        if not fits:
            return None
        anew = replace(self, bridge=fits.into(self.bridge), findings=fits.findings)
        facts.refuse_blind(anew.bridge.database, fits.mapping)
        return anew if anew.bridge.views != self.bridge.views else None


@dataclass(frozen=True)
class Surroundings:
    """What the outside hands in: environment, time, chance, who watches the progress, and mapping files to try out.

    draft: all of them with their texts, read instead of those on disk; None: those on disk.
    """

    env: Mapping[str, str]
    clock: Clock
    dice: Dice
    progress: Progress = silent
    draft: Mapping[Path, str] | None = None


@contextmanager
def open_installation(
    path: Path, around: Surroundings, *, connect: bool = True, refresh: bool = False, patient: bool = False
) -> Iterator[Installation]:
    """Open what a config.yaml describes; `refresh` asks the live accounts anew instead of recalling them.

    patient: where a side does not answer or refuses us, go on with what it last told, however long ago.

    Raises:
        Misconfigured: with every problem; Unauthorised, Transient: what connecting raises.
    """
    with ExitStack() as closing:
        loaded, database = closing.enter_context(open_store(path, around.env, around.draft))
        crms = _crms(loaded.settings, database, around, closing) if connect else {}
        if refresh:
            facts.outdate(database)
        known = _known(loaded, database, crms, around.clock, patient) if connect else facts.recall(database)
        fit = fitted(loaded, known, database, around.clock)
        executor = ThreadPoolExecutor(ENGINE_THREADS, thread_name_prefix="engine")
        closing.callback(executor.shutdown)
        bridge = Bridge(
            name=loaded.settings.bridge.name,
            database=database,
            crms=crms,
            mapping=fit.mapping,
            clock=around.clock,
            dice=around.dice,
            limits=loaded.settings.guards.limits,
            loops=_loops(loaded.settings),
            executor=executor,
            progress=around.progress,
            notifier=notifier(loaded.settings.notifications, loaded.settings.webhooks_out, around.clock),
        )
        accounts = known.accounts if known and connect else {}
        yield Installation(loaded.settings, fit.into(bridge), accounts, fit.findings, lambda: _refitted(loaded, bridge))


@contextmanager
def open_store(
    path: Path, env: Mapping[str, str], draft: Mapping[Path, str] | None = None
) -> Iterator[tuple[Loaded, Database]]:
    """The checked configuration, and its store brought up to date; no CRM is known, let alone called.

    draft: mapping files to try out, read instead of those on disk.

    Raises:
        Misconfigured: with every problem; Transient: when the database does not answer.
    """
    loaded = load(path, env, draft)
    settle_memory()
    database = open_database(loaded.settings.database.url.reveal())
    try:
        migrate(database)
        _make_keys(database)
        yield loaded, database
    finally:
        database.close()


def fitted(loaded: Loaded, known: Facts | None, database: Database, clock: Clock) -> Fitted:
    """Mappings and agreement, fitted to the live schemas as far as they are known, and what did not fit."""
    mapping = compile_mappings(loaded, known.owners if known else None)
    if known is None:
        return Fitted(mapping, agreed(loaded, database, Live(None, None), clock.now()), (), None)
    schemas = {(side, obj): schema for side, told in known.schemas.items() for obj, schema in told.items()}
    mapping, findings = adapt(mapping, schemas, loaded)
    both = agreed(loaded, database, Live(schemas, known.owners), clock.now())
    reps = frozenset(owner.id for owner in known.owners[Side.SALESFORCE] if owner.active and not owner.ours)
    return Fitted(mapping, both, (*findings, *owner_findings(loaded, known.owners), *both.findings), reps)


def _loops(settings: Settings) -> Loops:
    told = settings.worker.loop_breaker
    return Loops(told.times, timedelta(minutes=told.within_minutes))


def _refitted(loaded: Loaded, bridge: Bridge) -> Fitted:
    facts.outdate(bridge.database)
    known = _facts(loaded, bridge.database, bridge.crms, bridge.clock)
    return fitted(loaded, known, bridge.database, bridge.clock)


def _misfit(found: Finding) -> Issue:
    """A rule or mapping that cannot work with the CRMs as they are, for those who never run `check`."""
    place = Ref(Side.HUBSPOT, "mapping", f"{found.file}:{found.line}:{found.key}")
    hint = f"mend {found.file} or the CRM, then: smarketing check"
    return Issue(IssueKind.SCHEMA, (place,), field=found.key, code="MISFIT", reason=found.message, hint=hint)


def _known(loaded: Loaded, database: Database, crms: Mapping[Side, Crm], clock: Clock, patient: bool) -> Facts:  # noqa: FBT001  # private
    try:
        return _facts(loaded, database, crms, clock)
    except (Transient, Unauthorised):
        known = facts.last_told(database, _fingerprint(loaded.settings)) if patient else None
        if known is None:
            raise
    for side, crm in crms.items():
        crm.prime(known.schemas[side])
    return known


def _facts(loaded: Loaded, database: Database, crms: Mapping[Side, Crm], clock: Clock) -> Facts:
    pairs = compile_mappings(loaded).pairs
    objects = {side: list(dict.fromkeys(pair.object_on(side) for pair in pairs)) for side in Side}
    settings = loaded.settings
    accounts = {Side.HUBSPOT: settings.hubspot.portal_id, Side.SALESFORCE: settings.salesforce.org_id}
    asked = facts.Asked(objects, _fingerprint(settings), accounts)
    known = facts.learn(database, crms, asked, clock.now())
    for side, crm in crms.items():
        crm.prime(known.schemas[side])
    return known


def _fingerprint(settings: Settings) -> str:
    """Which accounts with whose eyes: changes with any address, sign-in name or secret, and reveals none."""
    hubspot, salesforce = settings.hubspot, settings.salesforce
    secrets_told = [*_revealed(hubspot), *_revealed(salesforce)]
    said = repr((hubspot.base_url, hubspot.oauth, salesforce.login_url, salesforce.base_url, salesforce.auth))
    return hashlib.sha256(repr((said, secrets_told)).encode()).hexdigest()


def _revealed(part: BaseModel) -> Iterator[str]:
    """Every secret of a part of the settings: each shows only where it comes from, wherever it is printed."""
    for _, value in part:
        if isinstance(value, Secret):
            yield value.reveal()
        elif isinstance(value, BaseModel):
            yield from _revealed(value)


def _make_keys(database: Database) -> None:
    """The store's own secret, under which erased people are recognised."""
    with database.begin() as conn:
        if state.get(conn, erase.KEY) is None:
            state.put(conn, erase.KEY, secrets.token_hex(32))


def _crms(settings: Settings, database: Database, around: Surroundings, closing: ExitStack) -> Mapping[Side, Crm]:
    from connector.sides import connected  # noqa: PLC0415  # the clients take a third of a second to load

    return connected(settings, database, (around.clock, around.dice), closing)
