"""What Salesforce makes of a value it is given: trimmed, checked, and turned into the form it is kept and sent in.

One function a type, each from (field, value) to the kept value or a `Refusal`. Text is trimmed and blank text is null;
multi-picklists come back in the order of the definition; numbers are rounded to their scale; datetimes become UTC
whole seconds. (Salesforce fact sheet 1.8, 1.9.) References are only checked for their shape here; whether the row
exists is a question to the org.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from connector.sandbox.salesforce.fields import Field
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.refusals import Refusal

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})


def clean(field: Field, value: Any) -> Any:
    """The value as Salesforce would keep it, or None for blank. Raises Refusal with the field named."""
    if value is None:
        if field.type == "boolean":
            raise _wrong_type(field, value)
        return None
    return _CLEANERS[field.type](field, value)


@lru_cache(maxsize=4096)
def stamp(moment: datetime) -> str:
    """A datetime as REST spells it: UTC, whole seconds (fact sheet 1.9)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@lru_cache(maxsize=4096)
def read_datetime(text: str) -> str:
    """Any spelling of an instant with an offset, as the kept form. ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no offset in {text!r}")
    return stamp(moment.astimezone(UTC))


def unstamp(text: str) -> datetime:
    """The aware datetime behind a kept value."""
    return datetime.fromisoformat(text)


def _wrong_type(field: Field, value: Any) -> Refusal:
    return Refusal(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.label}: value not of required type: {value if value is not None else 'null'}",
        [field.name],
    )


def _text(field: Field, value: Any) -> str | None:
    if type(value) is not str:
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int | float):
            value = str(value)
        else:
            raise _wrong_type(field, value)
    value = value.strip()
    if not value:
        return None
    if len(value) > field.length:
        raise Refusal(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {value} (max length={field.length})",
            [field.name],
        )
    return str(value)


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and not _EMAIL.fullmatch(text):
        raise Refusal("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    return text


def _picklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and field.restricted:
        _permitted(field, text)
    return text


def _permitted(field: Field, value: str) -> None:
    choice = field.choice(value)
    if choice is None or not choice.active:
        raise Refusal(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {value}",
            [field.name],
        )


def _multipicklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    given = list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
    if field.restricted:
        for part in given:
            _permitted(field, part)
    order = {choice.value: place for place, choice in enumerate(field.choices)}
    return ";".join(sorted(given, key=lambda part: order.get(part, len(order)))) or None


def _number(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong_type(field, value)
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        raise _wrong_type(field, value) from None
    if not number.is_finite():
        raise _wrong_type(field, value)
    number = number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    if abs(number) >= Decimal(10) ** (field.precision - field.scale):
        raise Refusal(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return number


def _float(field: Field, value: Any) -> float | None:
    if value == "":
        return None
    return float(_number(field, value))


def _int(field: Field, value: Any) -> int | None:
    if value == "":
        return None
    return int(_number(field, value))


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    lowered = str(value).strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise _wrong_type(field, value)


def _date(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _wrong_type(field, value)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise _wrong_type(field, value) from None
    return value


def _datetime(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    try:
        return read_datetime(value)
    except ValueError:
        raise _wrong_type(field, value) from None


def _reference(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    if not looks_like_id(value):
        raise Refusal("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
    return id18(value)


_CLEANERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "string": _text,
    "textarea": _text,
    "phone": _text,
    "url": _text,
    "combobox": _text,
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multipicklist,
    "int": _int,
    "double": _float,
    "currency": _float,
    "percent": _float,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
}
