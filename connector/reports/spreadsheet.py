"""Cells for spreadsheets. One that a spreadsheet would take for a formula is quoted: values come from strangers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """A value as the text of a cell."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def row(values: Iterable[Any]) -> str:
    """One line of a CSV file, with its line end."""
    line = io.StringIO()
    csv.writer(line).writerow([cell(value) for value in values])
    return line.getvalue()
