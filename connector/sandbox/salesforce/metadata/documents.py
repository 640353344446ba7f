"""XML documents with the place of every element, so that a refusal can say line and column.

DTDs and entities are refused, and so is nesting beyond anything metadata has: what comes in is nobody's friend.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl, Locator

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

DEPTH_MAX = 40


class Problem(Exception):
    """What is wrong with a component, in the words of Salesforce; line and column from 1, 0 where no place is known."""

    def __init__(self, text: str, line: int = 0, column: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.column = column


@dataclass(slots=True)
class Node:
    """One element: its namespace and name, its own text, its children, where it begins."""

    namespace: str
    name: str
    line: int
    column: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """The first child of that name, whatever its namespace."""
        return next((each for each in self.children if each.name == name), None)

    def said(self, name: str) -> str:
        """The text of the first child of that name, or ''."""
        found = self.child(name)
        return "" if found is None else found.text.strip()

    def problem(self, text: str) -> Problem:
        """A problem at this place."""
        return Problem(text, self.line, self.column)


def read(content: bytes) -> Node:
    """The root element of a document. Raises Problem when it is not well-formed, or more than plain XML."""
    reader = _Reader()
    parser = make_parser()
    parser.setFeature(feature_namespaces, True)
    parser.forbid_dtd = True
    parser.setContentHandler(reader)
    try:
        parser.parse(BytesIO(content))
    except SAXParseException as error:
        text = f"Error parsing file: {error.getMessage()}"
        raise Problem(text, error.getLineNumber() or 0, (error.getColumnNumber() or 0) + 1) from error
    except DefusedXmlException as error:
        raise Problem("Error parsing file: DOCTYPE is disallowed") from error
    except (ValueError, LookupError) as error:
        raise Problem(f"Error parsing file: {error}") from error
    return reader.root


class _Reader(ContentHandler):
    """Builds nodes."""

    root: Node

    def __init__(self) -> None:
        super().__init__()
        self._open: list[Node] = []
        self._place: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX's own name
        self._place = locator

    def startElementNS(  # noqa: N802 - SAX's own name
        self,
        name: tuple[str | None, str],
        qname: str | None,  # noqa: ARG002 - SAX's own signature
        attrs: AttributesNSImpl,  # noqa: ARG002 - SAX's own signature
    ) -> None:
        line, column = self._here()
        made = Node(name[0] or "", name[1], line, column)
        if len(self._open) >= DEPTH_MAX:
            raise Problem("Error parsing file: elements are nested too deep", line, column)
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made
        self._open.append(made)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802, ARG002 - SAX's own
        self._open.pop()

    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].text += content

    def _here(self) -> tuple[int, int]:
        place = self._place
        return (0, 0) if place is None else (place.getLineNumber() or 0, (place.getColumnNumber() or 0) + 1)
