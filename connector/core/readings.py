"""A reading: what one side says of one record now, in canonical form, with evidence of when.

Readings are all the merge ever sees of a CRM. `modified_at` is when the record last changed, hence only "at most" for
any one field; `stamps` holds exact times for fields whose history was asked for. A raw value that its kind cannot
understand is kept in `unreadable`, so that it is shown and never dropped or overwritten in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.core.refs import Ref
from connector.core.values import Value


class Presence(StrEnum):
    """Whether and how a record is there."""

    PRESENT = "present"
    ARCHIVED = "archived"  # in the recycle bin or archived: may come back under the same id
    MISSING = "missing"  # never was, or is gone for good
    MOVED = "moved"  # merged into or converted to `moved_to`


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, and by whom if told, one field was last given its value on one side."""

    at: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One record as one side tells it now.

    Attributes:
        ref: the record that was asked for.
        presence: whether it is there; `values` is empty unless PRESENT (an ARCHIVED one may carry values).
        values: canonical value by field name of that side; a field not asked for is absent, a blank one is None.
        modified_at: when the record last changed, UTC; an upper bound for every field.
        stamps: exact time by field, where history was read.
        unreadable: raw text by field, for values their kind cannot understand.
        moved_to: where a MOVED record's identity went on.
        aliases: ids of records that were merged into this one, same object, as far as the side tells.
        converted: a Salesforce Lead that became a Contact (its reading is then MOVED to that Contact).
    """

    ref: Ref
    presence: Presence = Presence.PRESENT
    values: Mapping[str, Value] = field(default_factory=dict)
    modified_at: datetime | None = None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    moved_to: Ref | None = None
    aliases: tuple[str, ...] = ()
    converted: bool = False

    @property
    def present(self) -> bool:
        """Whether the record is there to be read and written."""
        return self.presence is Presence.PRESENT
