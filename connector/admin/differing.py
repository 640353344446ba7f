"""What differs between two sets of files, line by line, as people read it: a sign beside each line, no colour alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from connector.config.texts import Texts

_AROUND: Final = 3  # lines shown before and after a change


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference. sign: "+" for new, "-" for gone, "" for neither; numbers: None where it is not there."""

    sign: str
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that differs. what: "new", "gone" or "changed"; parts: stretches of lines, far apart from each other."""

    name: str
    what: str
    parts: tuple[tuple[Line, ...], ...]
    added: int
    removed: int


def changes(before: Texts, after: Texts) -> list[Changed]:
    """Every file that differs, by name."""
    names = sorted(before.keys() | after.keys())
    return [_changed(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def _changed(name: str, before: str | None, after: str | None) -> Changed:
    parts = tuple(tuple(part) for part in _parts(_lines(before), _lines(after)))
    lines = [line for part in parts for line in part]
    what = "new" if before is None else "gone" if after is None else "changed"
    return Changed(name, what, parts, sum(one.sign == "+" for one in lines), sum(one.sign == "-" for one in lines))


def _lines(text: str | None) -> list[str]:
    """Lines with what ends them made visible where it is not the usual."""
    found = (text or "").split("\n")
    ends = found.pop() if found else ""
    told = [f"{line[:-1]}␍" if line.endswith("\r") else line for line in found]
    return [*told, f"{ends} (no line end)"] if ends else told


def _parts(old: list[str], new: list[str]) -> Iterator[list[Line]]:
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND):
        part: list[Line] = []
        for tag, one, two, three, four in group:
            if tag == "equal":
                part += [Line("", one + at + 1, three + at + 1, old[one + at]) for at in range(two - one)]
                continue
            part += [Line("-", at + 1, None, old[at]) for at in range(one, two)]
            part += [Line("+", None, at + 1, new[at]) for at in range(three, four)]
        yield part
