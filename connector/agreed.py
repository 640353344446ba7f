"""What both teams agreed on, put together: the files of today, what the CRMs can carry, and every edition kept.

An edition of the SLA comes into force with the first run after it was written, and the lifecycle is followed since the
first run that knew it: until then both are only proposed (`engine.agreement` keeps them). An edition that this bridge
can no longer make sense of is left out and shown; whoever it named may have left long ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from connector.config import sla_lint
from connector.config.definition import definition_of
from connector.config.findings import Finding, Severity
from connector.config.fitting import Schemas, fitted_definition
from connector.config.lint import lint
from connector.config.load import Loaded
from connector.config.objectives import objectives_of
from connector.config.owners import Owners
from connector.config.sla import Promises, policies_from, policies_of
from connector.core.definition import Definition, Place
from connector.core.goals import Measured
from connector.core.policy import Book, Edition, Policy, SlaFields
from connector.core.refs import Side
from connector.core.steered import Agreement
from connector.core.values import Kind
from connector.errors import Misconfigured
from connector.storage import editions
from connector.storage.database import Database
from connector.storage.editions import StoredEdition

_SLA_KINDS = {
    "policy": Kind.TEXT,
    "state": Kind.TEXT,
    "due_at": Kind.DATETIME,
    "breached_since": Kind.DATETIME,
    "lateness": Kind.NUMBER,
}

_ASIDES = {
    Side.HUBSPOT: {"createdate": Kind.DATETIME, "hs_updated_by_user_id": Kind.TEXT},
    Side.SALESFORCE: {"CreatedDate": Kind.DATETIME, "LastModifiedById": Kind.TEXT},
}


@dataclass(frozen=True)
class Agreed:
    """What is agreed on, as far as there is anything; the SLA as it is written; the objectives; what does not fit.

    also_read: fields of watched objects that tell since when there is a record, and who touched it last.
    """

    agreement: Agreement | None = None
    promises: str = ""
    goals: tuple[Measured, ...] = ()
    also_read: Mapping[Place, Mapping[str, Kind]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Live:
    """What the accounts are like. Both are None where nobody is connected or knows."""

    schemas: Schemas | None
    owners: Owners | None


def agreed(loaded: Loaded, database: Database, live: Live, now: datetime) -> Agreed:
    """What both teams agreed on, fitted to the live accounts as far as they are known.

    Raises:
        Misconfigured: with every problem of the files of today.
    """
    promises = policies_of(loaded, live.owners, now)
    definition = definition_of(loaded, live.owners, _watched(promises) if promises else None)
    if definition is None:
        return Agreed()
    if live.schemas is not None:
        definition = fitted_definition(definition, live.schemas)
    with database.read() as conn:
        since, kept = editions.followed_since(conn), editions.all(conn)
    book, findings = _book(loaded, live.owners, promises, kept, now)
    sla_fields = _fitted(promises.fields, definition) if promises else SlaFields()
    odd = _odd(loaded, live, now) if live.schemas is not None else ()
    agreement = Agreement(definition, since or now, book, sla_fields)
    asides = _asides(definition, live.schemas or {})
    goals = objectives_of(loaded, now)
    return Agreed(agreement, promises.body if promises else "", goals, asides, (*odd, *findings))


def _odd(loaded: Loaded, live: Live, now: datetime) -> tuple[Finding, ...]:
    return (*lint(loaded, live.schemas, live.owners), *sla_lint.lint(loaded, now, live.owners))


def _asides(definition: Definition, schemas: Schemas) -> dict[Place, dict[str, Kind]]:
    return {
        place: {name: kind for name, kind in _ASIDES[place[0]].items() if name in schemas[place].fields}
        for place in definition.watched
        if place in schemas
    }


def _watched(promises: Promises) -> Mapping[Side, Mapping[str, Kind]]:
    """What conditions ask about, and where it is told how promises stand."""
    found: dict[Side, dict[str, Kind]] = {side: dict(promises.watched.get(side, {})) for side in Side}
    for name, kind in _SLA_KINDS.items():
        for side, told in getattr(promises.fields, name).items():
            if told:
                found[side].setdefault(told, kind)
    return found


def _fitted(told: SlaFields, definition: Definition) -> SlaFields:
    """Where it is told how promises stand, as far as any record of a side has such a field."""
    there = {side: {name for place, names in definition.watched.items() if place[0] is side for name in names}
             for side in Side}  # fmt: skip
    fitted = {
        one.name: {side: name if name in there[side] else None for side, name in getattr(told, one.name).items()}
        for one in fields(told)
    }
    return replace(told, **fitted)


def _book(
    loaded: Loaded, owners: Owners | None, promises: Promises | None, kept: list[StoredEdition], now: datetime
) -> tuple[Book, list[Finding]]:
    """Every edition that was in force, and at the end the one of today."""
    book: list[Edition] = []
    findings: list[Finding] = []
    for one in kept:
        today = promises is not None and one.version == promises.version
        policies = promises.policies if promises and today else _kept(one, loaded, owners, now)
        if policies is None:
            findings.append(_lost(one))
        else:
            book.append(Edition(one.version, one.since, policies, one.open_too))
    version = promises.version if promises else ""
    if version != (kept[-1].version if kept else ""):
        policies = promises.policies if promises else {}
        book.append(Edition(version, now, policies, promises.open_too if promises else False))
    return tuple(book), findings


def _kept(one: StoredEdition, loaded: Loaded, owners: Owners | None, now: datetime) -> Mapping[str, Policy] | None:
    """The policies of an edition that was kept; as nobody knew the owners where somebody it named is gone."""
    if not one.body:
        return {}
    for known in (owners, None):
        try:
            return policies_from(one.body, loaded, known, now)
        except (Misconfigured, LookupError, TypeError, ValueError):  # as written by another version of the bridge
            continue
    return None


def _lost(one: StoredEdition) -> Finding:
    message = (
        f"the edition {one.version}, in force since {one.since:%Y-%m-%d}, means nothing to this version of the bridge; "
        "promises that were made under it are not judged"
    )
    return Finding(Severity.WARNING, "sla.yaml", 0, "sla", message)
