"""A ref names one record: side, object, id.

HubSpot ids are unique per object only, so the object is part of the name. Salesforce ids are kept in their 18-character
form, because the 15-character form is case-sensitive and appears in error texts and URLs (Salesforce fact sheet 3.5).
The text form `hubspot:contacts:33451` is what people type, read in logs, and what the dirty set is keyed by.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT, _LONG = 15, 18


class Side(StrEnum):
    """One of the two CRMs."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> Side:
        """The side that is not this one."""
        return Side.SALESFORCE if self is Side.HUBSPOT else Side.HUBSPOT


class Ref(NamedTuple):
    """The name of one record; a named tuple, as every dictionary of a pass is keyed by it.

    Build Salesforce refs through `salesforce()`, which widens 15-character ids.
    """

    side: Side
    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.side.value}:{self.object}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The ref a text form names.

        Raises:
            ValueError: when the text is not `side:object:id`.
        """
        side, _, rest = text.partition(":")
        obj, _, record_id = rest.partition(":")
        if side not in Side._value2member_map_ or not obj or not record_id:
            raise ValueError(f"{text!r} is not a ref; write it like hubspot:contacts:33451 or salesforce:Lead:00Q...")
        return salesforce(obj, record_id) if side == Side.SALESFORCE.value else cls(Side.HUBSPOT, obj, record_id)


def hubspot(obj: str, record_id: str) -> Ref:
    """The ref of a HubSpot record, object by its plural name (`contacts`)."""
    return Ref(Side.HUBSPOT, obj, record_id)


def salesforce(obj: str, record_id: str) -> Ref:
    """The ref of a Salesforce record, its id widened to 18 characters."""
    return Ref(Side.SALESFORCE, obj, id18(record_id))


def id18(record_id: str) -> str:
    """The 18-character form of a Salesforce id; anything not 15 characters long is returned as it is."""
    if len(record_id) != _SHORT:
        return record_id
    blocks = (record_id[start : start + 5] for start in range(0, _SHORT, 5))
    return record_id + "".join(
        _CHECKSUM[sum(1 << place for place, char in enumerate(block) if "A" <= char <= "Z")] for block in blocks
    )
