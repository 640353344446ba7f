"""The account behind each side. What is stored is about that portal and that org; another one must not be let in."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from connector.core.refs import Side
from connector.storage.tables import bindings
from connector.storage.upsert import adding

_BOUND = select(bindings.c.account_id).where(bindings.c.side == bindparam("side"))


def bind(conn: Connection, side: Side, account_id: str) -> bool:
    """Bind a side to an account for good; False when it is bound to another one, which stays."""
    conn.execute(adding(conn, bindings), {"side": side.value, "account_id": account_id})
    return bound(conn, side) == account_id


def bound(conn: Connection, side: Side) -> str | None:
    """The account a side is bound to, or None before the first run."""
    return conn.scalar(_BOUND, {"side": side.value})
