"""Metadata documents that stay as they are, byte for byte, but for what is put into them.

A document is read for where its elements stand, never written anew from what was understood: comments, blanks, the
order of elements, and whatever a later release of Salesforce has added stay as they were. A document that declares a
type of its own is refused: Salesforce sends none, and declarations are how parsers are attacked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from connector.errors import Refused

_TAG: Final = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")  # a value in it may hold a closing bracket
FIRST: Final = "fullName"  # stands before all others, which follow the alphabet (Salesforce's own schema)


@dataclass(slots=True)
class Node:
    """An element: its name, the text directly in it, and where it stands in its document, in bytes."""

    name: str
    start: int
    inner: int  # where what is in it begins
    close: int = 0  # where its closing tag begins; `inner` again for an empty one
    end: int = 0
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def child(self, name: str) -> Node | None:
        """The first child of that name."""
        return next(self.all(name), None)

    def said(self, name: str) -> str:
        """The text of a child; "" when there is none."""
        found = self.child(name)
        return found.text.strip() if found else ""

    def walk(self) -> Iterator[Node]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes from `start` to `end` give way to `text`."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes as they were retrieved, and where the elements in them stand."""

    content: bytes = field(repr=False)
    root: Node = field(repr=False, compare=False)

    def part(self, node: Node) -> bytes:
        """What an element says, its tags included."""
        return self.content[node.start : node.end]

    def inside(self, node: Node) -> bytes:
        """What stands between the tags of an element."""
        return self.content[node.inner : node.close]

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The document with these changes, which must not overlap; those at one place in the order given."""
        found = bytearray(self.content)
        for edit in sorted(edits, key=lambda each: each.start)[::-1]:
            found[edit.start : edit.end] = edit.text
        return bytes(found)

    def added(self, parent: Node, name: str, text: str, *, after: Node | None = None) -> Edit:
        """A new element in a parent: after `after`, else after its like, else where the alphabet puts it."""
        alike = [each for each in parent.children if each.name == name]
        before = alike or [each for each in parent.children if each.name == FIRST or each.name < name]
        anchor = after or (before[-1] if before else None)
        at = anchor.end if anchor else parent.inner
        return Edit(at, at, f"\n{text.rstrip()}".encode())

    def saying(self, node: Node, text: str) -> Edit:
        """An element that says something else; `text` holds no markup."""
        return Edit(node.start, node.end, f"<{node.name}>{text}</{node.name}>".encode())


def read(content: bytes) -> Document:
    """A document with its elements.

    Raises:
        Refused: it is no XML, or declares types.
    """
    reader = _Reader()
    try:
        return Document(content, reader.read(content))
    except expat.ExpatError as error:
        raise Refused(f"Salesforce sent a document that is no XML ({error}); run the command again") from None


class _Reader:
    """Listens to the parser, which tells where each thing begins."""

    def __init__(self) -> None:
        self._open: list[Node] = []
        self._root: Node | None = None
        self._content = b""
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._started
        self._parser.EndElementHandler = self._ended
        self._parser.CharacterDataHandler = self._told
        self._parser.StartDoctypeDeclHandler = _refuse

    def read(self, content: bytes) -> Node:
        self._content = content
        self._parser.Parse(content, True)  # and no more will come
        assert self._root is not None, "a document without a root is refused by the parser"
        return self._root

    def _started(self, name: str, _attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        node = Node(name.rpartition(":")[2], start, self._after(start))
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def _ended(self, _name: str) -> None:
        node = self._open.pop()
        at = self._parser.CurrentByteIndex
        empty = self._content[node.inner - 2 : node.inner] == b"/>"
        node.close, node.end = (node.inner, node.inner) if empty else (at, self._after(at))

    def _told(self, text: str) -> None:
        self._open[-1].text += text

    def _after(self, start: int) -> int:
        """Where the tag that begins there has ended."""
        found = _TAG.match(self._content, start)
        assert found, "the parser has seen the whole tag"
        return found.end()


def _refuse(*_told: object) -> None:
    raise Refused("Salesforce sent a document with a type declaration, which is not read; see who answers in its place")
