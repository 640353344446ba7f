"""Writing the folder, and never over what somebody else has put there.

A marker file holds a digest of each file as it was written. A folder without one is somebody's; a file that is not as
it was written has been edited. Both are refused unless forced. What is no longer asked for is removed, so that the
folder is exactly what the manifest says; files that were never ours are not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import orjson
from defusedxml.ElementTree import parse

from connector.errors import Refused

MARKER: Final = ".smarketing-source.json"
_SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the folder: paths that were written or removed, and how many were as they should be."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def write(files: Mapping[str, str], folder: Path, *, force: bool = False) -> Written:
    """Make the folder say exactly that, and read every XML document back.

    Raises:
        Refused: it is not ours, or was edited; nothing has been written then.
    """
    before = _ours(folder, force=force)
    there = {path: found for path in {*before, *files} if (found := _digest_on_disk(folder / path)) is not None}
    wanted = {path: _digest(text.encode()) for path, text in files.items()}
    changed = tuple(path for path in sorted(files) if there.get(path) != wanted[path])
    removed = tuple(path for path in sorted(before) if path not in files and path in there)
    edited = [path for path in (*changed, *removed) if path in there and there[path] != before.get(path)]
    if edited and not force:
        names = ", ".join(edited[:_SHOWN_MAX]) + (" and more" if len(edited) > _SHOWN_MAX else "")
        raise Refused(
            f"somebody has edited files in {folder}: {names}. Keep them elsewhere, or write over them: --force"
        )
    _mark(folder, before)
    for path in removed:
        _remove(folder, path)
    for path in changed:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(files[path].encode())
    _mark(folder, wanted)
    for path in files:
        if path.endswith(".xml"):
            parse(folder / path)
    return Written(changed, removed, len(files) - len(changed))


def _ours(folder: Path, *, force: bool) -> dict[str, str]:
    """By path, the digests of what was written before; nothing for a folder that is new or empty."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file; name a folder")
    marker = folder / MARKER
    if marker.exists():
        return _recalled(marker)
    if folder.exists() and any(folder.iterdir()) and not force:
        words = "holds files and was not made by this command; name an empty folder, or write into it all the same"
        raise Refused(f"{folder} {words}: --force")
    return {}


def _recalled(marker: Path) -> dict[str, str]:
    with suppress(orjson.JSONDecodeError):
        found = orjson.loads(marker.read_bytes())
        if isinstance(found, dict) and isinstance(found.get("files"), dict):
            return dict(_sane(found["files"]))
    raise Refused(f"{marker} is damaged, so nobody can tell what is yours; name an empty folder")


def _sane(files: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Only what lies in the folder: the marker may have been edited, and files are removed by it."""
    for path, digest in files.items():
        parts = PurePosixPath(path)
        if not parts.is_absolute() and ".." not in parts.parts and isinstance(digest, str):
            yield path, digest


def _digest_on_disk(path: Path) -> str | None:
    return _digest(path.read_bytes()) if path.is_file() else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mark(folder: Path, digests: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {"made_by": "smarketing setup salesforce --source", "files": digests}
    (folder / MARKER).write_bytes(
        orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    )


def _remove(folder: Path, path: str) -> None:
    """A file, and the folders that are empty without it."""
    (folder / path).unlink()
    for parent in PurePosixPath(path).parents:
        if parent.name and not any((folder / parent).iterdir()):
            (folder / parent).rmdir()
