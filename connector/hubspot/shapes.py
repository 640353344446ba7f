"""HubSpot's records as readings, for one view.

Everything is a string or null on this wire; a property that was never set may be null or left out (fact sheet 2.2), so
both are blank. A value its kind cannot understand goes to `unreadable`. `hs_merged_object_ids` is always asked for: it
tells which records were merged into this one (fact sheet 2.8). Every microsecond here is paid per record read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.core import refs
from connector.core.readings import Presence, Reading, Stamp
from connector.core.refs import Ref, Side
from connector.core.values import Unreadable, Value, canonical
from connector.ports import View

MERGED_IDS = "hs_merged_object_ids"
ID = "hs_object_id"


def modified_property(obj: str) -> str:
    """The property that holds the last change: contacts have one of their own (fact sheet 3)."""
    return "lastmodifieddate" if obj == "contacts" else "hs_lastmodifieddate"


class Shape:
    """Turns records of one object into readings of one view."""

    __slots__ = ("_fields", "object", "properties", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.object = view.object
        self.properties: Sequence[str] = (*view.fields, *({MERGED_IDS} - view.fields.keys()))
        self._fields = tuple(view.fields.items())

    def ref(self, record_id: str) -> Ref:
        """The ref of a record of this object."""
        return Ref(Side.HUBSPOT, self.object, record_id)

    def reading(self, record: Mapping[str, Any]) -> Reading:
        """The reading of a record as the API gives it."""
        properties = record.get("properties") or {}
        values, unreadable = self.values(properties)
        merged, own = properties.get(MERGED_IDS), str(record["id"])
        return Reading(
            ref=Ref(Side.HUBSPOT, self.object, own),
            presence=Presence.ARCHIVED if record.get("archived") else Presence.PRESENT,
            values=values,
            modified_at=moment(record.get("updatedAt") or properties.get(modified_property(self.object))),
            stamps=_stamps(record.get("propertiesWithHistory")),
            unreadable=unreadable,
            aliases=tuple(each for each in merged.split(";") if each not in ("", own)) if merged else (),
        )

    def values(self, properties: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, str]]:
        """Every field of the view, canonical; and raw, by itself, what its kind cannot understand.

        A property that is not there (any more) is left out in silence, a blank one is null (fact sheet 2.1): it is left
        out here, too, and not taken for blank. An answer without any null may be of those that leave blanks out.
        """
        values: dict[str, Value] = {}
        unreadable: dict[str, str] = {}
        for name, kind in self._fields:
            raw = properties.get(name)
            if not raw:
                if name in properties or None not in properties.values():
                    values[name] = None
                continue
            try:
                values[name] = canonical(kind, raw)
            except Unreadable:
                unreadable[name] = str(raw)
        return values, unreadable

    def told(self, properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, Value]:
        """What an answer says of the fields that were sent; fields it does not speak of are left out."""
        told: dict[str, Value] = {}
        kinds = self.view.fields
        for name in names:
            if name in properties and name in kinds:
                try:
                    told[name] = canonical(kinds[name], properties[name])
                except Unreadable:
                    continue  # not comparable with what was sent: the next reading shows it as unreadable
        return told

    def rendered(self, values: Mapping[str, Value]) -> dict[str, str]:
        """Canonical values as HubSpot takes them: they are its own spelling, but for a blank (fact sheet 5)."""
        return {name: value or "" for name, value in values.items()}

    def gone(self, record_id: str, presence: Presence, moved_to: str = "") -> Reading:
        """The reading of a record that is not there."""
        target = refs.hubspot(self.object, moved_to) if moved_to else None
        return Reading(self.ref(record_id), presence, moved_to=target)

    def archived(self, record: Mapping[str, Any]) -> Reading:
        """The reading of an archived record; without a stamp, for it is no longer among those that search counts."""
        return Reading(self.ref(str(record["id"])), Presence.ARCHIVED)


def moment(text: Any) -> datetime | None:
    """A time as HubSpot prints it, with or without milliseconds; None when it prints none we know."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stamps(history: Any) -> dict[str, Stamp]:
    """The newest entry of each property's history; who: HubSpot's word for the source, and its id."""
    stamps: dict[str, Stamp] = {}
    for name, entries in (history or {}).items():
        at = moment(entries[0].get("timestamp")) if entries else None
        if at is not None:
            source = f"{entries[0].get('sourceType') or ''} {entries[0].get('sourceId') or ''}"
            stamps[name] = Stamp(at, source.strip())
    return stamps
