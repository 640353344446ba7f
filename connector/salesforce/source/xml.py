"""Metadata documents as text: elements in the order in which they are given, and nothing but elements.

The order is that of Salesforce's own schema (fullName first, then by the alphabet). What XML 1.0 cannot hold at all is
refused rather than dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from connector.errors import Refused

Content = str | int | bool | tuple["Element", ...]
Element = tuple[str, Content]
NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ALSO: Final = {"\r": "&#13;", '"': "&quot;", "'": "&apos;"}


def document(root: str, elements: Iterable[Element]) -> str:
    """A whole document.

    Raises:
        Refused: a text holds what no XML document can.
    """
    body = "".join(_lines(each, "    ") for each in elements)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{body}</{root}>\n'


def element(told: Element, indent: str = "    ") -> str:
    """One element as text, to be put into a document. Raises as `document`."""
    return _lines(told, indent)


def _lines(told: Element, indent: str) -> str:
    name, content = told
    if isinstance(content, tuple):
        inner = "".join(_lines(child, indent + "    ") for child in content)
        return f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
    return f"{indent}<{name}>{_text(content)}</{name}>\n"


def _text(content: str | bool | int) -> str:  # noqa: FBT001  # what an element says
    if isinstance(content, bool):
        return str(content).lower()
    text = str(content)
    if found := _IMPOSSIBLE.search(text):
        raise Refused(f"{text!r} holds {found.group()!r}, which no XML document can; take it out of the YAML file")
    return escape(text, _ALSO)
