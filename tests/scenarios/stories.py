"""Stories as people write them: YAML in, lines with their places out.

A file holds a list of stories. A story says what is given, what happens (`when`) and what must be true at the end
(`then`); every step is a line of plain English, some with details behind a colon. `for each` makes one test of every
row of a table: `<name>` in a step stands for the row's value. Whatever cannot be understood is refused with file and
line before anything runs, because a story that is passed over in silence proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

PARTS = ("given", "when", "then")
NESTING = ("at the same moment", "before the next write")  # steps whose details are steps
KEYS = {"title", "complaint", "settings", "for each", "work is left", *PARTS}
SETTINGS = {"agreement", "batch", "guards", "mapping", "owners", "salesforce", "store"}
SETTINGS |= {"zone of the portal", "zone of the org"}
_HOLE = re.compile(r"<([a-z ]+)>")


class StoryProblem(Exception):
    """A story cannot be read or carried out as written: where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step: its words, its details (None when there are none), and where it stands."""

    words: str
    details: Any
    place: str  # file:line

    def problem(self, text: str) -> StoryProblem:
        """The exception for a step that makes no sense."""
        return StoryProblem(f"{self.place}: {self.words!r}: {text}")


@dataclass(frozen=True, slots=True)
class Story:
    """One test. `work_is_left`: why the bridge is expected to go on writing at the end; "" when it must be quiet."""

    title: str
    complaint: int
    place: str
    settings: Mapping[str, Any]
    given: tuple[Line, ...]
    when: tuple[Line, ...]
    then: tuple[Line, ...]
    work_is_left: str = ""


def stories_in(path: Path) -> list[Story]:
    """Every story of a file, rows of `for each` spread out.

    Raises:
        StoryProblem: for the first thing that cannot be understood.
    """
    try:
        found = YAML().load(path.read_text())
    except MarkedYAMLError as error:
        raise StoryProblem(
            f"{path.name}:{(error.problem_mark.line if error.problem_mark else 0) + 1}: {error.problem}"
        ) from error
    if not isinstance(found, CommentedSeq) or not found:
        raise StoryProblem(f"{path.name}:1: a file of stories is a list; begin with `- title: ...`")
    return [story for place, raw in _items(path, found) for story in _spread(place, raw)]


def _items(path: Path, found: CommentedSeq) -> Iterator[tuple[str, CommentedMap]]:
    for number, raw in enumerate(found):
        place = f"{path.name}:{found.lc.item(number)[0] + 1}"
        if not isinstance(raw, CommentedMap):
            raise StoryProblem(f"{place}: a story has a title, given, when and then")
        unknown = set(raw) - KEYS
        missing = {"title", "complaint", "then"} - set(raw)
        if unknown or missing:
            said = [f"unknown {', '.join(sorted(unknown))}"] if unknown else []
            said += [f"missing {', '.join(sorted(missing))}"] if missing else []
            raise StoryProblem(f"{place}: {'; '.join(said)}; a story has {', '.join(sorted(KEYS))}")
        yield place, raw


def _spread(place: str, raw: CommentedMap) -> Iterator[Story]:
    for row in raw.get("for each") or [{}]:
        named = {key: value for key, value in row.items() if f"<{key}>" in raw["title"]}
        if row and not named:
            raise StoryProblem(f"{place}: the title names no column of `for each`, so its tests would look alike")
        yield _story(place, raw, row)


def _story(place: str, raw: CommentedMap, row: Mapping[str, Any]) -> Story:
    file = place.split(":", maxsplit=1)[0]
    settings = _filled(raw.get("settings") or {}, row, place)
    if strange := set(settings) - SETTINGS:
        raise StoryProblem(
            f"{place}: unknown settings {', '.join(sorted(strange))}; there are {', '.join(sorted(SETTINGS))}"
        )
    parts = {part: tuple(_lines(file, place, raw[part], row)) if raw.get(part) else () for part in PARTS}
    if not parts["then"]:
        raise StoryProblem(f"{place}: `then` is empty; a story that claims nothing cannot fail")
    return Story(
        title=str(_filled(raw["title"], row, place)),
        complaint=int(raw["complaint"]),
        place=place,
        settings=settings,
        work_is_left=str(raw.get("work is left", "")),
        **parts,
    )


def _lines(file: str, place: str, raw: Any, row: Mapping[str, Any]) -> Iterator[Line]:
    if not isinstance(raw, CommentedSeq):
        raise StoryProblem(f"{place}: given, when and then are lists of steps")
    for number, step in enumerate(raw):
        at = f"{file}:{raw.lc.item(number)[0] + 1}"
        if isinstance(step, str):
            yield Line(_filled(step, row, at), None, at)
        elif isinstance(step, CommentedMap) and len(step) == 1:
            ((words, details),) = step.items()
            nested = isinstance(details, CommentedSeq) and words.startswith(NESTING)
            inner = tuple(_lines(file, at, details, row)) if nested else _filled(details, row, at)
            yield Line(str(_filled(words, row, at)), inner, at)
        else:
            raise StoryProblem(f"{at}: a step is one line of words, or words with details behind one colon")


def _filled(value: Any, row: Mapping[str, Any], place: str) -> Any:
    """A value with the holes of its texts filled from a row; a text that is one hole takes the row's value as it is."""
    if isinstance(value, Mapping):
        return {_filled(key, row, place): _filled(each, row, place) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, row, place) for each in value]
    if isinstance(value, float):
        return float(value)  # the reader's own kind of float remembers how it was written
    if not isinstance(value, str):
        return value
    for hole in _HOLE.findall(value):
        if hole not in row:
            raise StoryProblem(f"{place}: <{hole}> is no column of `for each`; there are {', '.join(row) or 'none'}")
    whole = _HOLE.fullmatch(value)
    return row[whole[1]] if whole else _HOLE.sub(lambda hole: _text(row[hole[1]]), value)


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
