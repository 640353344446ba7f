"""The public door: a config.yaml becomes settings, and its mapping files documents; or every problem of all of them.

Beside mappings and owners.yaml the folder holds what both teams agreed on, a file each, known by its top key:
lifecycle, personas, feedback, sla, calendars, objectives. Nothing is half loaded: faults of config.yaml and of every
other file are gathered first and raised together, so that an admin mends them in one go. Compiling needs the owners of
both sides and therefore comes later (`compile_mappings`, `definition_of`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from connector.config.calendars import CalendarsFile, CalendarsWritten
from connector.config.extends import AGREED, extended
from connector.config.feedback import FeedbackFile, FeedbackWritten
from connector.config.goals import ObjectivesFile, ObjectivesWritten
from connector.config.lifecycle import LifecycleFile, LifecycleWritten
from connector.config.mappings import MappingFile, OwnerMap, OwnersFile
from connector.config.personas import PersonasFile, PersonasWritten
from connector.config.problems import validated
from connector.config.promises import SlaFile, SlaWritten
from connector.config.secrets import Surroundings
from connector.config.settings import Settings
from connector.config.yaml import Document, read, read_bytes
from connector.errors import Misconfigured, Problem

Written = TypeVar("Written", bound=BaseModel)


@dataclass(frozen=True)
class MappingSource:
    """One mapping as written: checked, with the places of its keys."""

    document: Document
    file: MappingFile


@dataclass(frozen=True)
class OwnersSource:
    """owners.yaml as written: checked, with the places of its keys."""

    document: Document
    written: OwnerMap


@dataclass(frozen=True)
class AgreedSource(Generic[Written]):
    """A file that both teams agreed on: what stands under its top key, checked, with the places of its keys."""

    document: Document
    written: Written


AGREED_FILES: Mapping[str, type[BaseModel]] = {
    "lifecycle": LifecycleFile,
    "personas": PersonasFile,
    "feedback": FeedbackFile,
    "sla": SlaFile,
    "calendars": CalendarsFile,
    "objectives": ObjectivesFile,
}
"""By top key, the model of the file; what stands under that key is the field of that name."""


@dataclass(frozen=True)
class Loaded:
    """A checked configuration. `folder` is that of config.yaml, where relative paths start."""

    folder: Path
    settings: Settings
    mappings: tuple[MappingSource, ...]
    owners: OwnersSource | None = None
    lifecycle: AgreedSource[LifecycleWritten] | None = None
    personas: AgreedSource[PersonasWritten] | None = None
    feedback: AgreedSource[FeedbackWritten] | None = None
    sla: AgreedSource[SlaWritten] | None = None
    calendars: AgreedSource[CalendarsWritten] | None = None
    objectives: AgreedSource[ObjectivesWritten] | None = None

    @property
    def lifecycle_on(self) -> bool:
        """Whether there is a lifecycle to follow; without one none of the agreed files does anything."""
        return self.lifecycle is not None and self.lifecycle.written.enabled

    @property
    def agreed(self) -> dict[str, Document]:
        """The agreed files in force, by top key."""
        found = {name: getattr(self, name) for name in AGREED} if self.lifecycle_on else {}
        return {name: source.document for name, source in found.items() if source is not None}

    @property
    def owner_map(self) -> OwnerMap:
        """What owners.yaml says; nothing, where there is none."""
        return self.owners.written if self.owners else OwnerMap()

    @property
    def digest(self) -> str:
        """Changes whenever a file in force says something else (comments and order of files do not count)."""
        said = {source.file.mapping: source.document.data for source in self.mappings if source.file.enabled}
        agreed = {name: document.data for name, document in self.agreed.items()}
        parts = [said, self.owner_map.model_dump(mode="json"), *([agreed] if agreed else ())]
        known = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(known).hexdigest()


def load(path: Path, env: Mapping[str, str], draft: Mapping[Path, str] | None = None) -> Loaded:
    """Read config.yaml and its mappings.

    Args:
        path: of config.yaml.
        env: environment variables, of which secrets may come.
        draft: mapping files with their text, as they would be: read instead of all that are on disk.

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
    files = _Files(folder, problems)
    for mapping_path in _mapping_paths(document, folder, problems) if draft is None else draft:
        files.add(mapping_path, None if draft is None else draft[mapping_path])
    if problems or settings is None:
        raise Misconfigured(sorted(set(problems)))
    return Loaded(folder, settings, tuple(files.mappings), files.owners, **files.agreed)


def _mapping_paths(document: Document, folder: Path, problems: list[Problem]) -> list[Path]:
    """The mapping files; found even when the rest of config.yaml is wrong, so that their faults are told too."""
    named = document.data.get("mappings", "mappings")
    if isinstance(named, list) and all(isinstance(name, str) for name in named):
        return [folder / name for name in named]
    if not isinstance(named, str):
        return []
    found = sorted(path for path in (folder / named).glob("*") if path.suffix in (".yaml", ".yml"))
    if not found and document.data:
        message = f"the folder {named!r} holds no .yaml files; `smarketing init` writes some to edit"
        problems.append(document.problem(("mappings",), message))
    return found


@dataclass
class _Files:
    """The mapping files read so far."""

    folder: Path
    problems: list[Problem]
    mappings: list[MappingSource] = field(default_factory=list)
    owners: OwnersSource | None = None
    agreed: dict[str, AgreedSource[Any]] = field(default_factory=dict)

    def add(self, path: Path, draft: str | None = None) -> None:
        called = called_by(path, self.folder)
        if draft is None:
            document = read(path, called, self.problems)
        else:
            document = read_bytes(draft.encode("utf-8", "surrogatepass"), called, self.problems)
        agreed = next((name for name in AGREED_FILES if name in document.data), None)
        if "owners" in document.data:
            self.add_owners(document)
        elif agreed:
            self.add_agreed(agreed, extended(document, self.problems))
        elif document.data:
            self.add_mapping(extended(document, self.problems))

    def add_mapping(self, document: Document) -> None:
        file = validated(MappingFile, document, None, self.problems) if document.data else None
        if file is None:
            return
        twin = next((other for other in self.mappings if other.file.mapping == file.mapping), None)
        if twin:
            message = f"{file.mapping!r} is already the name of {twin.document.file}; rename or remove one of them"
            self.problems.append(document.problem(("mapping",), message))
        self.mappings.append(MappingSource(document, file))

    def add_owners(self, document: Document) -> None:
        file = validated(OwnersFile, document, None, self.problems)
        if file and self.owners:
            message = f"stands in {self.owners.document.file} already; keep one of the two"
            self.problems.append(document.problem(("owners",), message))
        elif file:
            self.owners = OwnersSource(document, file.owners)

    def add_agreed(self, name: str, document: Document) -> None:
        file = validated(AGREED_FILES[name], document, None, self.problems) if document.data else None
        if file and name in self.agreed:
            message = f"stands in {self.agreed[name].document.file} already; keep one of the two"
            self.problems.append(document.problem((name,), message))
        elif file:
            self.agreed[name] = AgreedSource(document, getattr(file, name))


def called_by(path: Path, folder: Path) -> str:
    """What people call a file: its path below the folder of config.yaml, or the whole of it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
