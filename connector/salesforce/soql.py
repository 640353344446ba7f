"""SOQL and the paths of queries, in one place: every value quoted, every address below Salesforce's limit.

A request's address and headers may hold 16,384 bytes together (Salesforce fact sheet 1.1), so lists of values are cut
by what they weigh once percent-encoded, not by how many they are. Moments are compared as Salesforce writes them, in
UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from simple_salesforce.format import quote_soql_value

from connector.core.values import Kind

ADDRESS_BYTES_MAX: Final = 14_000  # of a percent-encoded path; leaves room for headers and the API's root
_UNQUOTED: Final = frozenset({Kind.NUMBER, Kind.MONEY, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME})


def select(fields: Iterable[str], obj: str, *conditions: str, order: str = "") -> str:
    """A SELECT; conditions are joined by AND."""
    where = both(*conditions)
    text = f"SELECT {','.join(dict.fromkeys(fields))} FROM {obj}"  # noqa: S608  # SOQL; names come from the mapping
    return text + (f" WHERE {where}" if where else "") + (f" ORDER BY {order}" if order else "")


def count(obj: str, *conditions: str) -> str:
    """A COUNT() of rows; the answer is its `totalSize`."""
    return select(["COUNT()"], obj, *conditions)


def among(name: str, literals: Sequence[str]) -> str:
    """`name IN (...)` of literals that are quoted already."""
    return f"{name} IN ({','.join(literals)})"


def both(*conditions: str) -> str:
    """Conditions that must all hold; blank ones are none."""
    return " AND ".join(condition for condition in conditions if condition)


def either(*conditions: str) -> str:
    """Conditions of which one must hold, as one."""
    return f"({' OR '.join(conditions)})" if len(conditions) > 1 else "".join(conditions)


def literal(value: str, kind: Kind = Kind.TEXT) -> str:
    """A canonical value as SOQL writes it; texts are quoted and escaped."""
    return value if kind in _UNQUOTED else str(quote_soql_value(value))


def moment(at: datetime) -> str:
    """A datetime literal; thousandths only where there are any."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return text.removesuffix(".000") + "Z"


def after(at: datetime, last_id: str, name: str = "SystemModstamp") -> str:
    """The rows behind one (stamp, id), for keyset paging: equal stamps neither repeat nor get lost (fact sheet 3.2)."""
    stamp = moment(at)
    if not last_id:
        return f"{name} >= {stamp}"
    return f"{name} >= {stamp} AND ({name} > {stamp} OR Id > {literal(last_id)})"


def portions(literals: Sequence[str], bytes_max: int) -> Iterator[Sequence[str]]:
    """Cut a list of literals so that each portion weighs so much at most once encoded; a single one is never cut."""
    begin, weight = 0, 0
    for place, text in enumerate(literals):
        own = len(quote(text, safe="")) + 3  # the comma between becomes %2C
        if place > begin and weight + own > bytes_max:
            yield literals[begin:place]
            begin, weight = place, 0
        weight += own
    if begin < len(literals):
        yield literals[begin:]


def query_path(text: str, *, deleted: bool = False) -> str:
    """The path of a query below the API's root; `deleted` also finds the recycle bin and merged rows."""
    return f"{'queryAll' if deleted else 'query'}/?q={quote(text, safe='')}"
