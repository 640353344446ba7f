"""How one object of one side tells the stage: by the values of a few of its fields.

Several stages may share a value and differ in another field, so the spelling that asks for most is believed. Who moves
to a stage that is told by fewer fields must not leave behind what made the last one more telling: `spelt` with the
values of today clears just that, and nothing where they read as the stage already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.core.definition import Spelling
from connector.core.values import Value


def stage_of(spellings: Sequence[Spelling], values: Mapping[str, Value]) -> str | None:
    """The stage these values tell: of the spellings that hold, the one with most fields, then the first."""
    found = _best(spellings, values)
    return found.stage if found else None


def spelt(spellings: Sequence[Spelling], stage: str, values: Mapping[str, Value] | None = None) -> Mapping[str, Value]:
    """Fields and values to write so that the stage is told; nothing where this place cannot tell it.

    Args:
        spellings: of the place.
        stage: which is to be told, by the first spelling it has.
        values: what the fields say today; where they tell the stage already, nothing is to be written, and a field
            that would still tell another one is cleared (None). Without them the spelling is told in full.
    """
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
