"""The mapping files as they were at one time or another: who let them be so, when and why, with every file's text.

Rows only follow each other. A published one was saved on the page, and is meant for every machine; the others were
edited on disk and noticed. `was` is the digest of what stood before, so that a machine knows whether what its folder
holds was seen by whoever published. All writers take turns: of two people who save at once one has seen the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, Integer, bindparam, insert, select, text

from connector.storage import codec
from connector.storage.admin_tables import versions
from connector.storage.asking import rows, value
from connector.storage.tables import RowId

_HEAD = (versions.c.id, versions.c.at, versions.c.by, versions.c.why, versions.c.digest, versions.c.published)
_LIMIT = bindparam("_limit", type_=Integer)
_NEWEST = select(versions.c.id).where(versions.c.published).order_by(versions.c.id.desc()).limit(1)
_ONE = select(*_HEAD, versions.c.body).where(versions.c.id == bindparam("_id", type_=RowId))
_PAGE = (
    select(*_HEAD).where(versions.c.id < bindparam("_before", type_=RowId)).order_by(versions.c.id.desc()).limit(_LIMIT)
)
_OF_DIGEST = select(versions.c.id).where(versions.c.digest == bindparam("_digest")).order_by(versions.c.id.desc())
_PUBLISHED = select(versions.c.id, versions.c.digest, versions.c.body).where(
    versions.c.published, versions.c.id > bindparam("_after", type_=RowId)
)
_PUT = insert(versions).returning(versions.c.id)
_LAST_ID = 2**62


@dataclass(frozen=True, slots=True)
class Headline:
    """A version without its texts."""

    id: int
    at: datetime
    by: str
    why: str
    digest: str
    published: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A version with the text of every file by its name, and the digest of what stood before ("" for nothing)."""

    head: Headline
    was: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What becomes a version."""

    by: str
    why: str
    digest: str
    was: str
    texts: Mapping[str, str]
    published: bool


def take_turns(conn: Connection) -> None:
    """Keep other writers of versions waiting until this transaction ends; on SQLite they do anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE versions IN EXCLUSIVE MODE"))


def put(conn: Connection, new: NewVersion, now: datetime) -> int:
    """Keep a version; its number."""
    body = orjson.dumps({"was": new.was, "texts": dict(new.texts)})
    row = {"at": codec.micros(now), "by": new.by, "why": new.why, "digest": new.digest}
    return int(value(conn, _PUT, **row, published=new.published, body=body))


def newest_published(conn: Connection) -> int:
    """The number of the newest published version; 0 where there is none."""
    return int(value(conn, _NEWEST) or 0)


def get(conn: Connection, version_id: int) -> Version | None:
    """One version; None where there is none of that number."""
    for *head, body in rows(conn, _ONE, _id=version_id):
        told = orjson.loads(body)
        return Version(_headline(head), told["was"], told["texts"])
    return None


def page(conn: Connection, before: int | None, limit: int) -> list[Headline]:
    """Versions older than one, the newest first; None: from the newest on."""
    return [_headline(row) for row in rows(conn, _PAGE, _before=before or _LAST_ID, _limit=limit)]


def of_digest(conn: Connection, digest: str) -> int | None:
    """The newest version whose files are these; None where they never were."""
    found = value(conn, _OF_DIGEST, _digest=digest)
    return None if found is None else int(found)


def seen_by_publishers(conn: Connection, after: int) -> set[str]:
    """Digests of all that was published after a version, and of what each publisher saw and went on from."""
    found: set[str] = set()
    for _, digest, body in rows(conn, _PUBLISHED, _after=after):
        found |= {digest, orjson.loads(body)["was"]}
    return found - {""}


def _headline(row: list[object] | tuple[object, ...]) -> Headline:
    version_id, at, by, why, digest, published = row
    return Headline(int(str(version_id)), codec.moment(int(str(at))), str(by), str(why), str(digest), bool(published))
