"""What people may do: settle, unpark, retry, link, unlink, resync, forget, look. The CLI and the admin both call these.

Every act of a person is recorded as an event with who did it, and works by changing what is remembered and marking the
records dirty: the next pass does the rest, with the same code and guards as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from connector.core.journey import Entry, Named
from connector.core.mapping import Pair
from connector.core.plan import IssueKind, Memory
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.engine import agreement, erase, looping
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import cases_of, pair_of, read_refs
from connector.engine.story import ACT
from connector.errors import Refused
from connector.storage import dirty, events, issues, journeys, links
from connector.storage.events import Event
from connector.storage.issues import StoredIssue
from connector.storage.links import Link, NewLink


@dataclass(frozen=True, slots=True)
class Looked:
    """One record as it stands: its case (live readings and plan), its link, its open issues."""

    case: Case | None
    link: Link | None
    issues: Sequence[StoredIssue]


def look(bridge: Bridge, ref: Ref) -> Looked:
    """Read one record and its counterpart, and plan them, writing nothing."""
    cases = cases_of(bridge, [ref])
    with bridge.database.read() as conn:
        link = links.by_refs(conn, [ref]).get(ref)
        refs = list({ref, *(one for case in cases for one in case.refs)})
        return Looked(cases[0] if cases else None, link, issues.open_issues(conn, refs=refs))


def settle(bridge: Bridge, issue_id: int, winner: Side, by: str) -> StoredIssue:
    """Decide a conflict: the winner's value goes to the other side in the next pass.

    Raises:
        Refused: when there is no such open conflict.
    """
    with bridge.database.begin() as conn:
        stored = _open(conn, issue_id)
        if stored.issue.kind is not IssueKind.CONFLICT:
            raise Refused(f"issue {issue_id} is {stored.issue.kind.value}, not a conflict; see smarketing status")
        issues.decide(conn, issue_id, winner.value)
        _act(conn, bridge, stored.issue.refs, by, {"act": "settle", "rule": stored.issue.rule, "winner": winner.value})
    return stored


def unpark(bridge: Bridge, issue_ids: Sequence[int], by: str) -> int:
    """Let parked values be tried again in the next pass. Returns how many.

    Raises:
        Refused: when one of them is no open parked issue.
    """
    with bridge.database.begin() as conn:
        for issue_id in issue_ids:
            stored = _open(conn, issue_id)
            if stored.issue.kind is not IssueKind.PARKED:
                raise Refused(f"issue {issue_id} is {stored.issue.kind.value}, not parked; see smarketing status")
            looping.begin_anew(conn, [stored], bridge.clock.now())
            _act(conn, bridge, stored.issue.refs, by, {"act": "unpark", "field": stored.issue.field})
        issues.close(conn, issue_ids, bridge.clock.now(), f"unparked by {by}")
    return len(issue_ids)


def parked_ids(bridge: Bridge) -> list[int]:
    """All parked issues."""
    found: list[int] = []
    with bridge.database.read() as conn:
        while page := issues.open_issues(conn, kinds=[IssueKind.PARKED], after=found[-1] if found else 0):
            found += [stored.id for stored in page]
    return found


def resync(bridge: Bridge, refs: Sequence[Ref], by: str) -> None:
    """Look at some records again, whether or not anything changed."""
    with bridge.database.begin() as conn:
        _act(conn, bridge, tuple(refs), by, {"act": "resync"})


def retry(bridge: Bridge, by: str) -> int:
    """Do now what waits for its pause to end. Returns how many refs."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        hurried = dirty.hurry(conn, now)
        events.append(conn, [Event(now, ACT, payload={"act": "retry", "records": hurried, "by": by})])
    return hurried


def adopt_edition(bridge: Bridge, by: str, *, open_too: bool) -> None:
    """Let sla.yaml as it is today be in force from now on; with `open_too` for promises that are open already, too.

    Raises:
        Refused: when nothing is promised.
    """
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        if not agreement.adopt(conn, bridge, now, open_too=open_too):
            raise Refused("nothing is promised: there is no sla.yaml in the mappings folder, or the lifecycle is off")
        events.append(conn, [Event(now, ACT, payload={"act": "sla apply", "open_too": open_too, "by": by})])


def name_persona(bridge: Bridge, ref: Ref, persona: str, by: str) -> None:
    """Choose a persona by hand; "" takes the choice back and lets the rules say.

    Raises:
        Refused: when there is no such persona.
    """
    personas = bridge.agreement.definition.personas if bridge.agreement else None
    if personas is None or (persona and persona not in personas.names):
        known = ", ".join(personas.names) if personas else "there are none without personas.yaml"
        raise Refused(f"there is no persona {persona!r} ({known})")
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        journeys.append(conn, [Entry(ref, now, now, Named(persona))])
        _act(conn, bridge, (ref,), by, {"act": "persona", "persona": persona})


