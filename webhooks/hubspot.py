"""What a batch of HubSpot's webhook events tells (HubSpot fact sheet 11.1 to 11.3): where to look again.

Events are hints: they may be late, doubled, out of order, and their `eventId` is not unique, so nothing here depends
on order or number, and no value of theirs is ever used. Every kind is read by its verb alone (creation, deletion,
merge, ...), whatever the object; older portals say `eventType` where newer ones say `subscriptionType`. A kind, or a
shape, that is not known is named in `unknown`, and the rest of the batch is still taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from connector.core.refs import Ref, hubspot
from connector.engine.told import Told

OBJECTS: Mapping[str, str] = {  # as events spell them, by word and by type id: as the API's paths spell them
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
    "lead": "leads",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
    "0-136": "leads",
}
ID_DIGITS_MAX = 20
WORD_MAX = 60

Event = Mapping[str, Any]


class _Unreadable(Exception):
    """An event that is not understood, and why, in words without personal data."""


def events(portal: str | None, headers: Mapping[str, str], body: bytes) -> Told:
    """What a batch tells. portal: whose events are believed; None: any."""
    del headers
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Told(unknown=("the request is no JSON",))
    if not isinstance(batch, list):
        return Told(unknown=("the request is no list of events",))
    return _told(batch, portal)


def _told(batch: Sequence[Any], portal: str | None) -> Told:
    look_at: dict[Ref, str] = {}
    erased: dict[Ref, None] = {}
    unknown = Counter[str]()
    for event in batch:
        try:
            kind = _kind(event, portal)
            found = list(_refs(kind, event))
        except _Unreadable as why:
            unknown[str(why)] += 1
        else:
            look_at |= dict.fromkeys(found, kind)
            if kind.endswith(".privacyDeletion"):
                erased |= dict.fromkeys(found)
    return Told(tuple(look_at.items()), tuple(erased), unknown=_words(unknown))


def _words(unknown: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{why} ({number} times)" if number > 1 else why for why, number in unknown.items())


def _kind(event: Any, portal: str | None) -> str:
    """`contact.propertyChange`, of the portal we know."""
    if not isinstance(event, dict):
        raise _Unreadable("an event is no object")
    kind = event.get("subscriptionType") or event.get("eventType")
    if not isinstance(kind, str):
        raise _Unreadable("an event without a kind")
    told_by = event.get("portalId")
    if portal is not None and str(told_by) != portal:
        raise _Unreadable(f"of portal {_shown(told_by)}; the bridge belongs to portal {portal}")
    return kind


def _refs(kind: str, event: Event) -> Iterator[Ref]:
    """The records at which an event of this kind says to look."""
    word, _, verb = kind.partition(".")
    read = _VERBS.get(verb)
    if read is None or (word not in OBJECTS and word != "object"):
        raise _Unreadable(f"{_shown(kind)} is not a kind of event the bridge knows")
    return read(word, event)


def _one(word: str, event: Event) -> Iterator[Ref]:
    yield hubspot(_object(word, event), _id(event, "objectId"))


def _merged(word: str, event: Event) -> Iterator[Ref]:
    """Everyone who took part: who is left, who is gone, and the record that was made of both, where one was."""
    obj = _object(word, event)
    losers = event.get("mergedObjectIds")
    ids = [_number(one, "mergedObjectIds") for one in losers] if isinstance(losers, list) else []
    names = ("primaryObjectId", "newObjectId", "objectId")
    ids += [_number(event[name], name) for name in names if event.get(name) is not None]
    if not ids:
        raise _Unreadable("a merge that names no record")
    return (hubspot(obj, one) for one in dict.fromkeys(ids))


def _associated(word: str, event: Event) -> Iterator[Ref]:
    """Both ends; the type says what they are: `CONTACT_TO_COMPANY`, or two type ids of a generic event."""
    yield hubspot(_end(word, event, 0), _id(event, "fromObjectId"))
    yield hubspot(_end(word, event, 1), _id(event, "toObjectId"))


def _end(word: str, event: Event, place: int) -> str:
    type_id = event.get(("fromObjectTypeId", "toObjectTypeId")[place])
    if isinstance(type_id, str):
        return _named(type_id)
    ends = str(event.get("associationType", "")).lower().split("_to_")
    if len(ends) == 2 and ends[place]:  # noqa: PLR2004  # an association has two ends
        return _named(ends[place])
    raise _Unreadable(f"an association of a {_shown(word)} that does not say what it associates")


_VERBS: Mapping[str, Callable[[str, Event], Iterator[Ref]]] = {
    "creation": _one,
    "deletion": _one,
    "restore": _one,
    "propertyChange": _one,
    "privacyDeletion": _one,
    "merge": _merged,
    "associationChange": _associated,
}


def _object(word: str, event: Event) -> str:
    if word != "object":
        return OBJECTS[word]
    type_id = event.get("objectTypeId")
    if not isinstance(type_id, str):
        raise _Unreadable("a generic event that does not say of which object")
    return _named(type_id)


def _named(word: str) -> str:
    """An object as the API names it; one we have no name for keeps its own (`2-1234567`, `email`)."""
    if word in OBJECTS:
        return OBJECTS[word]
    if word and len(word) <= WORD_MAX and word.isascii() and word.replace("-", "").replace("_", "").isalnum():
        return word
    raise _Unreadable("an event about an object whose name cannot be one")


def _id(event: Event, name: str) -> str:
    return _number(event.get(name), name)


def _number(found: Any, name: str) -> str:
    """A record's id, which HubSpot sends as a number; digits in a text are the same."""
    text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
    if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX:
        return text
    raise _Unreadable(f"an event whose {name} is no id")


def _shown(found: Any) -> str:
    """What was found, as far as it can stand in a sentence."""
    text = str(found)[:WORD_MAX]
    return text if text.isascii() and text.isprintable() else "of a strange name"
