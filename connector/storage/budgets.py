"""API calls spent of a side's day, counted by all processes together. The caller says which day it is for the side."""

from __future__ import annotations

from datetime import date
from functools import cache

from sqlalchemy import Connection, Executable, bindparam, select

from connector.core.refs import Side
from connector.storage.asking import value
from connector.storage.tables import budgets
from connector.storage.upsert import insert

_SPENT = select(budgets.c.calls).where(budgets.c.side == bindparam("side"), budgets.c.day == bindparam("day"))


def spend(conn: Connection, side: Side, day: date, calls: int) -> int:
    """Add calls to the day; the day's total with them."""
    return int(value(conn, _added(conn.dialect.name), side=side.value, day=day.isoformat(), calls=calls))


def spent(conn: Connection, side: Side, day: date) -> int:
    """The day's calls so far."""
    return value(conn, _SPENT, side=side.value, day=day.isoformat()) or 0


@cache
def _added(dialect: str) -> Executable:
    statement = insert(dialect, budgets)
    total = budgets.c.calls + statement.excluded.calls
    adding = statement.on_conflict_do_update(index_elements=["side", "day"], set_={"calls": total})
    return adding.returning(budgets.c.calls)
