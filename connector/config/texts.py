"""The mapping files as texts: read whole, told apart by a digest, and written back without being half written.

What is edited on the page, kept as a version and sent to other machines is the text itself, comments and all; what it
says is the loader's to tell. Files are named as they are called in their folder, or as config.yaml lists them, never by
a path that somebody hands in: a name that is not there already must be that of a plain new file in the folder. Of
several files all are written or none; a file is replaced in one step and keeps its mode.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from connector.config.load import called_by
from connector.config.yaml import BYTES_MAX, read
from connector.errors import Problem, Refused

Texts = Mapping[str, str]  # a file's text by its name

FILES_MAX = 100
_NEW_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.ya?ml")
_FRESH_MODE = 0o644


@dataclass(frozen=True)
class Kept:
    """The mapping files of an installation as they are on disk.

    Attributes:
        root: the folder of config.yaml.
        folder: where the files are and new ones may be made; None: config.yaml lists each file.
        problems: files that are there and are no text; while there are any, nothing can be edited here.
    """

    root: Path
    folder: Path | None
    texts: Texts
    problems: tuple[Problem, ...] = field(default=())

    @property
    def place(self) -> Path:
        """The folder in which it is noted what the files hold."""
        return self.folder or self.root

    def path(self, name: str) -> Path:
        """Where the file of a name is, or would be.

        Raises:
            Refused: when no file may have that name here.
        """
        if name in self.texts:
            return (self.folder or self.root) / name
        if self.folder is None:
            raise Refused(f"{name!r} is none of the files that config.yaml lists under mappings")
        if not _NEW_NAME.fullmatch(name):
            raise Refused(f"{name!r} is no name for a file; write one like webinars.yaml, in small letters")
        return self.folder / name

    def called(self, name: str) -> str:
        """What the loader calls the file of a name in its problems."""
        return called_by(self.path(name), self.root)

    def paths(self, texts: Texts) -> dict[Path, str]:
        """Texts by where they are or would be, in the loader's order.

        Raises:
            Refused: when a name may not be, or there are too many.
        """
        strange = [name for name in texts if self.folder is None and name not in self.texts]
        if strange:
            raise Refused(f"{strange[0]!r} is none of the files that config.yaml lists under mappings")
        if len(texts) > FILES_MAX:
            raise Refused(f"there would be {len(texts)} files; the most is {FILES_MAX}")
        order = list(self.texts) if self.folder is None else sorted(texts)
        return {self.path(name): texts[name] for name in sorted(texts, key=order.index)}


def kept(path: Path) -> Kept:
    """The mapping files beside a config.yaml, however wrong what they say may be."""
    root = path.resolve().parent
    document = read(path, path.name, [])
    named = document.data.get("mappings", "mappings")
    if isinstance(named, list):
        names = [name for name in named if isinstance(name, str)]
        return _read(root, None, {name: root / name for name in names})
    folder = root / str(named)
    found = sorted(one for one in folder.glob("*") if one.suffix in (".yaml", ".yml") and one.is_file())
    return _read(root, folder, {one.name: one for one in found})


def digest_of(texts: Texts) -> str:
    """Changes with every byte of every file."""
    return hashlib.sha256(orjson.dumps(sorted(texts.items()))).hexdigest()


def _read(root: Path, folder: Path | None, paths: Mapping[str, Path]) -> Kept:
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for name, path in paths.items():
        called = called_by(path, root)
        try:
            with path.open("rb") as file:
                content = file.read(BYTES_MAX + 1)
            if len(content) > BYTES_MAX:
                problems.append(Problem(called, 0, "", f"is larger than {BYTES_MAX // 1024} KiB"))
            texts[name] = content[: BYTES_MAX + 1].decode("utf-8")
        except OSError as error:
            problems.append(Problem(called, 0, "", f"cannot be read: {error.strerror or type(error).__name__}"))
        except UnicodeDecodeError:
            problems.append(Problem(called, 0, "", "is not UTF-8 text; mend it on disk, then load this page again"))
    return Kept(root, folder, texts, tuple(problems))


def why_not_writable(found: Kept) -> str:
    """Why the files cannot be written by this process; "" when they can."""
    if found.problems:
        return str(found.problems[0])
    if not os.access(found.place, os.W_OK | os.X_OK):
        return f"the folder {called_by(found.place, found.root)} is read-only for the bridge"
    for name in found.texts:
        path = found.path(name)
        if path.is_symlink():
            return f"{found.called(name)} is a link to another file, which is not replaced"
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK | os.X_OK):
            return f"{found.called(name)} is read-only for the bridge"
    return ""


def write(found: Kept, texts: Texts) -> None:
    """Let the files be these, byte for byte; what is not among them goes.

    Raises:
        Refused: when they cannot be written; then everything is as it was.
    """
    reason = why_not_writable(found)
    if reason:
        raise Refused(reason)
    changed = {path: text for path, text in found.paths(texts).items() if found.texts.get(_name(found, path)) != text}
    gone = [found.path(name) for name in found.texts if name not in texts]
    if gone and found.folder is None:
        raise Refused(f"{gone[0].name} is listed in config.yaml, so it must stay")
    fresh: dict[Path, Path] = {}
    try:
        for path, text in changed.items():
            fresh[path] = _prepared(path, text)
        _replace(found, fresh, gone)
    except OSError as error:
        raise Refused(f"the files cannot be written: {error.strerror or type(error).__name__}") from error
    finally:
        for one in fresh.values():
            one.unlink(missing_ok=True)


def _name(found: Kept, path: Path) -> str:
    return path.name if found.folder is not None else next((one for one in found.texts if found.path(one) == path), "")


def _prepared(path: Path, text: str) -> Path:
    """The text in a file beside its place, with the mode and owner of what it will replace."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        if path.exists():
            told = path.stat()
            os.fchmod(file.fileno(), stat.S_IMODE(told.st_mode))
            with suppress(PermissionError):
                os.fchown(file.fileno(), told.st_uid, told.st_gid)
        else:
            os.fchmod(file.fileno(), _FRESH_MODE)
        os.fsync(file.fileno())
    return Path(name)


def _replace(found: Kept, fresh: Mapping[Path, Path], gone: list[Path]) -> None:
    """Put all in their places; should one not go there, those before it are put back."""
    done: list[Path] = []
    try:
        for path, one in fresh.items():
            one.replace(path)
            done.append(path)
        for path in gone:
            path.unlink()
            done.append(path)
    except OSError:
        for path in done:
            before = found.texts.get(_name(found, path))
            if before is None:
                path.unlink(missing_ok=True)
            else:
                _prepared(path, before).replace(path)
        raise
