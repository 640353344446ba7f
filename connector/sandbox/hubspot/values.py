"""Which values a property takes, and in which form HubSpot keeps them.

Everything is stored as text. The empty string clears; a leading semicolon appends to a multiple choice; e-mail
addresses are trimmed and lower-cased; dates become `YYYY-MM-DD`, datetimes ISO 8601 (HubSpot fact sheet 2.2, 2.9, 5).
A value that cannot be taken raises `ValueProblem` with HubSpot's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.hubspot.moments import DAY_MS, iso, iso_day, parsed, parsed_day
from connector.sandbox.hubspot.problems import ValueProblem, bad_request
from connector.sandbox.hubspot.properties import Property

STRING_CHARACTERS_MAX = 65_536
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"\\]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def text_of(raw: Any) -> str:
    """The text HubSpot makes of a JSON value; null clears like the empty string."""
    if isinstance(raw, str):
        return raw
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (int, float)):
        return repr(raw)
    shape = "Array" if isinstance(raw, list) else "Object"
    raise bad_request(f"Invalid input JSON on line 1, column 1: Cannot deserialize value of type `String` from {shape}")


def stored(definition: Property, raw: Any, current: str | None = None) -> str | None:
    """The value as kept, or None when the property is cleared. `current` is what an append adds to."""
    text = text_of(raw)
    if not text:
        return None
    return _BY_TYPE[definition.type](definition, text, current)


def _string(definition: Property, text: str, _current: str | None) -> str | None:
    if len(text) > STRING_CHARACTERS_MAX:
        raise ValueProblem(definition.name, "TOO_LONG", f"Value exceeds {STRING_CHARACTERS_MAX} characters")
    if definition.name == "email":
        return email(definition.name, text)
    return text


def email(name: str, text: str) -> str:
    """A trimmed, lower-case address; INVALID_EMAIL when it is none."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise ValueProblem(name, "INVALID_EMAIL", f"Email address {text} is invalid", text)
    return address


def _number(definition: Property, text: str, _current: str | None) -> str | None:
    number = text.strip()
    if not _NUMBER.fullmatch(number):
        raise ValueProblem(definition.name, "INVALID_INTEGER", f"{text} was not a valid number.", text)
    return number


def _bool(definition: Property, text: str, _current: str | None) -> str | None:
    lowered = text.strip().lower()
    if lowered not in {"true", "false"}:
        raise _no_option(definition, text)
    return lowered


def _date(definition: Property, text: str, _current: str | None) -> str | None:
    moment = parsed_day(text)
    if moment is None:
        moment = parsed(text)
    if moment is None:
        raise ValueProblem(definition.name, "INVALID_DATE", f"{text} was not a valid date.", text)
    if moment % DAY_MS:
        raise ValueProblem(definition.name, "INVALID_DATE", f"{text} is at {iso(moment)[11:]}, not midnight!", text)
    return iso_day(moment // DAY_MS)


def _datetime(definition: Property, text: str, _current: str | None) -> str | None:
    moment = parsed(text)
    if moment is None:
        raise ValueProblem(definition.name, "INVALID_LONG", f"{text} was not a valid long.", text)
    return iso(moment)


def _enumeration(definition: Property, text: str, current: str | None) -> str | None:
    if definition.multiple:
        return _several(definition, text, current)
    if not definition.external_options and text not in definition.allowed:
        raise _no_option(definition, text)
    return text


def _several(definition: Property, text: str, current: str | None) -> str | None:
    wanted = [part.strip() for part in text.split(";") if part.strip()]
    if definition.name == "hs_additional_emails":
        wanted = [email(definition.name, part) for part in wanted]
    elif not definition.external_options:
        for value in wanted:
            if value not in definition.allowed:
                raise _no_option(definition, value)
    held = current.split(";") if current and text.startswith(";") else []
    return ";".join(dict.fromkeys([*held, *wanted])) or None


def _no_option(definition: Property, value: str) -> ValueProblem:
    options = ", ".join(option["value"] for option in definition.options)
    message = f"{value} was not one of the allowed options: [{options}]"
    return ValueProblem(definition.name, "INVALID_OPTION", message, value)


_BY_TYPE: Mapping[str, Callable[[Property, str, str | None], str | None]] = {
    "string": _string,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
}
