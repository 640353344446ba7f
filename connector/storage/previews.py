"""Drafts of the mapping files, and what they would change: kept for a day after they were last touched.

A draft is what somebody typed on the page and has not saved. What it would change (a preview, an errand of its own
kind) speaks of people: it goes after a day as well, and at once when anybody is erased (`errands.forget`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Connection, LargeBinary, bindparam, delete, insert, select, update

from connector.storage import codec
from connector.storage.admin_tables import errands, previews
from connector.storage.asking import change, rows, value
from connector.storage.tables import RowId

KIND: Final = "preview"  # of the errands that work one out
KEPT_FOR: Final = timedelta(days=1)
_DRAFT = "draft"

_ID = bindparam("_id", type_=RowId)
_BEFORE = bindparam("_before", type_=BigInteger)
_PUT = insert(previews).returning(previews.c.id)
_ONE = select(previews.c.by, previews.c.at, previews.c.body).where(previews.c.id == _ID)
_SAVE = (
    update(previews)
    .where(previews.c.id == _ID)
    .values(at=bindparam("_at", type_=BigInteger), body=bindparam("_body", type_=LargeBinary))
)
_DROP = delete(previews).where(previews.c.id == _ID)
_EXPIRE = delete(previews).where(previews.c.at < _BEFORE)
_EXPIRE_FOUND = delete(errands).where(errands.c.kind == KIND, errands.c.ended_at < _BEFORE)


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """Somebody's draft: JSON of the page."""

    id: int
    by: str
    at: datetime
    body: Mapping[str, Any]


def put(conn: Connection, by: str, body: Mapping[str, Any], now: datetime) -> int:
    """Keep a new draft; its number."""
    row = {"at": codec.micros(now), "by": by, "state": _DRAFT, "body": orjson.dumps(body)}
    return int(value(conn, _PUT, **row))


def get(conn: Connection, draft_id: int) -> StoredDraft | None:
    """One draft; None where there is none, or it is forgotten."""
    for by, at, body in rows(conn, _ONE, _id=draft_id):
        return StoredDraft(draft_id, by, codec.moment(at), orjson.loads(body))
    return None


def save(conn: Connection, draft_id: int, body: Mapping[str, Any], now: datetime) -> bool:
    """Keep a draft as it is now; False when it is forgotten."""
    return change(conn, _SAVE, _id=draft_id, _at=codec.micros(now), _body=orjson.dumps(body)) == 1


def drop(conn: Connection, draft_id: int) -> None:
    """Forget a draft: it was saved, or given up."""
    change(conn, _DROP, _id=draft_id)


def expire(conn: Connection, now: datetime) -> None:
    """Forget drafts and what they would change, a day after they were last touched."""
    before = codec.micros(now - KEPT_FOR)
    change(conn, _EXPIRE, _before=before)
    change(conn, _EXPIRE_FOUND, _before=before)
