"""Requests that were acknowledged to a CRM and not read yet, and those that were read and not understood.

A request is one row as it came. Its row leaves in the transaction that marks what it told of, so that an acknowledged
event is always either here or in the dirty set. Whoever reads in a write transaction locks what it reads: two readers
share the rows between them. What was not understood stays with its reason until a person, or time, takes it away;
rows hold what the CRM sent, personal data included, and are therefore never kept longer than that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Integer, bindparam, delete, func, select, update
from sqlalchemy import insert as insert_into

from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.service_tables import inbox
from connector.storage.tables import RowId
from connector.storage.upsert import among, chunks

KEPT_MAX = 1_000_000
_SHORT, _LONG = 15, 18  # characters of a Salesforce id
PROBLEM_MAX = 500  # characters; the column is indexed, and a person reads it

_PUT = insert_into(inbox)
_COLUMNS = (inbox.c.id, inbox.c.source, inbox.c.received_at, inbox.c.request_id, inbox.c.headers, inbox.c.body)
_LIMIT = bindparam("_limit", type_=Integer)
_UNREAD = inbox.c.problem == ""
_NEXT = select(*_COLUMNS).where(_UNREAD).order_by(inbox.c.id).limit(_LIMIT).with_for_update(skip_locked=True)
_DONE = delete(inbox).where(among(inbox.c.id))
_DROP = delete(inbox).where(among(inbox.c.id), inbox.c.problem > "")
_KEEP = update(inbox).where(inbox.c.id == bindparam("_id", type_=RowId)).values(problem=bindparam("_problem"))
_KEPT = select(*_COLUMNS, inbox.c.problem).where(inbox.c.problem > "").order_by(inbox.c.id).limit(_LIMIT)
_ONE = select(*_COLUMNS, inbox.c.problem).where(inbox.c.id == bindparam("_id", type_=RowId))
_AGAIN = update(inbox).where(inbox.c.problem > "").values(problem="")
_EXPIRED = delete(inbox).where(inbox.c.problem > "", inbox.c.received_at < bindparam("_before", type_=BigInteger))
_WAITING = select(func.count()).select_from(inbox).where(_UNREAD)
_NOT_UNDERSTOOD = select(func.count()).select_from(inbox).where(inbox.c.problem > "")
_OLDEST = select(inbox.c.received_at).where(_UNREAD).order_by(inbox.c.id).limit(1)


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came: by which way, when, under which id, and what it says.

    Attributes:
        source: "hubspot", "outbound", "events", "journal" or "pubsub"; says which reader understands it.
        headers: only what the reader or a person needs; never a signature or a secret.
    """

    source: str
    received_at: datetime
    request_id: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """A post with the number of its row; `problem` says why it was not understood, "" while nobody has read it."""

    id: int
    post: Post
    problem: str = ""


def put(conn: Connection, *posts: Post) -> None:
    """Keep requests, in this order. Acknowledge them only after the transaction has committed."""
    many(conn, _PUT, [_parameters(post) for post in posts])


def unread(conn: Connection, limit: int) -> list[Received]:
    """The longest waiting requests that nobody has read; in a write transaction nobody else is given the same ones."""
    return [_received(row) for row in rows(conn, _NEXT, _limit=limit)]


def done(conn: Connection, ids: Collection[int]) -> int:
    """Take rows away, for what they told of is marked in this transaction. How many there were."""
    return sum(change(conn, _DONE, among=portion) for portion in chunks(sorted(ids)))


def drop(conn: Connection, ids: Collection[int]) -> int:
    """Take rows away that were not understood, as a person decides; how many there were."""
    return sum(change(conn, _DROP, among=portion) for portion in chunks(sorted(ids)))


def keep(conn: Connection, row_id: int, problem: str) -> None:
    """Keep a request that was not understood, with the reason in words (not empty; without personal data)."""
    words = problem.replace("\0", "").strip()[:PROBLEM_MAX] or "not understood"
    change(conn, _KEEP, _id=row_id, _problem=words)


def kept(conn: Connection, limit: int = 1000) -> list[Received]:
    """The requests that were not understood, oldest first."""
    return [_received(row) for row in rows(conn, _KEPT, _limit=limit)]


def one(conn: Connection, row_id: int) -> Received | None:
    """The request of a row, read or not; None when it is gone."""
    found = rows(conn, _ONE, _id=row_id)
    return _received(found[0]) if found else None


def again(conn: Connection) -> int:
    """Have everything that was not understood read once more, as after an update; how many requests."""
    return change(conn, _AGAIN)


def expire(conn: Connection, before: datetime) -> int:
    """Take away what was not understood and came before a moment; how many requests."""
    return change(conn, _EXPIRED, _before=codec.micros(before))


def forget(conn: Connection, record_ids: Collection[str]) -> int:
    """Take away kept requests in which any of these ids stands, for a person is erased; unread ones leave soon."""
    if not record_ids:
        return 0
    named = re.compile(b"|".join(_standing(record_id) for record_id in sorted(record_ids)))
    return drop(conn, [row.id for row in kept(conn, KEPT_MAX) if named.search(row.post.body)])


def _standing(record_id: str) -> bytes:
    """An id that stands by itself; Salesforce's in its short form as well."""
    short, rest = record_id[:_SHORT], record_id[_SHORT:]
    longer = rf"(?:{re.escape(rest)})?" if len(record_id) == _LONG else re.escape(rest)
    return rf"(?<![0-9A-Za-z]){re.escape(short)}{longer}(?![0-9A-Za-z])".encode()


def count(conn: Connection) -> int:
    """How many requests nobody has read yet."""
    return int(value(conn, _WAITING))


def not_understood(conn: Connection) -> int:
    """How many requests are kept because they were not understood."""
    return int(value(conn, _NOT_UNDERSTOOD))


def oldest(conn: Connection) -> datetime | None:
    """When the request that waits longest came; None when none waits."""
    found = value(conn, _OLDEST)
    return None if found is None else codec.moment(found)


def _parameters(post: Post) -> dict[str, Any]:
    return {
        "source": post.source,
        "received_at": codec.micros(post.received_at),
        "request_id": post.request_id,
        "headers": orjson.dumps(dict(post.headers)),
        "body": post.body,
        "problem": "",
    }


def _received(row: Any) -> Received:
    row_id, source, received_at, request_id, headers, body, *problem = row
    post = Post(source, codec.moment(received_at), request_id, bytes(body), orjson.loads(bytes(headers)))
    return Received(row_id, post, *problem)