def link(bridge: Bridge, one: Ref, other: Ref, by: str) -> None:
    """Say that two records are the same. A link that a person had taken apart is taken up again.

    Raises:
        Refused: when they are of one side, of objects without a mapping, gone, or linked to others.
    """
    pair, (hubspot, salesforce) = joined(bridge, one, other)
    read_both(bridge, (hubspot, salesforce))
    with bridge.database.begin() as conn:
        for held in links.by_refs(conn, [hubspot, salesforce]).values():
            if held.stopped:
                links.delete(conn, held.id, held.version)
            else:
                raise Refused(f"{held.hubspot} is linked to {held.salesforce}; unlink them first")
        links.insert(conn, [NewLink(pair.name, hubspot, salesforce, Memory())], bridge.clock.now())
        _act(conn, bridge, (hubspot, salesforce), by, {"act": "link"})
        answered = issues.open_issues(conn, kinds=[IssueKind.AMBIGUOUS], refs=[one, other])
        issues.close(conn, [stored.id for stored in answered], bridge.clock.now(), f"linked by {by}")
        others = sorted({ref for stored in answered for ref in stored.issue.refs} - {one, other})
        dirty.mark(conn, others, bridge.clock.now(), reason="a rival is linked")


def unlink(bridge: Bridge, ref: Ref, by: str) -> Link:
    """Keep two linked records apart from now on: neither is synced, matched again or made twice.

    Raises:
        Refused: when the record is not linked.
    """
    with bridge.database.begin() as conn:
        held = links.by_refs(conn, [ref]).get(ref)
        if held is None:
            raise Refused(f"{ref} is not linked")
        links.stop(conn, held.id)
        _act(conn, bridge, (held.hubspot, held.salesforce), by, {"act": "unlink"})
    return held


def forget(bridge: Bridge, ref: Ref, by: str = "") -> None:
    """Erase all that the store holds of a person, linked or not, and never make them again.

    That it was done, and by whom, is recorded; of whom is not.
    """
    told = {} if ref.side not in bridge.crms else read_refs(bridge, [ref])
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        held = links.by_refs(conn, [ref]).get(ref)
        if held is not None:
            links.delete(conn, held.id, held.version)
            erase.forget(conn, bridge, held, now)
        erase.forget_stranger(conn, bridge, told.get(ref) or Reading(ref, Presence.MISSING), now)
        events.append(conn, [Event(now, ACT, payload={"act": "forget", "by": by})])
    erase.scrub(bridge)


def joined(bridge: Bridge, one: Ref, other: Ref) -> tuple[Pair, tuple[Ref, Ref]]:
    """The pair that two records would make, and the two, HubSpot's first.

    Raises:
        Refused: when they are of one side, or of objects without a mapping.
    """
    hubspot, salesforce = sorted((one, other), key=lambda ref: ref.side is Side.SALESFORCE)
    if hubspot.side is salesforce.side:
        raise Refused("a link joins one HubSpot record and one Salesforce record")
    try:
        return pair_of(bridge, hubspot, salesforce), (hubspot, salesforce)
    except KeyError as error:
        raise Refused(str(error.args[0])) from error


def read_both(bridge: Bridge, refs: tuple[Ref, Ref]) -> tuple[Reading, Reading]:
    """Fresh readings of two records that are there.

    Raises:
        Refused: when one of them is not.
    """
    readings = read_refs(bridge, refs)
    absent = [str(ref) for ref in refs if not readings[ref].present]
    if absent:
        raise Refused(f"{', '.join(absent)} cannot be read: archived, merged, converted or gone")
    return readings[refs[0]], readings[refs[1]]


def _open(conn: Connection, issue_id: int) -> StoredIssue:
    stored = issues.by_id(conn, issue_id)
    if stored is None:
        raise Refused(f"there is no open issue {issue_id}; see smarketing status")
    return stored


def _act(conn: Connection, bridge: Bridge, refs: Sequence[Ref], by: str, payload: dict[str, Any]) -> None:
    """Record a person's act and have the records looked at."""
    now = bridge.clock.now()
    dirty.mark(conn, refs, now, reason=str(payload["act"]))
    by_side = {ref.side: ref for ref in reversed(refs)}
    row = Event(now, ACT, by_side.get(Side.HUBSPOT), by_side.get(Side.SALESFORCE), None, {**payload, "by": by})
    events.append(conn, [row])
