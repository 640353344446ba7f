"""One YAML file, read with the place of every key and value, and nothing of YAML's magic.

The tree is built from the parser's events: no tags, no anchors, no aliases, no merge keys, a bounded depth and size,
so that a hostile file costs no more than its bytes. Scalars are what they look like: `true`, `null`, whole and decimal
numbers in their plain spelling; everything else, dates and `007` included, stays the text that was written.
Faults never raise: they are collected as problems, so that every file's faults can be told at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from connector.errors import Problem

KeyPath = tuple[str | int, ...]

BYTES_MAX = 256 * 1024
DEPTH_MAX = 20
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False, "True": True, "False": False}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the file as people call it, the line of its key and the first line of its value."""

    file: str
    line: int
    value_line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Document:
    """A file's content as plain dicts, lists and scalars; `places` knows where each path of keys stands."""

    file: str
    data: dict[str, Any]
    places: Mapping[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """Where a path stands, or the nearest part of it that is written down."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place(self.file, 1 if self.data else 0, 1)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A problem with what stands at that path."""
        place = self.place(path)
        return Problem(place.file, place.line, spelled(path), message)


def spelled(path: KeyPath) -> str:
    """A path as people write it: `match[0].email`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read(path: Path, called: str, problems: list[Problem]) -> Document:
    """The document in a file. Faults are added to `problems`; what could be understood is returned nonetheless."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        problems.append(Problem(called, 0, "", f"cannot be read: {error.strerror or type(error).__name__}"))
        return Document(called, {}, {})
    return read_bytes(content, called, problems)


def read_bytes(content: bytes, called: str, problems: list[Problem]) -> Document:
    """The document in what a file holds, or would hold; like `read`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problems.append(Problem(called, line, "", "is not UTF-8 text; save the file as UTF-8"))
        return Document(called, {}, {})
    if len(content) > BYTES_MAX:
        problems.append(Problem(called, 0, "", f"is larger than {BYTES_MAX // 1024} KiB; no configuration needs that"))
        return Document(called, {}, {})
    return parse(text, called, problems)


def parse(text: str, called: str, problems: list[Problem]) -> Document:
    """The document in a text; like `read`."""
    reading = _Reading(called, problems)
    try:
        data = reading.document(YAML(typ="safe", pure=True).parse(text))
    except _Stop:
        return Document(called, {}, {})
    except YAMLError as error:
        problems.append(_syntax_problem(error, text, called))
        return Document(called, {}, {})
    if data is None:
        data = {}
    if not isinstance(data, dict):
        problems.append(Problem(called, 1, "", "must hold settings like `name: value`, one a line"))
        return Document(called, {}, {})
    return Document(called, data, reading.places)


class _Stop(Exception):
    """The rest of the file cannot be read; the reason is among the problems already."""


@dataclass
class _Reading:
    """Builds the tree of one file from events."""

    called: str
    problems: list[Problem]
    places: dict[KeyPath, Place] = field(default_factory=dict)

    def document(self, events: Iterator[Event]) -> Any:
        data, documents = None, 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.report(event, (), "starts a second document; keep one document a file")
                    raise _Stop
            elif isinstance(event, NodeEvent):
                data = self.node(event, events, ())
        return data

    def node(self, event: Event, events: Iterator[Event], path: KeyPath) -> Any:
        self.refuse_magic(event, path)
        if len(path) > DEPTH_MAX:
            self.report(event, path[:3], f"is nested more than {DEPTH_MAX} levels deep")
            raise _Stop
        if isinstance(event, MappingStartEvent):
            return self.mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(events, path)
        return _scalar(event) if isinstance(event, ScalarEvent) else None

    def mapping(self, events: Iterator[Event], path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if not isinstance(event, NodeEvent):
                return found
            name = self.key(event, path)
            value_event = next(events)
            here = (*path, name)
            first = self.places.get(here)
            self.places[here] = Place(self.called, event.start_mark.line + 1, _first_line(value_event))
            value = self.node(value_event, events, here)
            if first:
                self.report(event, here, f"stands here a second time (first in line {first.line}); keep one of them")
            found[name] = value
        return found

    def key(self, event: Event, path: KeyPath) -> str:
        self.refuse_magic(event, path)
        if not isinstance(event, ScalarEvent):
            self.report(event, path, "has a list or group as a key; a key is a plain word")
            raise _Stop
        if event.value == "<<" and not event.style:
            self.report(event, path, "uses the merge key '<<', which is not supported; write the settings out")
        return str(event.value)

    def sequence(self, events: Iterator[Event], path: KeyPath) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if not isinstance(event, NodeEvent):
                return found
            here = (*path, len(found))
            self.places[here] = Place(self.called, event.start_mark.line + 1, _first_line(event))
            found.append(self.node(event, events, here))
        return found

    def refuse_magic(self, event: Event, path: KeyPath) -> None:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            self.report(event, path, "uses an anchor or alias (& or *), which is not supported; write the value out")
        elif getattr(event, "tag", None):
            self.report(event, path, "uses a tag (!), which is not supported; put text that starts with ! in quotes")

    def report(self, event: Event, path: KeyPath, message: str) -> None:
        self.problems.append(Problem(self.called, event.start_mark.line + 1, spelled(path), message))


def _first_line(event: Event) -> int:
    line: int = event.start_mark.line + 1
    return line + 1 if getattr(event, "style", None) in ("|", ">") else line


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    text = str(event.value)
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _syntax_problem(error: YAMLError, text: str, called: str) -> Problem:
    if isinstance(error, ReaderError):
        line = text[: error.position].count("\n") + 1
        return Problem(called, line, "", "holds a control character, which YAML forbids; remove it")
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if not isinstance(error, MarkedYAMLError) or mark is None:
        return Problem(called, 0, "", "is not readable as YAML")
    return Problem(called, mark.line + 1, "", f"is not YAML at column {mark.column + 1}: {_plainly(error)}")


def _plainly(error: MarkedYAMLError) -> str:
    fault = str(error.problem)
    for sign, advice in _ADVICE.items():
        if sign in fault:
            return advice
    return f"{fault} ({error.context})" if error.context else fault


_ADVICE = {
    "'\\t'": "a tab where YAML wants spaces; replace it by spaces",
    "mapping values are not allowed": "an unexpected ':'; put text that holds ': ' in quotes, or check the indentation",
    "found unexpected end of stream": "a quote is opened but never closed",
    "expected <block end>": "the indentation does not fit the lines above",
    "cannot start any token": "a character that YAML reserves; put the text in quotes",
}
