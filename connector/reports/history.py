"""Histories as files: journeys in JSON lines, to be replayed elsewhere or later, or looked at with other tools.

The first line says what the file is: {"history": "smarketing", "version": 1, "watched": {place: [fields]}, ...}. Every
further line is one person: {"person": [refs], "entries": [{"ref", "at", "seen_at", "is", ...}]}, where `is` names the
kind of entry and the rest are its parts by name; parts that are empty are left out. Reading a file that was written
gives the same journeys. A later minor change adds parts; a file of a version that is not known is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import Any, BinaryIO

import orjson

from connector.core import journey
from connector.core.definition import Definition
from connector.core.journey import Channel, Entry, Verdict, What
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Ref
from connector.errors import Refused

FORMAT, VERSION = "smarketing", 1
KINDS: Mapping[str, type[What]] = {
    name: getattr(journey, name.title())
    for name in ("seen", "told", "touched", "dealt", "ruled", "answered", "asked", "handed", "named", "fired")
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_PARTS = {kind: fields(kind) for kind in _NAMES}
_RICHER: Mapping[str, Callable[[Any], Any]] = {
    "revisit": date.fromisoformat,
    "verdict": Verdict,
    "channel": Channel,
    "by": str,
    "missing": tuple,
    "why": tuple,
}
_OF_RULED: Mapping[str, Callable[[Any], Any]] = {**_RICHER, "by": Mover, "kind": Kind}

Person = tuple[tuple[Ref, ...], Sequence[Entry]]


@dataclass(frozen=True, slots=True)
class Head:
    """What the first line says. watched: by place (`hubspot:contacts`), the fields whose changes the history holds."""

    lifecycle: str
    exported_at: str
    since: str
    watched: Mapping[str, frozenset[str]]


def watched_in(definition: Definition) -> dict[str, frozenset[str]]:
    """The fields whose changes are kept under a definition, by place."""
    return {f"{side.value}:{obj}": frozenset(names) for (side, obj), names in definition.watched.items()}


def write(file: BinaryIO, definition: Definition, times: tuple[datetime, datetime], people: Iterable[Person]) -> int:
    """Write everybody; how many they are. times: when it is written, and since when the lifecycle is followed."""
    head = {
        "history": FORMAT,
        "version": VERSION,
        "exported_at": times[0].isoformat(),
        "since": times[1].isoformat(),
        "lifecycle": definition.version,
        "watched": {place: sorted(names) for place, names in watched_in(definition).items()},
    }
    file.write(orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE))
    number = 0
    for refs, entries in people:
        row = {"person": list(map(str, refs)), "entries": list(map(entry_row, entries))}
        file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        number += 1
    return number


def read_head(file: Iterator[bytes], name: str) -> Head:
    """Take the first line.

    Raises:
        Refused: when this is no history, or one of a version that is not known.
    """
    row = _json(next(file, b""), name, 1)
    if row.get("history") != FORMAT:
        raise Refused(f"{name} is no history; write one with: smarketing lifecycle replay --export {name}")
    if row.get("version") != VERSION:
        raise Refused(f"{name} is a history of version {row.get('version')}; this bridge reads version {VERSION}")
    watched = {place: frozenset(names) for place, names in row.get("watched", {}).items()}
    return Head(row.get("lifecycle", ""), row.get("exported_at", ""), row.get("since", ""), watched)


def read_people(file: Iterator[bytes], name: str) -> Iterator[Person]:
    """Everybody of the lines that are left.

    Raises:
        Refused: with the number of a line that cannot be read.
    """
    for number, line in enumerate(file, start=2):
        if not line.strip():
            continue
        row = _json(line, name, number)
        try:
            yield tuple(map(Ref.parse, row["person"])), list(map(entry_of, row["entries"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(f"{name}, line {number}: is no person's journey ({error!r})") from error


def entry_row(entry: Entry) -> dict[str, Any]:
    """An entry as JSON: when, where, of which kind, and its parts by name; empty ones are left out."""
    what = entry.what
    row: dict[str, Any] = {
        "ref": str(entry.ref),
        "at": entry.at.isoformat(),
        "seen_at": entry.seen_at.isoformat(),
        "is": _NAMES[type(what)],
    }
    if entry.key:
        row["key"] = entry.key
    for part in _PARTS[type(what)]:
        value = getattr(what, part.name)
        if part.default is MISSING or value != part.default:
            row[part.name] = value.isoformat() if isinstance(value, date) else value
    return row


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The inverse.

    Raises:
        KeyError, ValueError, TypeError: when it is none.
    """
    kind = KINDS[row["is"]]
    richer = _OF_RULED if kind is journey.Ruled else _RICHER
    parts = {
        part.name: richer[part.name](row[part.name])
        if part.name in richer and row[part.name] is not None
        else row[part.name]
        for part in _PARTS[kind]
        if part.name in row
    }
    at, seen_at = datetime.fromisoformat(row["at"]), datetime.fromisoformat(row["seen_at"])
    if at.tzinfo is None or seen_at.tzinfo is None:
        raise ValueError("a time without its offset from UTC")
    return Entry(Ref.parse(row["ref"]), at, seen_at, kind(**parts), row.get("key", ""))


def _json(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Refused(f"{name}, line {number}: is no JSON ({error})") from error
    if not isinstance(row, dict):
        raise Refused(f"{name}, line {number}: is no JSON object")
    return row
