"""Kinds of value and their canonical form.

A canonical value is a text or None (blank), whatever the kind and whichever side it was read from: numbers as plain
decimals ("1000.5"), booleans "true"/"false", dates "2026-11-02", datetimes "2026-11-02T08:15:30.123Z", several choices
sorted and joined by ";". One form means that values compare, hash, store and print without conversion. Two values of a
kind are `same` when their comparison keys are equal: e-mails fold case, phones compare as E.164, datetimes to the
second, so that a side that rewrites what it is given is not taken for an editor.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum

Value = str | None


class Kind(StrEnum):
    """What sort of value a mapped field holds."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    OWNER = "owner"
    REFERENCE = "reference"


class Unreadable(ValueError):
    """A raw value its kind cannot understand. `reason` never repeats the value: it may be personal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def canonical(kind: Kind, raw: object) -> Value:
    """The canonical form of what either CRM's JSON gives for a field; blank in any spelling is None.

    Raises:
        Unreadable: when the kind cannot understand it.
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        raw = raw.strip()
        if not raw:
            return None
    return _READERS[kind](raw)


def _text(raw: object) -> Value:
    match raw:
        case str():
            return raw
        case bool():
            return "true" if raw else "false"
        case int() | float() | Decimal():
            return _number(raw)
    raise Unreadable(f"expected a text, found {type(raw).__name__}")


_DIGITS_MAX = 40  # no amount of money or count is longer; a wilder exponent would print for ever


def _number(raw: object) -> Value:
    if isinstance(raw, int):  # a boolean is one too, and reads as 1 or 0 here
        return str(int(raw))
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and (raw[0] != "0" or raw == "0"):
        return raw
    try:
        number = Decimal(raw if isinstance(raw, str | Decimal) else repr(raw))
    except InvalidOperation:
        raise Unreadable("expected a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        raise Unreadable("expected a number of ordinary size")
    return plain(number)


def plain(number: Decimal) -> str:
    """A number as plain decimal digits, without exponent, needless zeros or a signed zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


_WIDE = Context(prec=4 * _DIGITS_MAX)  # rounding must never fail for want of digits


def rounded(value: str, places: int) -> str:
    """A plain decimal to at most so many places, halves away from zero; a text that is no number as it is.

    That Salesforce rounds like this is assumed, its fact sheet does not say. Little rests on it: what is sent is
    rounded here, and is no finer than the other side keeps.
    """
    if len(value.partition(".")[2]) <= places:
        return value
    try:
        return plain(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE))
    except InvalidOperation:
        return value


_BOOLEANS = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}


def _boolean(raw: object) -> Value:
    found = _BOOLEANS.get(str(raw).lower())
    if found is None:
        raise Unreadable("expected true or false")
    return found


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _date(raw: object) -> Value:
    """The day as it is written. It never passes through a time zone, so it cannot shift."""
    if isinstance(raw, str) and raw[4:8:3] == "--":
        _instant(raw)
        return raw[:10]
    if isinstance(raw, str) and not _is_epoch(raw):
        raise Unreadable("expected a date like 2026-11-02")
    return _instant(raw).date().isoformat()


_LONG, _SHORT, _OFFSET = 24, 20, 28  # ...T08:15:30.123Z, ...T08:15:30Z, ...T08:15:30.000+0000


def _datetime(raw: object) -> Value:
    """The spellings that the CRMs use are cut to measure; any other is written anew from its moment."""
    moment = _instant(raw)
    if isinstance(raw, str) and raw[4:17:3] == "--T::":
        if raw[-1] == "Z" and len(raw) == _LONG and raw[19] == ".":
            return raw
        if raw[-1] == "Z" and len(raw) == _SHORT:
            return raw[:19] + ".000Z"
        if len(raw) == _OFFSET and raw.endswith("+0000"):
            return raw[:23] + "Z"
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def _is_epoch(raw: str) -> bool:
    return raw.isascii() and (raw.isdigit() or (raw[1:].isdigit() and raw[0] == "-"))


def _instant(raw: object) -> datetime:
    """An aware moment, UTC. Epoch milliseconds and every ISO spelling are understood; without a zone it is UTC."""
    try:
        if isinstance(raw, str) and (raw[4:5] == "-" or not _is_epoch(raw)):
            moment = datetime.fromisoformat(raw)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(raw, str | int | float) and not isinstance(raw, bool):
            return _EPOCH + timedelta(milliseconds=int(raw))
    except (ValueError, OverflowError):
        pass
    raise Unreadable("expected a date or time, in ISO 8601 or epoch milliseconds")


def _choices(raw: object) -> Value:
    """Several choices, sorted and without repeats; HubSpot may put a leading `;` (HubSpot fact sheet 5)."""
    parts = raw.split(";") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple):
        raise Unreadable(f"expected choices joined by ';', found {type(raw).__name__}")
    chosen = {text for part in parts if (text := str(part).strip())}
    return ";".join(sorted(chosen)) or None


_READERS: dict[Kind, Callable[[object], Value]] = {
    Kind.TEXT: _text,
    Kind.EMAIL: _text,
    Kind.PHONE: _text,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.PICKLIST: _text,
    Kind.MULTIPICKLIST: _choices,
    Kind.OWNER: _text,
    Kind.REFERENCE: _text,
}
