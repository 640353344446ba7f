"""Tables for spreadsheets. A cell that a spreadsheet would take for a formula is quoted: values come from strangers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.core.refs import Side
from connector.reports.replayed import Difference
from connector.reports.spreadsheet import cell


@contextmanager
def writing(path: Path | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A table that takes rows; its head is that of the first one. With no path nothing is written."""
    if path is None:
        yield lambda _row: None
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        begun: list[str] = []

        def write(row: Mapping[str, Any]) -> None:
            if not begun:
                begun.extend(row)
                table.writerow(begun)
            table.writerow([cell(row[name]) for name in begun])

        yield write


def lead_row(one: Difference) -> dict[str, Any]:
    """A lead that would be otherwise, as a row."""
    row = one.row()
    by_side = {side: next((str(ref) for ref in one.refs if ref.side is side), "") for side in Side}
    return {
        "change": row["change"],
        "hubspot": by_side[Side.HUBSPOT],
        "salesforce": by_side[Side.SALESFORCE],
        "was_at": row["was_at"],
        "would_be_at": row["would_be_at"],
        "why": row["why"],
        "said": "; ".join(f"{name}={'' if value is None else value}" for name, value in one.said.items()),
        "not_in_history": "; ".join(one.blind),
    }
