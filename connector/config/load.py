"""The public door: a config.yaml becomes settings, and its mapping files documents; or every problem of all of them.

Nothing is half loaded. Faults of config.yaml and of every mapping file are gathered first and raised together, so that
an admin mends them in one go. Compiling needs the owners of both sides and therefore comes later (`compile_mappings`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from connector.config.extends import extended
from connector.config.mappings import MappingFile
from connector.config.problems import validated
from connector.config.secrets import Surroundings
from connector.config.settings import Settings
from connector.config.yaml import Document, read
from connector.errors import Misconfigured, Problem


@dataclass(frozen=True)
class MappingSource:
    """One mapping as written: checked, with the places of its keys."""

    document: Document
    file: MappingFile


@dataclass(frozen=True)
class Loaded:
    """A checked configuration. `folder` is that of config.yaml, where relative paths start."""

    folder: Path
    settings: Settings
    mappings: tuple[MappingSource, ...]

    @property
    def digest(self) -> str:
        """Changes whenever any enabled mapping says something else (comments and order of files do not count)."""
        said = sorted((source.file.mapping, source.document.data) for source in self.mappings if source.file.enabled)
        return hashlib.sha256(orjson.dumps([list(pair) for pair in said])).hexdigest()


def load(path: Path, env: Mapping[str, str]) -> Loaded:
    """Read config.yaml and its mappings.

    Raises:
        Misconfigured: with every problem of every file.
    """
    problems: list[Problem] = []
    folder = path.resolve().parent
    if not path.exists():
        hint = "does not exist; `smarketing init` writes one to edit, --config names another"
        raise Misconfigured([Problem(str(path), 0, "", hint)])
    document = read(path, path.name, problems)
    settings = validated(Settings, document, Surroundings(env, folder), problems) if document.data else None
    if not document.data and not problems:
        problems.append(
            Problem(path.name, 0, "", "is empty; `smarketing init` in another folder shows what belongs there")
        )
    mappings = _mappings(_mapping_paths(document, folder, problems), folder, problems)
    if problems or settings is None:
        raise Misconfigured(sorted(set(problems)))
    return Loaded(folder, settings, tuple(mappings))


def _mapping_paths(document: Document, folder: Path, problems: list[Problem]) -> list[Path]:
    """The mapping files; found even when the rest of config.yaml is wrong, so that their faults are told too."""
    named = document.data.get("mappings", "mappings")
    if isinstance(named, list) and all(isinstance(name, str) for name in named):
        return [folder / name for name in named]
    if not isinstance(named, str):
        return []
    found = sorted((folder / named).glob("*.yaml"))
    if not found and document.data:
        message = f"the folder {named!r} holds no .yaml files; `smarketing init` writes some to edit"
        problems.append(document.problem(("mappings",), message))
    return found


def _mappings(paths: list[Path], folder: Path, problems: list[Problem]) -> list[MappingSource]:
    sources: list[MappingSource] = []
    for path in paths:
        document = extended(read(path, _called(path, folder), problems), problems)
        file = validated(MappingFile, document, None, problems) if document.data else None
        if file is None:
            continue
        twin = next((other for other in sources if other.file.mapping == file.mapping), None)
        if twin:
            message = f"{file.mapping!r} is already the name of {twin.document.file}; rename or remove one of them"
            problems.append(document.problem(("mapping",), message))
        sources.append(MappingSource(document, file))
    return sources


def _called(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
