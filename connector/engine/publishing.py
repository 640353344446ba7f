"""The mapping files of every machine: what is published on one reaches all, and nobody's edit is lost on the way.

A version is published where somebody saves it on the page; each process that looks finds it in the store and writes it
to its own folder, from where it is loaded like any edit. What a folder held when it was last in step stands beside its
files (the mark). So an edit on disk is told from an old version: it becomes a version of its own, and a published one
is never written over it unless whoever published had seen it. Where that is not so, or the folder cannot be written,
the folder stays as it is and people are told.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy import Connection

from connector.config.texts import Kept, Texts, digest_of, kept, why_not_writable, write
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.engine.story import ACT
from connector.errors import Refused
from connector.storage import events, issues, versions
from connector.storage.database import Database
from connector.storage.events import Event
from connector.storage.versions import NewVersion, Version

MARK: Final = ".smarketing-version"
ON_DISK: Final = "edited on disk"  # who let a version be so that nobody saved on the page
_FIRST, _EDITED = "as it was found", "found on disk, not saved on the page"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a folder held when it was last in step: the version, the newest published one it stands on, the digest."""

    version: int
    published: int
    digest: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a look. took_up: the version that was written to the folder, 0 for none; trouble: why not."""

    took_up: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """What somebody saves.

    Attributes:
        opened: the digest of the files on which the draft was begun.
        over: the published version over which they stand by the files of their folder, knowing it; 0 for none.
    """

    by: str
    why: str
    opened: str
    texts: Texts
    over: int = 0


class Overtaken(Refused):
    """The files have changed since the draft was begun."""


def follow(path: Path, database: Database, now: datetime) -> Followed:
    """Bring the folder beside a config.yaml in step with what is published, and note what was edited in it.

    Raises:
        what the store raises; never for what the folder is like.
    """
    with database.read() as conn:
        if _is_in_step(conn, kept(path)):
            return Followed()  # nearly always; and nobody has to wait for whoever writes just now
    with database.begin() as conn:
        versions.take_turns(conn)
        found = kept(path)
        if found.problems:
            return Followed()  # the loader tells of them, and half a folder is no version
        newest = versions.newest_published(conn)
        if not newest:
            _note(conn, found, now)
            return Followed()
        target = versions.get(conn, newest)
        assert target is not None, "it is the newest, under a lock"
        return _Following(conn, found, target, now).followed()


def _is_in_step(conn: Connection, found: Kept) -> bool:
    """Whether there is nothing to note and nothing to take up."""
    newest, digest = versions.newest_published(conn), digest_of(found.texts)
    if found.problems or not newest:
        return not found.problems and versions.of_digest(conn, digest) is not None
    mark = mark_of(found)
    return mark is not None and (mark.published, mark.digest) == (newest, digest)


@dataclass(frozen=True)
class _Following:
    """One folder on its way to the newest published version."""

    conn: Connection
    found: Kept
    target: Version
    now: datetime

    def followed(self) -> Followed:
        head, digest, mark = self.target.head, digest_of(self.found.texts), mark_of(self.found)
        if digest == head.digest:
            if mark != Mark(head.id, head.id, digest):
                _set_mark(self.found, Mark(head.id, head.id, digest))
            return Followed()
        if mark is not None and digest != mark.digest:
            mark = Mark(_note(self.conn, self.found, self.now, mark), mark.published, digest)
            _set_mark(self.found, mark)
        if mark is not None and mark.published >= head.id:
            return Followed()
        if self._was_seen(mark, digest):
            return self._taken_up()
        if mark is None:
            _note(self.conn, self.found, self.now)
        return Followed(trouble=_differs(head.id, head.by))

    def _was_seen(self, mark: Mark | None, digest: str) -> bool:
        """Whether what the folder holds went into what is published since, or is an older published version itself."""
        if mark is not None and mark.version == mark.published:
            return True
        return digest in versions.seen_by_publishers(self.conn, mark.published if mark else 0)

    def _taken_up(self) -> Followed:
        head = self.target.head
        try:
            write(self.found, self.target.texts)
        except Refused as reason:
            return Followed(trouble=f"version {head.id}, published by {head.by}, is not in force here: {reason}")
        _set_mark(self.found, Mark(head.id, head.id, head.digest))
        return Followed(took_up=head.id)


def publish(path: Path, database: Database, new: Publication, now: datetime) -> int:
    """Save what somebody has drafted: a version for every machine, and the files of this one; its number.

    Raises:
        Overtaken: when the files are not any more what the draft was begun on.
        Refused: when they cannot be written; then nothing has changed.
    """
    with database.begin() as conn:
        versions.take_turns(conn)
        found = kept(path)
        here = digest_of(found.texts)
        mark, newest = mark_of(found), versions.newest_published(conn)
        behind = newest > max(new.over, mark.published if mark else 0)
        if here != new.opened or behind:
            raise Overtaken("the files have changed since you began; look at what changed, then decide anew")
        reason = why_not_writable(found)
        if reason:
            raise Refused(reason)
        digest = digest_of(new.texts)
        number = versions.put(conn, NewVersion(new.by, new.why, digest, here, new.texts, published=True), now)
        payload = {"act": "publish mappings", "version": number, "why": new.why, "by": new.by}
        events.append(conn, [Event(now, ACT, payload=payload)])
        write(found, new.texts)
    _set_mark(kept(path), Mark(number, number, digest))
    return number


def adopt_folder(path: Path, database: Database, by: str, now: datetime) -> int:
    """Let what is published stand in this folder, whatever it holds: its own edits stay a version; which one stands.

    Raises:
        Refused: when nothing is published, or the folder cannot be written.
    """
    with database.begin() as conn:
        versions.take_turns(conn)
        found = kept(path)
        target = versions.get(conn, versions.newest_published(conn))
        if target is None:
            raise Refused("nothing was ever published")
        if digest_of(found.texts) != target.head.digest:
            _note(conn, found, now)
        number = target.head.id
        payload = {"act": "take published mappings", "version": number, "by": by}
        events.append(conn, [Event(now, ACT, payload=payload)])
        write(found, target.texts)
    _set_mark(kept(path), Mark(number, number, target.head.digest))
    return number


def mark_of(found: Kept) -> Mark | None:
    """What stands beside the files; None where nothing does, or nothing that we wrote."""
    try:
        told = orjson.loads((found.place / MARK).read_bytes())
        return Mark(int(told["version"]), int(told["published"]), str(told["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _set_mark(found: Kept, mark: Mark) -> None:
    """Leave a mark; where that cannot be, the folder is known by its digest alone."""
    told = {"version": mark.version, "published": mark.published, "digest": mark.digest}
    fresh = found.place / f"{MARK}.new"
    with suppress(OSError):
        fresh.write_bytes(orjson.dumps(told))
        fresh.replace(found.place / MARK)


def _note(conn: Connection, found: Kept, now: datetime, mark: Mark | None = None) -> int:
    """Keep what the folder holds as a version, unless it is one; its number."""
    digest = digest_of(found.texts)
    if mark is None:
        known = versions.of_digest(conn, digest)
        if known is not None:
            return known
    latest = versions.page(conn, None, 1)
    was = mark.digest if mark else latest[0].digest if latest else ""
    new = NewVersion(ON_DISK, _EDITED if latest else _FIRST, digest, was, found.texts, published=False)
    return versions.put(conn, new, now)


def tell(database: Database, place: tuple[Path, str], followed: Followed, now: datetime) -> None:
    """Open an issue about a folder that does not hold what is published, or close it.

    place: config.yaml and the name of its host.
    """
    path, host = place
    folder = hashlib.blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    ref = Ref(Side.HUBSPOT, "installation", f"mappings on {host} ({folder})")
    with database.begin() as conn:
        if not followed.trouble:
            issues.close_for(conn, [ref], [IssueKind.STOPPED], now, "it holds what is published")
            return
        hint = f"on {host}: make the folder writable or restore its files, or settle it on the page Mappings there"
        issue = Issue(IssueKind.STOPPED, (ref,), code="PUBLISHED", reason=f"{host}: {followed.trouble}", hint=hint)
        issues.raise_issues(conn, [issue], now, None)


def _differs(number: int, by: str) -> str:
    return (
        f"version {number}, published by {by}, is not in force here: the files in this folder were edited by hand, and "
        "nothing is written over them unasked"
    )
