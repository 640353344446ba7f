"""Forget a person for good: nothing personal stays, and nobody makes them again.

HubSpot deletes for good only on a privacy request (an ordinary deletion is archived and can be found there), so a
linked contact that is neither live nor archived was erased. What stays is a keyed hash of each e-mail address: enough
to recognise an old event or a poll that would bring the person back, useless to anyone without the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from connector.core.plan import Create, Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine.bridge import Bridge
from connector.engine.cases import Case, pair_of
from connector.storage import dirty, events, issues, seen, state, tombstones
from connector.storage.links import Link

KEY = "tombstone_key"  # in storage.state


def erase(conn: Connection, bridge: Bridge, link: Link, now: datetime) -> None:
    """Purge all that is kept of a linked person, leave tombstones, and tell a person about the other side."""
    pair = pair_of(bridge, link.hubspot, link.salesforce)
    emails = {
        value
        for rule in pair.rules
        if rule.kind is Kind.EMAIL and rule.name in link.memory.base
        for value in (link.memory.base[rule.name].hubspot, link.memory.base[rule.name].salesforce)
    }
    refs = (link.hubspot, link.salesforce)
    purge(conn, refs)
    tombstones.add(conn, [fingerprint(conn, value) for value in sorted(filter(None, emails))], now)
    tombstones.add(conn, [fingerprint(conn, str(ref)) for ref in refs], now)
    issues.raise_issues(conn, [_erased(link)], now, None)


def purge(conn: Connection, refs: Sequence[Ref]) -> None:
    """Remove every row about these records."""
    dirty.forget(conn, refs)
    seen.forget(conn, refs)
    issues.forget(conn, refs)
    events.forget(conn, refs)


def fingerprint(conn: Connection, value: str) -> str:
    """The keyed hash under which an erased address or ref is remembered."""
    key = state.get(conn, KEY)
    assert key is not None, "bootstrap makes the key with the store"
    return hmac.new(bytes.fromhex(str(key)), value.casefold().encode(), hashlib.sha256).hexdigest()


def without_erased(bridge: Bridge, cases: list[Case]) -> list[Case]:
    """Leave out the cases that would make an erased person again."""
    creating = [case for case in cases if any(isinstance(step, Create) for step in case.plan.steps)]
    if not creating:
        return cases
    with bridge.database.read() as conn:
        if not tombstones.any(conn):
            return cases
        marks = [{fingerprint(conn, value) for value in _identity(case)} for case in creating]
        known = tombstones.known(conn, sorted(set().union(*marks)))
    erased = {id(case) for case, mark in zip(creating, marks, strict=True) if mark & known}
    return [case for case in cases if id(case) not in erased]


def _identity(case: Case) -> list[str]:
    readings = [reading for reading in (case.subject.hubspot, case.subject.salesforce) if reading]
    values = [str(reading.ref) for reading in readings]
    for rule in case.pair.rules:
        if rule.kind is Kind.EMAIL:
            found = (reading.values.get(rule.field_on(reading.ref.side)) for reading in readings)
            values += [value for value in found if value]
    return values


def _erased(link: Link) -> Issue:
    return Issue(
        IssueKind.EDIT_BEATS_DELETION,
        (link.salesforce,),
        side=Side.SALESFORCE,
        code="ERASED",
        reason=f"{link.hubspot} was deleted for good in HubSpot (privacy request); the bridge has forgotten the person",
        hint=f"decide whether {link.salesforce} must be deleted too; it will not be sent to HubSpot again",
    )
