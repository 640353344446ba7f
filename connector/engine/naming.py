"""How people name records and moments, on the command line and on the pages, and what they mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine.bridge import Bridge
from connector.errors import Refused

_AGO = re.compile(r"(\d+)\s*([smhdw])")
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_FORMS = "name a record by e-mail, HubSpot number, Salesforce id, or a ref like hubspot:contacts:33451"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def resolve(bridge: Bridge, text: str) -> Ref:
    """The record somebody means: a ref, an e-mail address, a HubSpot number, a Salesforce id.

    Raises:
        Refused: when nothing, or more than one thing, answers to it.
    """
    if text.count(":") >= 2:  # noqa: PLR2004  # side:object:id
        return _named(bridge, text)
    if "@" in text:
        return _by_email(bridge, text)
    if text.isdigit():
        found = [
            reading.ref
            for view in bridge.views_of(Side.HUBSPOT)
            for reading in bridge.crms[Side.HUBSPOT].read(view, [text])
            if reading.present
        ]
        return _only(found, text)
    if not _SALESFORCE_ID.fullmatch(text):
        raise Refused(f"{text!r} names no record; {_FORMS}")
    found = [
        reading.ref
        for view in bridge.views_of(Side.SALESFORCE)
        for reading in bridge.crms[Side.SALESFORCE].find(view, "Id", [text])
    ]
    return _only(found, text)


def _named(bridge: Bridge, text: str) -> Ref:
    try:
        ref = Ref.parse(text)
    except ValueError as error:
        raise Refused(str(error)) from error
    objects = [view.object for view in bridge.views_of(ref.side)]
    if ref.object not in objects:
        raise Refused(f"{text!r} is of no mapped object; of {ref.side.value} there are: {', '.join(objects)}")
    return ref


def _by_email(bridge: Bridge, text: str) -> Ref:
    """By e-mail: HubSpot first, where it is unique; else Salesforce."""
    found: list[Ref] = []
    for side in Side:
        for view in bridge.views_of(side):
            for name in [name for name, kind in view.fields.items() if kind is Kind.EMAIL]:
                found += [reading.ref for reading in bridge.crms[side].find(view, name, [text.lower()])]
        if found:
            break
    return _only(list(dict.fromkeys(found)), text)


def _only(found: list[Ref], text: str) -> Ref:
    if not found:
        raise Refused(f"nobody answers to {text!r} on either side; {_FORMS}")
    if len(found) > 1:
        raise Refused(f"{text!r} is {len(found)} records: {', '.join(map(str, found))}; name one of them")
    return found[0]


def moment(text: str, now: datetime) -> datetime:
    """A moment as people write it: `3d` ago, a date, or an ISO time (UTC unless it says otherwise).

    Raises:
        Refused: when it cannot be understood.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{text!r} is no time; write 2026-11-02, 2026-11-02T08:00Z, 3d or 12h") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
