"""Which record on the other side is the same person, company or deal?

Cross ids are asked first, in either direction, then the match keys in their order; the first that finds anything
decides. Two candidates are never guessed between, and a record that already carries somebody else's cross id is never
stolen: both are raised for a person. The question reads the same from either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.core.comparison import comparison
from connector.core.cross_ids import PREFIX_CHARS, carried, fits, misfit, understood
from connector.core.mapping import MatchKey, Pair
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Value

CROSS_ID = "cross id"


@dataclass(frozen=True, slots=True)
class Matched:
    """The one counterpart, and what told so."""

    reading: Reading
    by: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nobody on the other side is this record."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A person must say which: all refs concerned, the one that asked first, and why."""

    refs: tuple[Ref, ...]
    reason: str


Match = Matched | NoMatch | Ambiguous


def match(pair: Pair, reading: Reading, candidates: Sequence[Reading]) -> Match:
    """The counterpart of a reading of either side among candidates of the other side.

    Candidates that are archived, missing, moved or converted do not count.
    """
    other = reading.ref.side.other
    able = {
        candidate.ref: candidate
        for candidate in candidates
        if candidate.present and not candidate.converted and candidate.ref.object == pair.object_on(other)
    }
    linked = [candidate for candidate in able.values() if _crossed(pair, reading, candidate)]
    if linked:
        return _only(pair, reading, linked, CROSS_ID)
    mine = dict.fromkeys(keys(pair, reading))
    for key in pair.match:
        found = [candidate for candidate in able.values() if any(found in mine for found in _values(key, candidate))]
        if found:
            return _only(pair, reading, found, key.name)
    return NoMatch()


def keys(pair: Pair, reading: Reading) -> list[tuple[str, str]]:
    """Everything a record can be recognised by: key name and comparison value, several e-mails each on its own."""
    return [found for key in pair.match for found in _values(key, reading)]


def cross_id(pair: Pair, reading: Reading) -> str | None:
    """The other side's id that a record carries, as that side spells it; None when it carries none.

    Of something else that stands in that field, `cross_ids.fits` and `cross_ids.misfit` tell.
    """
    text = carried(pair, reading)
    return None if text is None else understood(reading.ref.side.other, text)


def names(value: Value, reading: Reading) -> bool:
    """Whether an id is that of a record, or of one merged into it."""
    return value is not None and (value == reading.ref.id or value in reading.aliases)


def formerly(text: str, reading: Reading) -> bool:
    """Whether a text is an earlier id of a record: merged into it, misspelt, or a Lead's before its conversion."""
    found = understood(reading.ref.side, text)
    if found is None or names(found, reading):
        return found is not None
    return reading.ref.side is Side.SALESFORCE and found[:PREFIX_CHARS] != reading.ref.id[:PREFIX_CHARS]


def _crossed(pair: Pair, reading: Reading, candidate: Reading) -> bool:
    return names(cross_id(pair, reading), candidate) or names(cross_id(pair, candidate), reading)


def _values(key: MatchKey, reading: Reading) -> list[tuple[str, str]]:
    form, values = comparison(key.kind), reading.values
    found: list[tuple[str, str]] = []
    for name in key.hubspot if reading.ref.side is Side.HUBSPOT else key.salesforce:
        text = values.get(name)
        if text:
            for part in text.split(";") if ";" in text else (text,):
                compared = form(part.strip() or None)
                if compared:
                    found.append((key.name, compared.casefold()))
    return found


def _only(pair: Pair, reading: Reading, found: Sequence[Reading], by: str) -> Match:
    refs = (reading.ref, *sorted(candidate.ref for candidate in found))
    if len(found) > 1:
        return Ambiguous(refs, f"{len(found)} records have the same {by}")
    (candidate,) = found
    for one, another in ((candidate, reading), (reading, candidate)):
        told = cross_id(pair, one)
        theirs = formerly if by == CROSS_ID else names
        if told is not None and not theirs(told, another):
            return Ambiguous(refs, f"same {by}, but {one.ref} already carries the id of another record ({told})")
        if by != CROSS_ID and not fits(pair, one):
            issue = misfit(pair, one)
            return Ambiguous(refs, f"same {by}, but {issue.reason}; {issue.hint}")
    return Matched(candidate, by)
