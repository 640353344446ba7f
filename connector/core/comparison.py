"""The form in which two values of a kind compare.

A remote rewrites what it is given: it folds the case of e-mails, formats phones, drops milliseconds, rounds money. None
of that is an edit. Comparison forms are only ever compared, never written, so nothing is lost by them. For every kind
but boolean the form of blank is blank; Salesforce has no blank checkbox (Salesforce fact sheet 1.9), so there a blank
and an unticked one are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial

import phonenumbers

from connector.core.refs import id18
from connector.core.values import Kind, Value, plain, rounded

Comparing = Callable[[Value], Value]

_CENT_PLACES = 2
_SECOND_CHARS = 19  # 2026-11-02T08:15:30
_SHORT_ID = 15
_MACHINE_DIGITS = 15  # any number of so many survives as a machine number
_BOXES = {"Yes": "true", "No": "false", "1": "true", "0": "false"}


def comparison(kind: Kind, region: str = "") -> Comparing:
    """The function from a canonical value to the form in which `same` compares.

    `region` is the two-letter country whose national phone numbers are understood (`FR`); "" understands only
    numbers with a country code and compares the others by their digits.
    """
    return partial(_phone, region) if kind is Kind.PHONE else _COMPARISONS[kind]


def differ(kind: Kind, one: Value, other: Value) -> bool:
    """Whether two values that are not equal mean different things: only of a box, blank has another form."""
    if (one is None or other is None) and kind is not Kind.BOOLEAN:
        return True
    form = comparison(kind)
    return form(one) != form(other)


def decimals(places: int) -> Comparing:
    """The function for numbers of which one side keeps only so many decimals: what is finer, it cannot say.

    Nor can it say more digits than a machine number has: Salesforce prints 350000000 as `3.5E8` (fact sheet 1.9).
    """
    return partial(_sayable, places)


def _sayable(places: int, value: Value) -> Value:
    if value is None or len(value) <= _MACHINE_DIGITS:
        return _to_places(places, value)
    try:
        return plain(Decimal(repr(float(rounded(value, places)))))
    except ValueError:
        return value


def _text(value: Value) -> Value:
    """Line ends differ: a Salesforce text area stores both characters, HubSpot one."""
    return value.replace("\r\n", "\n") if value is not None and "\r" in value else value


def _itself(value: Value) -> Value:
    return value


def _email(value: Value) -> Value:
    return value if value is None else value.casefold()


def _phone(region: str, value: Value) -> Value:
    return value if value is None else e164(value, region)


@lru_cache(maxsize=65536)
def e164(value: str, region: str) -> str:
    """A phone number as +33140200000, its extension after `;`; digits only where no number can be made out."""
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        return "".join(filter(str.isdigit, value)) or value.casefold()
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{text};{number.extension}" if number.extension else text


def _money(value: Value) -> Value:
    """To the cent: a currency field of either side may keep fewer decimals than it was given."""
    return _to_places(_CENT_PLACES, value)


def _to_places(places: int, value: Value) -> Value:
    return value if value is None else rounded(value, places)


def _boolean(value: Value) -> Value:
    """As a box reads it, so that what stands as Yes or 1 in a text is known again."""
    return "false" if value is None else _BOXES.get(value, value)


def _moment(value: Value) -> Value:
    """To the second: Salesforce keeps no finer time (Salesforce fact sheet 1.9). A day alone is its first moment."""
    return value if value is None else value[:_SECOND_CHARS].removesuffix("T00:00:00")


def _choices(value: Value) -> Value:
    return value if value is None or ";" not in value else ";".join(sorted(set(value.split(";"))))


def _reference(value: Value) -> Value:
    """A Salesforce id by its 18 characters; HubSpot ids are digits, the first no 0, and stay as they are."""
    if value is None or len(value) != _SHORT_ID or (value.isdigit() and value[0] != "0"):
        return value
    return id18(value)


_COMPARISONS: dict[Kind, Comparing] = {
    Kind.TEXT: _text,
    Kind.EMAIL: _email,
    Kind.NUMBER: _itself,
    Kind.MONEY: _money,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _itself,
    Kind.DATETIME: _moment,
    Kind.PICKLIST: _itself,
    Kind.MULTIPICKLIST: _choices,
    Kind.OWNER: _reference,
    Kind.REFERENCE: _reference,
}
