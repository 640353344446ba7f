"""Records as versions: a change makes a new version and never alters an old one.

That is what lets the search index lag behind (index.py): it simply still holds the version before. What a record said
when it was made is not written twice: the history of a property that never changed is derived from its creation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from connector.sandbox.hubspot.moments import iso

VERSIONS_MAX = 45  # as many past values as HubSpot keeps of a contact's property (general knowledge, unverified)


class Source(NamedTuple):
    """Who writes, as property history and webhooks name it (HubSpot fact sheet 2.3); `actor` is for the write log."""

    type: str
    id: str
    actor: str
    label: str = ""
    user_id: int | None = None


class Change(NamedTuple):
    """One past or present value of a property; cleared is the empty string."""

    value: str
    at_ms: int
    source: Source


@dataclass(slots=True)
class Record:
    """One version of a record. `values` is never altered once the version stands."""

    id: int
    values: dict[str, str]
    created_ms: int
    modified_ms: int
    origin: Source
    history: dict[str, list[Change]] | None = None
    archived_ms: int | None = None
    revision: int = 0

    def next(self, values: dict[str, str], modified_ms: int, archived_ms: int | None = None) -> Record:
        """The version after this one; history is carried on."""
        return Record(
            self.id,
            values,
            self.created_ms,
            modified_ms,
            self.origin,
            self.history,
            archived_ms,
            self.revision + 1,
        )

    def changes_of(self, name: str) -> list[Change]:
        """Every kept value of one property, oldest first."""
        if self.history is not None and name in self.history:
            return self.history[name]
        value = self.values.get(name)
        return [] if value is None else [Change(value, self.created_ms, self.origin)]

    def remember(self, name: str, value: str | None, at_ms: int, source: Source) -> None:
        """Add a value to the history of a property; call it on the version that still holds the old value."""
        if self.history is None:
            self.history = {}
        kept = self.changes_of(name)
        self.history[name] = [*kept[-VERSIONS_MAX + 1 :], Change(value or "", at_ms, source)]

    def shown_history(self, name: str) -> list[dict[str, Any]]:
        """Newest first, as `propertiesWithHistory` prints it."""
        return [_shown(change) for change in reversed(self.changes_of(name))]

    def names(self) -> Iterator[str]:
        """Every property that has or had a value."""
        yield from self.values
        if self.history is not None:
            yield from (name for name in self.history if name not in self.values)


def _shown(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "value": change.value,
        "timestamp": iso(change.at_ms),
        "sourceType": change.source.type,
        "sourceId": change.source.id,
    }
    if change.source.label:
        shown["sourceLabel"] = change.source.label
    if change.source.user_id is not None:
        shown["updatedByUserId"] = change.source.user_id
    return shown
