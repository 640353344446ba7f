"""The files a configuration is made of, and what tells an edit of them: their names, times and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from connector.config.load import Loaded
from connector.config.secrets import Secret

Stamp = tuple[tuple[str, int, int], ...]


def stamped(path: Path, loaded: Loaded | None) -> Stamp:
    """What tells an edit: names, times and sizes of every file that the configuration is made of."""
    return tuple(sorted(filter(None, map(_looks, _files(path, loaded)))))


def _files(path: Path, loaded: Loaded | None) -> Iterator[Path]:
    yield path
    if loaded is None:
        return
    named = loaded.settings.mappings
    if isinstance(named, str):
        yield loaded.folder / named  # whose time tells of files that came or went
        yield from (loaded.folder / named).glob("*.y*ml")
    else:
        yield from (loaded.folder / name for name in named)
    for secret in _secrets(loaded.settings):
        if secret.origin.startswith("file:"):
            yield loaded.folder / Path(secret.origin.removeprefix("file:")).expanduser()


def _secrets(found: Any) -> Iterator[Secret]:
    if isinstance(found, Secret):
        yield found
    elif isinstance(found, BaseModel):
        for _, part in found:
            yield from _secrets(part)
    elif isinstance(found, dict | list | tuple):
        for part in found.values() if isinstance(found, dict) else found:
            yield from _secrets(part)


def _looks(path: Path) -> tuple[str, int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return str(path), told.st_mtime_ns, told.st_size
