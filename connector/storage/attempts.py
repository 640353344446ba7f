"""Failed sign-ins of late, counted by name and by address.

Keys are numbers of buckets, not names or addresses: nothing personal is kept, and there are never more rows than there
are buckets. Rows are taken in the order of their keys, so that two who try at the same time take turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, select
from sqlalchemy import delete as delete_rows

from connector.storage import codec
from connector.storage.admin_tables import attempts
from connector.storage.asking import change, many, rows
from connector.storage.upsert import among, replacing

_HELD = (
    select(attempts.c.key, attempts.c.failures, attempts.c.last_at)
    .where(among(attempts.c.key))
    .order_by(attempts.c.key)
    .with_for_update()
)
_FORGET = delete_rows(attempts).where(attempts.c.key == bindparam("_key"))
_OLD = delete_rows(attempts).where(attempts.c.last_at < bindparam("_before", type_=BigInteger))


@dataclass(frozen=True, slots=True)
class Failed:
    """How often a sign-in has failed in a row, and when last."""

    failures: int
    last_at: datetime


def held(conn: Connection, keys: list[str]) -> dict[str, Failed]:
    """What is counted under these keys; nobody else counts there until the transaction ends."""
    found = rows(conn, _HELD, among=keys)
    return {key: Failed(failures, codec.moment(last_at)) for key, failures, last_at in found}


def put(conn: Connection, counted: Mapping[str, Failed]) -> None:
    """Remember the counts of these keys, in place of earlier ones."""
    parameters = [
        {"key": key, "failures": one.failures, "last_at": codec.micros(one.last_at)}
        for key, one in sorted(counted.items())
    ]
    many(conn, replacing(conn, attempts, "failures", "last_at"), parameters)


def clear(conn: Connection, key: str) -> None:
    """Count anew from the next failure on."""
    change(conn, _FORGET, _key=key)


def forget(conn: Connection, before: datetime) -> int:
    """Forget what has not failed since a moment; how many counts that were."""
    return change(conn, _OLD, _before=codec.micros(before))
