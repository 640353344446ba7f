"""Associations between records: both directions, with labels (HubSpot fact sheet 7).

A link is kept from both ends under different type ids. A contact has at most one primary company; labelling a link as
primary also makes the unlabelled link, and the primary that was there before steps back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

HUBSPOT = "HUBSPOT_DEFINED"
USER = "USER_DEFINED"


class LinkType(NamedTuple):
    """One type of link in one direction; `inverse` is the type id seen from the other end."""

    type_id: int
    category: str
    label: str | None
    inverse: int


_DEFAULTS = (
    ("contacts", "companies", 279, 280),
    ("contacts", "deals", 4, 3),
    ("deals", "companies", 341, 342),
    ("notes", "contacts", 202, 201),
    ("notes", "companies", 190, 189),
    ("notes", "deals", 214, 213),
    ("tasks", "contacts", 204, 203),
    ("tasks", "companies", 192, 191),
    ("tasks", "deals", 216, 215),
    ("emails", "contacts", 198, 197),
    ("emails", "companies", 186, 185),
    ("emails", "deals", 210, 209),
    ("meetings", "contacts", 200, 199),
    ("meetings", "companies", 188, 187),
    ("meetings", "deals", 212, 211),
    ("calls", "contacts", 194, 193),
    ("calls", "companies", 182, 181),
    ("calls", "deals", 206, 205),
)
_PRIMARY = (("contacts", "companies", 1, 2), ("deals", "companies", 5, 6))
_SAME_KIND = (("contacts", 449, 449, None, None), ("companies", 14, 13, "Child Company", "Parent Company"))

End = tuple[str, int]  # (object, id)
Types = dict[str, list[LinkType]]


class Links:
    """Every association of the portal."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, str], dict[int, LinkType]] = {}
        self._links: dict[tuple[str, int, str], dict[int, tuple[int, ...]]] = {}  # (object, id, other object)
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}  # equal lists of types are kept once
        self._next_type = 1001
        for left, right, forth, back in _DEFAULTS:
            self._define((left, right), LinkType(forth, HUBSPOT, None, back), None)
        for left, right, forth, back in _PRIMARY:
            self._define((left, right), LinkType(forth, HUBSPOT, "Primary", back), "Primary")
        for kind, forth, back, label, inverse_label in _SAME_KIND:
            self._define((kind, kind), LinkType(forth, HUBSPOT, label, back), inverse_label)

    def add_label(self, left: str, right: str, label: str, inverse_label: str | None = None) -> list[LinkType]:
        """A label of the portal's own, and its inverse."""
        forth, back = self._next_type, self._next_type + 1
        self._next_type += 2
        self._define((left, right), LinkType(forth, USER, label, back), inverse_label or label)
        return [self._types[left, right][forth], self._types[right, left][back]]

    def rename_label(self, left: str, right: str, type_id: int, label: str) -> None:
        """Change the text of a label of the portal's own; KeyError when there is none."""
        held = self._own(left, right, type_id)
        self._types[left, right][type_id] = held._replace(label=label)

    def remove_label(self, left: str, right: str, type_id: int) -> None:
        """Drop a label of the portal's own in both directions, from every link; KeyError when there is none."""
        held = self._own(left, right, type_id)
        for (kind, record_id, other), ends in list(self._links.items()):
            if (kind, other) == (left, right):
                for end_id in [end_id for end_id, type_ids in ends.items() if type_id in type_ids]:
                    self._take((kind, record_id), (other, end_id), type_id)
        del self._types[left, right][type_id]
        self._types[right, left].pop(held.inverse, None)

    def _own(self, left: str, right: str, type_id: int) -> LinkType:
        held = self.types(left, right)[type_id]
        if held.category != USER:
            raise KeyError(type_id)
        return held

    def types(self, left: str, right: str) -> dict[int, LinkType]:
        """The types of link from one object type to another, by type id."""
        return self._types.get((left, right), {})

    def default(self, left: str, right: str) -> LinkType | None:
        """The unlabelled type, if these objects can be linked."""
        return next((each for each in self.types(left, right).values() if each.label is None), None)

    def between(self, start: End, kind: str, end_id: int) -> list[LinkType]:
        """The types that link two records, seen from the first."""
        held = self._links.get((*start, kind), {}).get(end_id, ())
        return [self._types[start[0], kind][type_id] for type_id in held]

    def of(self, start: End, kind: str) -> list[int]:
        """Ids of the linked records of one type, ascending."""
        return sorted(self._links.get((*start, kind), ()))

    def link(self, start: End, end: End, type_ids: Iterable[int]) -> list[tuple[End, End, LinkType]]:
        """Replace the labels between two records; returns every direction and type that is new."""
        wanted = list(type_ids)
        default = self.default(start[0], end[0])
        if default is not None:
            wanted.append(default.type_id)
        held = {each.type_id for each in self.between(start, end[0], end[1])}
        made: list[tuple[End, End, LinkType]] = []
        for type_id in dict.fromkeys(wanted):
            kept = self._types[start[0], end[0]][type_id]
            if kept.label == "Primary":
                self._demote(start, end, kept)
            if type_id not in held:
                made += self._put(start, end, kept)
        for type_id in held.difference(wanted):
            self._take(start, end, type_id)
        return made

    def unlink(self, start: End, end: End, type_ids: Iterable[int] | None = None) -> list[tuple[End, End, LinkType]]:
        """Remove labels between two records, or all of them; the default type takes every other with it."""
        held = self.between(start, end[0], end[1])
        chosen = None if type_ids is None else set(type_ids)
        if chosen is None or any(each.label is None and each.type_id in chosen for each in held):
            chosen = {each.type_id for each in held}
        gone = [each for each in held if each.type_id in chosen]
        for each in gone:
            self._take(start, end, each.type_id)
        return [pair for each in gone for pair in self._both(start, end, each)]

    def move(self, kind: str, old_id: int, new_id: int) -> None:
        """Give all links of one record to another, as a merge does."""
        for end in self._ends((kind, old_id)):
            for each in self.between((kind, old_id), *end):
                self._take((kind, old_id), end, each.type_id)
                if end != (kind, new_id):
                    self._put((kind, new_id), end, each)

    def forget(self, kind: str, record_id: int) -> None:
        """Drop every link of a record."""
        for end in self._ends((kind, record_id)):
            self.unlink((kind, record_id), end)

    def all(self) -> list[tuple[End, End, tuple[int, ...]]]:
        """Every link in every direction, in order."""
        return [
            ((kind, record_id), (other, end_id), type_ids)
            for (kind, record_id, other), ends in sorted(self._links.items())
            for end_id, type_ids in sorted(ends.items())
        ]

    def primary(self, start: End, kind: str) -> int | None:
        """The id of the primary record of a type, if there is one."""
        for end_id in self.of(start, kind):
            if any(each.label == "Primary" for each in self.between(start, kind, end_id)):
                return end_id
        return None

    def _ends(self, start: End) -> list[End]:
        kinds = {right for left, right in self._types if left == start[0]}
        return [(kind, end_id) for kind in sorted(kinds) for end_id in self.of(start, kind)]

    def _define(self, kinds: tuple[str, str], forth: LinkType, inverse_label: str | None) -> None:
        left, right = kinds
        self._types.setdefault((left, right), {})[forth.type_id] = forth
        back = LinkType(forth.inverse, forth.category, inverse_label, forth.type_id)
        self._types.setdefault((right, left), {})[back.type_id] = back

    def _demote(self, start: End, end: End, primary: LinkType) -> None:
        owner, kind = (start, end[0]) if primary.type_id in {1, 5} else (end, start[0])
        type_id = primary.type_id if owner is start else primary.inverse
        current = self.primary(owner, kind)
        if current is not None and current != (end[1] if owner is start else start[1]):
            self._take(owner, (kind, current), type_id)

    def _put(self, start: End, end: End, kept: LinkType) -> list[tuple[End, End, LinkType]]:
        pairs = self._both(start, end, kept)
        for one, other, each in pairs:
            ends = self._links.setdefault((*one, other[0]), {})
            held = ends.get(other[1], ())
            if each.type_id not in held:
                ends[other[1]] = self._shared.setdefault((*held, each.type_id), (*held, each.type_id))
        return pairs

    def _take(self, start: End, end: End, type_id: int) -> None:
        for one, other, each in self._both(start, end, self._types[start[0], end[0]][type_id]):
            ends = self._links.get((*one, other[0]), {})
            left = tuple(type_id for type_id in ends.get(other[1], ()) if type_id != each.type_id)
            if left:
                ends[other[1]] = left
            else:
                ends.pop(other[1], None)

    def _both(self, start: End, end: End, forth: LinkType) -> list[tuple[End, End, LinkType]]:
        return [(start, end, forth), (end, start, self._types[end[0], start[0]][forth.inverse])]
