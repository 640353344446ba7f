"""CSV as Bulk API 2.0 reads and writes it.

`#N/A` clears a field, an empty cell leaves it alone; a parent may be named by external id (`Account.Ext__c`).
(Salesforce fact sheet 2.2.)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connector.sandbox.salesforce.refusals import Refusal

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
HEADER_CHARS_MAX = 32_000
NOTHING = "#N/A"


def read(content: bytes, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows. Raises Refusal INVALIDBATCH when the file cannot be read as declared."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("INVALIDBATCH", "InvalidBatch : the file is not UTF-8") from None
    first, _, _ = text.partition("\n")
    if len(first) > HEADER_CHARS_MAX:
        raise Refusal("INVALIDBATCH", "InvalidBatch : the header line is too long")
    if "\n" in text and first.endswith("\r") != (line_ending == "CRLF"):
        raise Refusal("INVALIDBATCH", f"InvalidBatch : the line ending is not {line_ending} as the job declares")
    lines = list(_lines(text, DELIMITERS[delimiter]))
    if not lines or not all(lines[0]):
        raise Refusal("INVALIDBATCH", "InvalidBatch : Field name is missing in the header")
    return lines[0], [line for line in lines[1:] if line]


def _lines(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of the text; one with a stray quote becomes a row of one empty cell, which fits no header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield [""]


def values(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """What a row says: empty cells say nothing, `#N/A` says null."""
    if len(cells) != len(header):
        raise Refusal("INVALID_CSV", f"the row has {len(cells)} cells, the header {len(header)}")
    said: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if cell == "":
            continue
        if "." in name:
            parent, _, key = name.rpartition(":")[2].partition(".")
            said[parent] = {key: cell}
        else:
            said[name] = None if cell == NOTHING else cell
    return said


def write(
    header: Iterable[str], rows: Iterable[Sequence[Any]], *, delimiter: str = "COMMA", line_ending: str = "LF"
) -> bytes:
    """A CSV file with every cell quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=DELIMITERS[delimiter], quoting=csv.QUOTE_ALL, lineterminator=LINE_ENDINGS[line_ending]
    )
    writer.writerow(list(header))
    writer.writerows(rows)
    return out.getvalue().encode()


def cell(value: Any) -> str:
    """A kept value as a cell of a query result."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.endswith(".000+0000"):
        return value[:-5] + "Z"
    return str(value)
