"""Kinds of value and their canonical form.

A canonical value is a text or None (blank), whatever the kind and whichever side it was read from: numbers as plain
decimals ("1000.5"), booleans "true"/"false", dates "2026-11-02", datetimes "2026-11-02T08:15:30.123Z", several choices
sorted and joined by ";". One form means that values compare, hash, store and print without conversion. Two values of a
kind are `same` when their comparison keys are equal: e-mails fold case, phones compare as E.164, datetimes to the
second, so that a side that rewrites what it is given is not taken for an editor.
"""

from __future__ import annotations

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
