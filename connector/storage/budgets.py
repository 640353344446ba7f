"""API calls spent of a side's day, counted by all processes together. The caller says which day it is for the side."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from connector.core.refs import Side
from connector.storage.tables import budgets
from connector.storage.upsert import insert


def spend(conn: Connection, side: Side, day: date, calls: int) -> int:
    """Add calls to the day; the day's total with them."""
    statement = insert(conn, budgets).values(side=side.value, day=day.isoformat(), calls=calls)
    added = statement.on_conflict_do_update(
        index_elements=["side", "day"], set_={"calls": budgets.c.calls + statement.excluded.calls}
    )
    return int(conn.execute(added.returning(budgets.c.calls)).scalar_one())


def spent(conn: Connection, side: Side, day: date) -> int:
    """The day's calls so far."""
    statement = select(budgets.c.calls).where(budgets.c.side == side.value, budgets.c.day == day.isoformat())
    return conn.scalar(statement) or 0
