"""How one object of one side tells the stage: by the values of a few of its fields.

Several stages may share a value and differ in another field, so the spelling that asks for most is believed. Who moves
to a stage that is told by fewer fields must not leave behind what made the last one more telling: `spelt` with the
values of today clears just that, and nothing where they read as the stage already.

Many people share few stages, so what has been found out about some values is remembered for all who hold the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from connector.core.definition import Spelling
from connector.core.values import Value

K = TypeVar("K")
V = TypeVar("V")
_PLACES_MAX = 256  # of all agreements: far more than one process follows
_KNOWN_MAX = 4096  # values come from people, who may write anything

Told = tuple[Value, ...]  # values of the fields that take part, in the order of `_Place.fields`


class _Place:
    """What is known about the spellings of a place. It holds them, so that nothing else gets their identity."""

    __slots__ = ("fields", "read", "spellings", "written")

    def __init__(self, spellings: Sequence[Spelling]) -> None:
        self.spellings = spellings
        self.fields = tuple(dict.fromkeys(field for spelling in spellings for field in spelling.fields))
        self.read: dict[Told, str | None] = {}
        self.written: dict[tuple[str, Told | None], Mapping[str, Value]] = {}


_places: dict[int, _Place] = {}


def stage_of(spellings: Sequence[Spelling], values: Mapping[str, Value]) -> str | None:
    """The stage these values tell: of the spellings that hold, the one with most fields, then the first."""
    place = _places.get(id(spellings)) or _place(spellings)
    told = tuple(map(values.get, place.fields))
    try:
        return place.read[told]
    except KeyError:
        found = _best(spellings, values)
        return _remember(place.read, told, found.stage if found else None)


def spelt(spellings: Sequence[Spelling], stage: str, values: Mapping[str, Value] | None = None) -> Mapping[str, Value]:
    """Fields and values to write so that the stage is told; nothing where this place cannot tell it.

    Args:
        spellings: of the place.
        stage: which is to be told, by the first spelling it has.
        values: what the fields say today; where they tell the stage already, nothing is to be written, and a field
            that would still tell another one is cleared (None). Without them the spelling is told in full.
    """
    place = _places.get(id(spellings)) or _place(spellings)
    asked = stage, None if values is None else tuple(map(values.get, place.fields))
    try:
        return place.written[asked]
    except KeyError:
        return _remember(place.written, asked, _spelt(spellings, stage, values))


def _place(spellings: Sequence[Spelling]) -> _Place:
    return _remember(_places, id(spellings), _Place(spellings), _PLACES_MAX)


def _remember(known: dict[K, V], key: K, found: V, most: int = _KNOWN_MAX) -> V:
    if len(known) >= most:
        known.clear()
    known[key] = found
    return found


def _spelt(spellings: Sequence[Spelling], stage: str, values: Mapping[str, Value] | None) -> Mapping[str, Value]:
    own = next((spelling for spelling in spellings if spelling.stage == stage), None)
    if own is None or (values is not None and stage_of(spellings, values) == stage):
        return {}
    written: dict[str, Value] = {field: among[0] for field, among in own.fields.items()}
    while (told := _other(spellings, stage, {**(values or {}), **written})) is not None:
        left_over = [field for field in told.fields if field not in written]
        if not left_over:
            break  # two stages with one spelling: `check` says so, and nothing that is written could tell them apart
        written.update(dict.fromkeys(left_over))
    return written


def _best(spellings: Sequence[Spelling], values: Mapping[str, Value]) -> Spelling | None:
    best, most = None, 0
    for spelling in spellings:
        if len(spelling.fields) > most:
            for field, among in spelling.fields.items():
                if values.get(field) not in among:
                    break
            else:
                best, most = spelling, len(spelling.fields)
    return best


def _other(spellings: Sequence[Spelling], stage: str, values: Mapping[str, Value]) -> Spelling | None:
    """The spelling of another stage, where that is what the values tell."""
    found = _best(spellings, values)
    return None if found is None or found.stage == stage else found
