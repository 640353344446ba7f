"""What rows of Task, Event and Opportunity say of what people did, as entries of journeys.

A Task counts once it is closed, at the moment it was completed. TaskSubtype says how somebody was in touch, where it
only says "a task" its Type does; a plain task ("send the offer", a reminder of ours) is told, yet touches nobody. A
call is outbound unless its CallType says otherwise, as reps log the calls they make and often leave it blank; an e-mail
that is logged is one that was sent. A list e-mail is no human's, and neither is what our own user keeps or closes, nor
what a queue owns. An Event counts once it has begun: Salesforce does not say that a meeting was held, a cancelled one
is deleted (Salesforce fact sheet 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from connector.core.journey import Channel, Dealt, Entry, Touched
from connector.core.refs import Ref, id18, salesforce
from connector.core.values import Kind, canonical
from connector.errors import Transient
from connector.salesforce.rows import moment_of

PEOPLE: Final[Mapping[str, str]] = {
    "00Q": "Lead",
    "003": "Contact",
}  # by the first characters of an id (fact sheet 3.5)
USERS: Final = "005"
Row = Mapping[str, Any]
_SUBTYPES: Final[Mapping[str, Channel]] = {
    "Call": Channel.CALL,
    "Email": Channel.EMAIL,
    "ListEmail": Channel.EMAIL,
    "LinkedIn": Channel.MESSAGE,
}
_TYPES: Final[Mapping[str, Channel]] = {
    "Call": Channel.CALL,
    "Email": Channel.EMAIL,
    "Meeting": Channel.MEETING,
}
_NOT_OUTBOUND: Final = frozenset({"Inbound", "Internal"})


def person_of(row: Row) -> Ref | None:
    """The Lead or Contact that an activity is about; None when it is about something else."""
    who = row.get("WhoId") or ""
    return salesforce(PEOPLE[who[:3]], who) if who[:3] in PEOPLE else None


def stamped(row: Row, name: str) -> datetime:
    """The time in a field; that of the last change where it is blank.

    Raises:
        Transient: when Salesforce tells neither.
    """
    at = moment_of(row.get(name)) or moment_of(row.get("SystemModstamp"))
    if at is None:
        raise Transient("Salesforce listed a row without any time; it is asked again")
    return at


def of_task(row: Row, ourselves: str, now: datetime) -> Entry | None:
    """What a closed Task tells; None for one that is about nobody."""
    ref = person_of(row)
    if ref is None:
        return None
    subtype, call = row.get("TaskSubtype") or "", row.get("CallType") or ""
    fallback = Channel.CALL if call else _TYPES.get(row.get("Type") or "", Channel.OTHER)
    channel = _SUBTYPES.get(subtype, fallback)
    outbound = channel is not Channel.OTHER and call not in _NOT_OUTBOUND
    human = subtype != "ListEmail" and _by_hand(row, ourselves)
    at = moment_of(row.get("CompletedDateTime")) or stamped(row, "CreatedDate")
    return _touched(ref, at, now, Touched(channel, outbound, human, _owner(row)), row)


def of_event(row: Row, ourselves: str, now: datetime) -> Entry | None:
    """What an Event that has begun tells; None for one that is about nobody."""
    ref = person_of(row)
    if ref is None:
        return None
    touched = Touched(Channel.MEETING, outbound=True, human=_by_hand(row, ourselves), by=_owner(row))
    return _touched(ref, stamped(row, "StartDateTime"), now, touched, row)


def of_deal(ref: Ref, row: Row, since: datetime | None, now: datetime) -> Entry:
    """What an Opportunity tells of somebody who has had a part in it since then (None: from its beginning).

    The key holds the stage, when it was entered and the amount: a deal that goes back to a stage is told again.
    """
    deal, amount = id18(row["Id"]), canonical(Kind.MONEY, row.get("Amount"))
    told = row.get("LastStageChangeDate")
    at = moment_of(told) or stamped(row, "CreatedDate" if "LastStageChangeDate" in row else "SystemModstamp")
    if since is not None:
        at = max(at, since)
    stage = row.get("StageName") or ""
    what = Dealt(deal, stage, closed=bool(row.get("IsClosed")), won=bool(row.get("IsWon")), amount=amount)
    return Entry(ref, min(at, now), now, what, f"deal:{deal}:{stage}:{told or ''}:{amount or ''}")


def _touched(ref: Ref, at: datetime, now: datetime, touched: Touched, row: Row) -> Entry:
    return Entry(ref, min(at, now), now, touched, f"activity:{id18(row['Id'])}")


def _by_hand(row: Row, ourselves: str) -> bool:
    owner = _owner(row)
    ours = ourselves and (
        owner == ourselves or _user(row, "CreatedById") == _user(row, "LastModifiedById") == ourselves
    )
    return owner.startswith(USERS) and not ours


def _owner(row: Row) -> str:
    return _user(row, "OwnerId")


def _user(row: Row, name: str) -> str:
    return id18(row.get(name) or "")
