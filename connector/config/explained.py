"""Every setting as it is in force, with what the example file says about it and where it was written.

The explanations are those of config.example.yaml and stand nowhere else: a comment explains the setting that follows
it. A secret is shown by where it comes from, never by what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from connector.config.init import example_text
from connector.config.secrets import Secret
from connector.config.settings import Settings
from connector.config.yaml import Document, KeyPath, read, spelled

_SETTING: Final = re.compile(r"(\s*)#?( {2,})?([a-z_][a-z0-9_]*):(?: .*)?")  # in use, or with # before it
_COMMENT: Final = re.compile(r"\s*# (.*)")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        path: below its section: auth.flow; "" where the section is the setting.
        value: as YAML spells it; of a secret, where it comes from; "" where it is not set.
        secret: whether its value is hidden.
        place: config.yaml:12; "" for a default.
        says: the example's explanation; "" where there is none.
    """

    path: str
    value: str
    secret: bool
    place: str
    says: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one top key."""

    name: str
    says: str
    settings: tuple[Setting, ...]


def sections(path: Path, settings: Settings) -> list[Section]:
    """All settings of a config.yaml; `settings`: what was made of it."""
    document, said = read(path, path.name, []), explanations()
    return [
        Section(name, said.get((name,), ""), tuple(_settings(name, value, document, said))) for name, value in settings
    ]


@cache
def explanations() -> Mapping[tuple[str, ...], str]:
    """What the example file says about each setting, by its path."""
    found: dict[tuple[str, ...], str] = {}
    above: list[tuple[int, str]] = []  # the keys we are below, each with its indent
    comment: list[str] = []
    for line in example_text().splitlines():
        if setting := _SETTING.fullmatch(line):
            indent = len(setting[1]) + len(setting[2] or "")
            above = [*((deep, key) for deep, key in above if deep < indent), (indent, setting[3])]
            found[tuple(key for _, key in above)] = " ".join(comment)
            comment = []
        elif remark := _COMMENT.fullmatch(line):
            comment.append(remark[1].strip())
        else:
            comment = []
    return {path: said for path, said in found.items() if said}


def _settings(name: str, value: Any, document: Document, said: Mapping[tuple[str, ...], str]) -> Iterator[Setting]:
    told: set[tuple[str, ...]] = {(name,)}  # of a section its heading tells, of a group its first setting
    for path, leaf in _leaves(value, (name,)):
        place = document.places.get(path)
        words, secret = _spelt(leaf)
        keys = tuple(map(str, path))
        new = [keys[:length] for length in range(2, len(keys) + 1) if keys[:length] not in told]
        told.update(new)
        says = " ".join(filter(None, (said.get(part, "") for part in new)))
        yield Setting(spelled(path[1:]), words, secret, str(place) if place else "", says)


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """The single settings in a part, each with its path."""
    parts = dict(value) if isinstance(value, BaseModel) else value
    if isinstance(parts, dict) and parts:
        for name, part in parts.items():
            yield from _leaves(part, (*path, name))
    else:
        yield path, value


def _spelt(value: Any) -> tuple[str, bool]:
    """A value as people write it, and whether it is hidden."""
    if isinstance(value, Secret):
        return value.origin, True
    if isinstance(value, list | tuple):
        parts = [_spelt(one) for one in value]
        return f"[{', '.join(words for words, _ in parts)}]", any(secret for _, secret in parts)
    if isinstance(value, bool):
        return str(value).lower(), False
    return "" if value is None or value == {} else f"{value:g}" if isinstance(value, float) else str(value), False
