"""Reading records by id and finding them by value.

Batch read is the store that knows its own writes; search is an index that lags (fact sheet 3). So values are found by
batch read wherever a property is unique, and what only search can find is read again by id.

A secondary e-mail address (`hs_additional_emails`) can only be found by search, five addresses a call. That is done for
a handful of addresses; for more it would take minutes at four searches a second, and is not needed for safety: creating
a contact whose address is another's secondary one is refused with that contact's id (fact sheet 2.6, 2.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from connector.core.cross_ids import understood
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Transient
from connector.hubspot.batches import BATCH, BATCH_WITH_HISTORY, GROUPS_MAX, chunks, condition, ids_found
from connector.hubspot.faults import Denied, absent
from connector.hubspot.shapes import ID, Shape
from connector.hubspot.wire import RESULTS, Wire, results
from connector.ports import Sought, View
from connector.transport.pool import Calls

VALUES_IN_ONE_SEARCH = 50
SECONDARY_MAX = 25  # addresses for which secondary ones are searched too
EMAIL, SECONDARY = "email", "hs_additional_emails"

UniquesOf = Callable[[str], AbstractSet[str]]


class Reader:
    """Reads and finds. `uniques` tells the unique properties of an object (asked of the schema, kept)."""

    def __init__(self, wire: Wire, calls: Calls, uniques: UniquesOf) -> None:
        self._wire, self._calls, self._uniques = wire, calls, uniques

    def read(self, view: View, ids: Sequence[str], history: Sequence[str] = ()) -> list[Reading]:
        """Fresh readings in the order of `ids`. Raises as `ports.Crm`."""
        shape = Shape(view)
        asked = [each for each in dict.fromkeys(ids) if understood(Side.HUBSPOT, each) == each]
        size = BATCH_WITH_HISTORY if history else BATCH
        pages = self._calls.map(lambda part: self._by_id(shape, part, history), chunks(asked, size))
        found = {reading.ref.id: reading for page in pages for reading in page}
        missing = [each for each in asked if each not in found]
        found.update(self._gone(shape, missing, found.values()))
        return [found.get(each) or shape.gone(each, Presence.MISSING) for each in ids]

    def _by_id(self, shape: Shape, ids: Sequence[str], history: Sequence[str]) -> list[Reading]:
        body: dict[str, Any] = {"properties": shape.properties, "inputs": [{"id": each} for each in ids]}
        if history:
            body["propertiesWithHistory"] = list(history)
        return [shape.reading(record) for record in self._batch(shape.object, body)]

    def _batch(self, obj: str, body: Mapping[str, Any], *, archived: bool = False) -> Sequence[dict[str, Any]]:
        path = self._wire.objects(obj, "batch", "read") + ("?archived=true" if archived else "")
        try:
            return results(self._wire.post("batch read", path, body, RESULTS))
        except Denied as refusal:
            if not absent(refusal.answer):
                raise
            return self._halved(obj, body, archived=archived)

    def _halved(self, obj: str, body: Mapping[str, Any], *, archived: bool) -> Sequence[dict[str, Any]]:
        """A batch refused because some of it is missing: the parts, until what is missing stands alone."""
        inputs = body["inputs"]
        parts = chunks(inputs, -(-len(inputs) // 2)) if len(inputs) > 1 else []
        return [one for part in parts for one in self._batch(obj, {**body, "inputs": part}, archived=archived)]

    def _gone(self, shape: Shape, ids: Sequence[str], found: Iterable[Reading]) -> dict[str, Reading]:
        """What became of ids that batch read does not know: merged away, archived, or never there."""
        merged = {alias: reading.ref.id for reading in found for alias in reading.aliases}
        gone = {each: shape.gone(each, Presence.MOVED, merged[each]) for each in ids if each in merged}
        rest = [each for each in ids if each not in gone]
        pages = self._calls.map(lambda part: self._archived(shape, part), chunks(rest, BATCH))
        gone |= {reading.ref.id: reading for page in pages for reading in page}
        rest = [each for each in rest if each not in gone]
        return gone | dict(zip(rest, self._calls.map(lambda each: self._single(shape, each), rest), strict=True))

    def _archived(self, shape: Shape, ids: Sequence[str]) -> list[Reading]:
        body = {"properties": [ID], "inputs": [{"id": each} for each in ids]}
        return [shape.archived(record) for record in self._batch(shape.object, body, archived=True)]

    def _single(self, shape: Shape, record_id: str) -> Reading:
        """A merged-away id answers with the survivor, whose id differs from the one asked for (fact sheet 2.8).

        That holds for a survivor that is archived by now, too: only what nobody answers for is gone for good.
        """
        told = self._who(shape.object, record_id) or self._who(shape.object, record_id, archived="true")
        if told is None:
            return shape.gone(record_id, Presence.MISSING)
        if told != record_id:
            return shape.gone(record_id, Presence.MOVED, told)
        there = self._by_id(shape, [record_id], ())
        if not there:
            raise Transient("HubSpot's answers contradict each other: a record is there, and is not; it is asked again")
        return there[0]

    def _who(self, obj: str, record_id: str, **archived: str) -> str | None:
        """The id under which a record is there now, live or archived; None when there is none."""
        query = {"properties": ID, **archived}
        try:
            return str(self._wire.get("read", self._wire.objects(obj, record_id), query, "id").body.get("id"))
        except Denied as refusal:
            if not (archived or absent(refusal.answer)):
                raise
            return None  # an account that shows no archived record has none for us

    def find(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        """Live records whose field equals any of the values, case folded. Raises as `ports.Crm`."""
        wanted = list(dict.fromkeys(value.strip().lower() for value in values if value.strip()))
        if name in {EMAIL, SECONDARY} and view.object == "contacts":
            return self._by_email(view, wanted)
        if name in self._uniques(view.object):
            given = list(dict.fromkeys(value.strip() for value in values if value.strip()))
            return self._by_unique(view, name, given)
        spellings = list(dict.fromkeys((*wanted, *(value.strip() for value in values if value.strip()))))
        questions = [[[condition(name, "IN", values=part)]] for part in chunks(spellings, VALUES_IN_ONE_SEARCH)]
        wide = View(view.object, {name: Kind.TEXT, **view.fields})
        readings = self.live(wide, ids_found(self._wire, self._calls, view.object, questions))
        return [_narrowed(each, view) for each in readings if (each.values.get(name) or "").lower() in set(wanted)]

    def find_many(self, asked: Sequence[tuple[View, Sought]]) -> list[Reading]:
        """Live records of which any of the fields holds any of its values. Raises as `ports.Crm`."""
        questions = [(view, *one) for view, sought in asked for one in _addresses_once(view, sought).items()]
        found = (reading for view, name, values in questions for reading in self.find(view, name, values))
        return list({reading.ref: reading for reading in found}.values())

    def _by_email(self, view: View, wanted: Sequence[str]) -> list[Reading]:
        wide = View(view.object, {**view.fields, **_with_addresses(view)})
        found = {reading.ref: reading for reading in self._by_unique(wide, EMAIL, wanted)}
        left = set(wanted) - {address for reading in found.values() for address in _addresses(reading)}
        if 0 < len(left) <= SECONDARY_MAX:
            groups = [[condition(SECONDARY, "CONTAINS_TOKEN", value=address)] for address in sorted(left)]
            ids = ids_found(self._wire, self._calls, view.object, chunks(groups, GROUPS_MAX))
            found |= {reading.ref: reading for reading in self.live(wide, ids) if left & _addresses(reading)}
        return [_narrowed(reading, view) for reading in found.values()]

    def _by_unique(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        shape = Shape(view)

        def page(part: Sequence[str]) -> list[Reading]:
            inputs = [{"id": each} for each in part]
            body = {"properties": shape.properties, "idProperty": name, "inputs": inputs}
            return [shape.reading(record) for record in self._batch(shape.object, body)]

        pages = self._calls.map(page, chunks(values, BATCH))
        return list({reading.ref: reading for found in pages for reading in found}.values())

    def live(self, view: View, ids: Sequence[str]) -> list[Reading]:
        """Readings of those of the ids that are live."""
        return [reading for reading in self.read(view, ids) if reading.present]


def _addresses_once(view: View, sought: Sought) -> Sought:
    """What is sought, without asking for one contact's addresses twice: whoever is sought by one is by all of them."""
    if view.object != "contacts" or not {EMAIL, SECONDARY} <= sought.keys():
        return sought
    others = {name: values for name, values in sought.items() if name not in {EMAIL, SECONDARY}}
    return {**others, EMAIL: [*sought[EMAIL], *sought[SECONDARY]]}


def _with_addresses(view: View) -> dict[str, Kind]:
    """The two address properties, as texts where the view does not say otherwise."""
    return {name: view.fields.get(name, Kind.TEXT) for name in (EMAIL, SECONDARY)}


def _addresses(reading: Reading) -> set[str]:
    """Every e-mail address of a contact, lower case."""
    told = f"{reading.values.get(EMAIL) or ''};{reading.values.get(SECONDARY) or ''}"
    return {address.strip().lower() for address in told.split(";") if address.strip()}


def _narrowed(reading: Reading, view: View) -> Reading:
    """The reading without fields the view did not ask for."""
    return replace(reading, values={name: value for name, value in reading.values.items() if name in view.fields})
