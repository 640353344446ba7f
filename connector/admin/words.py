"""What pages say of moments, numbers and counts: the same words everywhere.

A moment is told relative to the clock of the desk, for people think in "3 hours ago"; its full UTC time stands beside
it (in the title), for two people who compare notes need the same text. What is not known is an en dash, never a zero.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

UNKNOWN = "\N{EN DASH}"
_SIZES = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_DAYS_ARE_WORDS = timedelta(days=60)  # beyond, a date says more
_AT_ONCE = 10  # seconds
_ALL = 100  # per cent


def counted(number: float, one: str, many: str = "") -> str:
    """`1 person`, `1,204 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def number(value: float | Decimal | None, places: int = 0) -> str:
    """`12,400`; unknown as a dash. Decimals are shown where `places` asks for them and they say something."""
    if value is None:
        return UNKNOWN
    told = f"{value:,.{places}f}"
    return told.rstrip("0").rstrip(".") if places and "." in told else told


def money(value: float | Decimal | None, currency: str = "") -> str:
    """`12,400 EUR`: whole units, for cents are noise where sums are compared."""
    return UNKNOWN if value is None else f"{value:,.0f} {currency}".strip()


def percent(share: float | Decimal | None, places: int = 0) -> str:
    """A share of 1 as `83 %`; 99.6 is never rounded up to all, nor 0.4 down to none."""
    if share is None:
        return UNKNOWN
    told = f"{share * 100:.{places}f}"
    if share < 1 and float(told) >= _ALL:
        return "> 99 %"
    if share > 0 and float(told) == 0:
        return "< 1 %"
    return f"{told} %"


def spell(seconds: float) -> str:
    """How long something takes: `4 minutes`, `2 days`."""
    whole = max(0, int(seconds))
    for size, unit in _SIZES:
        if whole >= size:
            return counted(whole // size, unit)
    return counted(whole, "second")


def relative(at: datetime, now: datetime) -> str:
    """`3 hours ago`, `in 5 minutes`, `just now`; what is months away, by its date."""
    away = at - now
    if abs(away) >= _DAYS_ARE_WORDS:
        return f"{at:%d %b %Y}".lstrip("0")
    seconds = abs(away.total_seconds())
    if seconds < _AT_ONCE:
        return "just now"
    return f"in {spell(seconds)}" if away > timedelta() else f"{spell(seconds)} ago"


def full(at: datetime) -> str:
    """`2026-11-02 09:15:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
