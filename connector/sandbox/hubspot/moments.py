"""Moments as HubSpot stores and prints them.

Inside the sandbox a moment is a whole number of milliseconds since 1970 (UTC). On the wire it is ISO 8601 as Java's
`Instant` prints it: three digits of milliseconds, left out altogether when they are zero (HubSpot fact sheet 2.2).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware datetime, rounded down."""
    return (moment - EPOCH) // _MILLISECOND


@lru_cache(maxsize=8192)
def iso_day(day: int) -> str:
    """`YYYY-MM-DD` of a count of days since 1970."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


@lru_cache(maxsize=32_768)
def iso(moment_ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`, or without the fraction when it is zero."""
    day, rest = divmod(moment_ms, DAY_MS)
    seconds, fraction = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    tail = f".{fraction:03}Z" if fraction else "Z"
    return f"{iso_day(day)}T{hour:02}:{minute:02}:{second:02}{tail}"


def parsed(text: str) -> int | None:
    """Milliseconds from epoch milliseconds or ISO 8601 (a missing offset is UTC); None when it is neither."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parsed_day(text: str) -> int | None:
    """Midnight UTC of a plain `YYYY-MM-DD`; None when it is not one."""
    try:
        return milliseconds(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
    except ValueError:
        return None
