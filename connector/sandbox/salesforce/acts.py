"""Who writes, how, and what a write leaves behind.

An `Act` is the circumstance of one call: the user, the name for the log, the second it happens in, and what the
request headers asked of assignment and duplicate rules (Salesforce fact sheet 1.7). A `Change` is what outbound
messages are made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.sandbox.salesforce.cleaning import stamp


@dataclass(frozen=True, slots=True)
class Act:
    """The circumstance of a write. `assign` is "TRUE", "FALSE" or the id of an assignment rule."""

    user_id: str
    actor: str
    now: datetime
    second: str
    assign: str = "TRUE"
    save_duplicates: bool = False
    duplicate_details: bool = False
    by_api: bool = True
    unbound: bool = False  # Salesforce itself copies for the user: no field-level security applies

    @classmethod
    def of_person(cls, user_id: str, now: datetime, *, assign: str = "FALSE") -> Act:
        """Somebody at a screen: duplicate alerts are clicked away, and others see it when it is committed."""
        return cls(user_id, f"user:{user_id}", now, stamp(now), assign, save_duplicates=True, by_api=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One row changed. `kind` is created, updated, deleted, undeleted, merged or hard_deleted."""

    sobject: str
    id: str
    kind: str
    fields: tuple[str, ...]
    at: datetime
    actor: str
