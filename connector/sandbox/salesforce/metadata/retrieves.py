"""Retrieves: metadata of the org as a zip of whole documents, with the manifest that names them.

Parts of an object or of a workflow come in one file. What is not there is said in a message and is no failure.
(Salesforce fact sheet 5.3.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connector.sandbox.salesforce.metadata.components import FOLDERS, MANIFEST, PARTS, WHOLES
from connector.sandbox.salesforce.metadata.parcels import pack
from connector.sandbox.salesforce.metadata.schema import document

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

Named = tuple[str, str]
_ROOT = "unpackaged"


@dataclass(slots=True)
class Retrieve:
    """One retrieve: what was there of what was asked for, and the zip. It is ready at once, and said to be later."""

    id: str
    there: list[Named]
    missing: list[str]
    content: bytes
    looks: int = 0

    def status(self, looks: int) -> str:
        """What a caller is told who has looked so often, when the org makes them wait for `looks`."""
        if self.looks > looks:
            return "Succeeded"
        return "Pending" if self.looks <= 1 else "InProgress"


class Retrieves:
    """All retrieves of an org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: dict[str, Retrieve] = {}

    def start(self, named: Iterable[Named], version: str) -> Retrieve:
        """Begin a retrieve of what is named by type and full name; `*` names all of a type."""
        there, missing = self._found(named)
        files = {f"{_ROOT}/{path}": text for path, text in self._files(there).items()}
        files[f"{_ROOT}/{MANIFEST}"] = document("Package", _manifest(there, version))
        made = Retrieve(self._org.mint.mint("09S"), there, missing, pack(files))
        self._known[made.id] = made
        return made

    def find(self, retrieve_id: str) -> Retrieve | None:
        """A retrieve by its id."""
        return self._known.get(retrieve_id)

    def _found(self, named: Iterable[Named]) -> tuple[list[Named], list[str]]:
        metadata = self._org.metadata
        there: dict[Named, None] = {}
        missing = []
        for of_type, member in named:
            if of_type not in FOLDERS and of_type not in WHOLES:
                missing.append(f"Entity type: '{of_type}' is unknown")
                continue
            names = self._names(of_type) if member == "*" else [member]
            for name in names:
                if of_type in PARTS:
                    there |= {(part, each): None for part in PARTS[of_type].values() for each in self._of(part, name)}
                elif metadata.find(of_type, name) is None:
                    missing.append(f"Entity of type '{of_type}' named '{name}' cannot be found")
                else:
                    there[of_type, name] = None
        return list(there), missing

    def _names(self, of_type: str) -> list[str]:
        if of_type in PARTS:
            parts = [name for part in PARTS[of_type].values() for name in self._org.metadata.names(part)]
            return sorted({name.partition(".")[0] for name in parts})
        return self._org.metadata.names(of_type)

    def _of(self, part: str, whole: str) -> list[str]:
        return [name for name in self._org.metadata.names(part) if name.partition(".")[0] == whole]

    def _files(self, there: Iterable[Named]) -> dict[str, bytes]:
        wholes: dict[Named, dict[str, list[Any]]] = {}
        files: dict[str, bytes] = {}
        for of_type, name in there:
            content = self._org.metadata.find(of_type, name) or {}
            whole = WHOLES.get(of_type)
            if whole is None:
                files[path_of(of_type, name)] = document(of_type, content)
                continue
            element = next(element for element, part in PARTS[whole].items() if part == of_type)
            held = wholes.setdefault((whole, name.partition(".")[0]), {})
            held.setdefault(element, []).append(content)
        for (whole, name), parts in wholes.items():
            files[path_of(whole, name)] = document(whole, parts)
        return files


def path_of(of_type: str, name: str) -> str:
    """Where a component is in a zip."""
    whole = WHOLES.get(of_type)
    kind, stem = (of_type, name) if whole is None else (whole, name.partition(".")[0])
    folder, suffix = FOLDERS[kind]
    return f"{folder}/{quote(stem, safe=' -_.')}.{suffix}"


def _manifest(there: Iterable[Named], version: str) -> dict[str, Any]:
    by_type: dict[str, list[str]] = {}
    for of_type, name in there:
        by_type.setdefault(of_type, []).append(name)
    types = [{"members": sorted(names), "name": of_type} for of_type, names in sorted(by_type.items())]
    return {"types": types, "version": version}
