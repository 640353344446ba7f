"""Page layouts: our fields in sections of their own, in documents that stay the customer's.

A layout is deployed as a whole and replaces what was there (Salesforce fact sheet 5.3); so the retrieved one is the
base, and nothing of it changes but that a section comes after its first one. Once a section of that name is there, or
a field is anywhere on the layout, an admin has arranged it, and it is left so: what it does not show is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.salesforce.setup.documents import Document, Edit, read
from connector.salesforce.setup.live import Act, Doing, Judged, Live, counted, together
from connector.salesforce.source.asked import Asked
from connector.salesforce.source.fields import label
from connector.salesforce.source.steps import TITLES
from connector.salesforce.source.xml import Element, element
from connector.wanted import Audience, Section, Wanted

TYPE: Final = "Layout"
_COLUMNS: Final = 2
_SECTIONS: Final = "layoutSections"


def object_of(layout: str) -> str:
    """The object that a layout is of, by its full name (`Lead-Lead Layout`)."""
    return layout.partition("-")[0]


def objects(asked: Asked) -> tuple[str, ...]:
    """The objects that have something to show to reps."""
    return tuple(obj for obj in asked.objects if any(_shown(asked, obj)))


def judged(asked: Asked, live: Live) -> Judged:
    """What the layouts do not show."""
    found = []
    for name in live.layouts:
        there = live.found(TYPE, name)
        if name in live.packaged:
            found.append(Judged(kept=(f"the layout {name!r} is a package's, which cannot be changed by deploying",)))
        elif there is not None:
            found.append(_layout(name, there, list(_shown(asked, object_of(name)))))
    return together(found)


def _shown(asked: Asked, obj: str) -> Iterator[Wanted]:
    return (one for one in asked.on(obj) if Audience.REPS in one.shown_to)


def _layout(name: str, there: Document, wanted: list[Wanted]) -> Judged:
    placed = {node.text.strip() for node in there.root.walk() if node.name == "field"}
    titles = {each.said("label").casefold() for each in there.root.all(_SECTIONS)}
    new: list[tuple[str, list[Wanted]]] = []
    kept = []
    for section in Section:
        ours = [one for one in wanted if one.section is section]
        absent = [one for one in ours if one.name not in placed]
        if absent and TITLES[section].casefold() in titles:
            labels = ", ".join(label(one) for one in absent)
            kept.append(f"the layout {name!r} does not show {labels}; drag it in if reps shall see it")
        elif absent:
            new.append((TITLES[section], absent))
    if not new:
        return Judged(kept=tuple(kept), fine=1)
    text = there.edited([_after_first(there, "\n".join(_section(*each) for each in new))])
    read(text)  # what is sent is well-formed, whatever was edited
    titled = ", ".join(repr(title) for title, _ in new)
    words = f"the layout {name!r} shows {titled} ({counted(sum(len(each) for _, each in new), 'field')})"
    return Judged((Act(Doing.LAYOUT, TYPE, object_of(name), name, words, text, there.content),), kept=tuple(kept))


def _after_first(there: Document, text: str) -> Edit:
    """Below what reps see first; the document's other sections keep their order."""
    return there.added(there.root, _SECTIONS, text, after=there.root.child(_SECTIONS))


def _section(title: str, fields: list[Wanted]) -> str:
    """A section of two columns, filled one after the other."""
    half = -(-len(fields) // _COLUMNS)
    columns: tuple[Element, ...] = tuple(
        ("layoutColumns", tuple(_item(one) for one in part)) for part in (fields[:half], fields[half:])
    )
    told: tuple[Element, ...] = (
        *(("customLabel", True), ("detailHeading", True), ("editHeading", True), ("label", title)),
        *columns,
        ("style", "TwoColumnsTopToBottom"),
    )
    return element((_SECTIONS, told)).rstrip()


def _item(one: Wanted) -> Element:
    behavior = "Edit" if one.written_by_people else "Readonly"
    return "layoutItems", (("behavior", behavior), ("field", one.name))
