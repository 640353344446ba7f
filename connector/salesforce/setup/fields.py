"""Custom fields that are there held against those that are wanted.

A field that is not there is made as the folder of sources has it. One that is there keeps its label, its help, its
values and whatever else an admin has done to it; it is widened where it is too narrow: values that the list lacks come
after those it has, a text gets longer, an id is made unique. What takes something away or cannot be changed at all,
its type above all, is a person's to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from connector.core.values import Kind
from connector.salesforce.setup.documents import Document, Edit, Node, read
from connector.salesforce.setup.live import Act, Doing, Judged, Live, together
from connector.salesforce.source.asked import Asked, Component, activity
from connector.salesforce.source.fields import field_type, fields
from connector.salesforce.source.xml import element
from connector.wanted import ByHand, Wanted

TYPE: Final = "CustomField"
AGAIN: Final = "`smarketing setup salesforce --plan` does not speak of it any more."
_TEXTS: Final = frozenset({"Text", "TextArea", "LongTextArea"})
_NUMBERS: Final = frozenset({"Number", "Currency", "Percent"})
_SHORT: Final = frozenset({"Text", "Email", "Phone", "Picklist"})


def judged(asked: Asked, live: Live) -> tuple[Judged, Asked]:
    """What is to be done about the fields; and what is asked without those that cannot be granted or shown.

    A field under one of our names that is something else, or that everybody must fill in, is nobody's to grant.
    """
    wanted = {f"{activity(one.object)}.{one.name}": one for one in asked.wanted}
    found, unfit = [], set()
    for component in fields(asked):
        one, there = wanted[component.member], live.found(TYPE, component.member)
        if there is None:
            found.append(Judged((_made(one, component),)))
        elif obstacle := _obstacle(one, there):
            found.append(Judged(left=(obstacle,)))
            unfit.add(component.member)
        else:
            found.append(_widened(one, component.member, there))
            if there.root.said("required") == "true":
                unfit.add(component.member)
    fit = tuple(one for one in asked.wanted if f"{activity(one.object)}.{one.name}" not in unfit)
    return together(found), replace(asked, wanted=fit)


def _made(one: Wanted, component: Component) -> Act:
    made = read(component.text.encode())
    text = b"    <fields>" + made.inside(made.root) + b"</fields>"
    shape = ", ".join(_shape_words(one))
    words = f"{component.member} {one.label!r}: {shape}"
    return Act(Doing.FIELD, TYPE, activity(one.object), component.member, words, text)


def _shape_words(one: Wanted) -> Iterator[str]:
    yield {Kind.PICKLIST: "one of a list", Kind.MULTIPICKLIST: "several of a list"}.get(one.kind, one.kind.value)
    if one.options:
        yield f"{len(one.options)} options"
    if one.external_id:
        yield "unique external id"


def _widened(one: Wanted, member: str, there: Document) -> Judged:
    """What a field of the right type lacks."""
    edits, words, left = [], [], []
    kind = there.root.said("type")
    for more, said in (*_longer(one, there), *_unique(one, there)):
        edits.append(more)
        words.append(said)
    if one.options and kind in ("Picklist", "MultiselectPicklist"):
        missing = _missing(one, there)
        if missing and _own_values(there) is None:
            left.append(_shared(one, member, missing))
        elif missing:
            edits.append(_values(one, there, missing))
            words.append(f"offers {_quoted(missing)} too")
        left += _hidden(one, member, there)
    acts: tuple[Act, ...] = ()
    if edits:
        text = there.edited(edits)
        read(text)  # what is sent is well-formed, whatever was edited
        said = f"{member} {' and '.join(words)}"
        acts = (Act(Doing.WIDEN, TYPE, activity(one.object), member, said, text, there.content),)
    return Judged(acts, tuple(left), tuple(_kept(one, member, there)), int(not acts and not left))


def _longer(one: Wanted, there: Document) -> Iterator[tuple[Edit, str]]:
    length = there.root.child("length")
    if length is None or field_type(one) != there.root.said("type"):
        return
    wanted = one.length or 0
    if int(length.text or 0) < wanted:
        yield there.saying(length, str(wanted)), f"holds {wanted:,} characters in place of {int(length.text or 0):,}"


def _unique(one: Wanted, there: Document) -> Iterator[tuple[Edit, str]]:
    """An id by which records are found must be one, and no two records may share it."""
    told = (("externalId", one.external_id, "is an external id"), ("unique", one.unique, "has unique values"))
    for name, wanted, words in told:
        found = there.root.child(name)
        if wanted and there.root.said(name) != "true":
            yield (
                (there.saying(found, "true") if found else there.added(there.root, name, element((name, True)))),
                words,
            )


def _own_values(there: Document) -> Node | None:
    """Where the values of a list are kept, unless it shares them with other fields."""
    values = there.root.child("valueSet")
    return values.child("valueSetDefinition") if values else None


def _missing(one: Wanted, there: Document) -> list[str]:
    known = {each.said("fullName") for each in _listed(there)}
    return [choice.value for choice in one.options if choice.value not in known]


def _listed(there: Document) -> Iterator[Node]:
    definition = _own_values(there)
    return definition.all("value") if definition else iter(())


def _values(one: Wanted, there: Document, missing: list[str]) -> Edit:
    definition = _own_values(there)
    assert definition is not None, "only a field's own list is added to"
    labels = {choice.value: choice.label for choice in one.options}
    text = "\n".join(
        element(("value", (("fullName", value), ("default", False), ("label", labels[value])))).rstrip()
        for value in missing
    )
    return there.added(definition, "value", text)


def _hidden(one: Wanted, member: str, there: Document) -> Iterator[ByHand]:
    """Values that an admin has switched off."""
    off = {each.said("fullName") for each in _listed(there) if each.said("isActive") == "false"}
    hidden = [choice.value for choice in one.options if choice.value in off]
    if hidden:
        steps = (
            f"Setup > Object Manager > {activity(one.object)} > Fields & Relationships > {there.root.said('label')}",
            f"Under 'Inactive Values' activate {_quoted(hidden)}",
            f"or take what it stands for out of {one.why.partition(' ')[0]}",
        )
        yield ByHand(f"{member} has {_quoted(hidden)} switched off, so nobody can pick it", steps, AGAIN)


def _shared(one: Wanted, member: str, missing: list[str]) -> ByHand:
    steps = (
        f"Add {_quoted(missing)} to that global value set, if the other fields that use it may have them",
        f"or name another field in {one.why}, and run `smarketing setup salesforce` again",
    )
    return ByHand(f"{member} lacks {_quoted(missing)}, and shares its values with other fields", steps, AGAIN)


def _obstacle(one: Wanted, there: Document) -> ByHand | None:
    """Why a field that is there cannot serve."""
    kind, wanted = there.root.said("type"), field_type(one)
    why = ""
    if not _holds(one, kind):
        why = f"is of type {kind}, which cannot serve as {wanted}"
    elif there.root.child("formula") and one.written_by_bridge:
        why = "is a formula, which nobody can write"
    if not why:
        return None
    steps = (
        f"Name another field in {one.why}, for instance {one.name.removesuffix('__c')}_2__c",
        "Run `smarketing setup salesforce` again: it makes that one",
    )
    return ByHand(f"{activity(one.object)}.{one.name} {why}", steps, AGAIN)


def _holds(one: Wanted, kind: str) -> bool:
    """Whether a field of that type can hold what is wanted; free text holds anything, a list what is on it."""
    wanted = field_type(one)
    if one.unique or one.external_id:
        return kind == wanted
    if kind == wanted or (kind in _TEXTS and wanted in _TEXTS | _SHORT):
        return True
    return kind in _NUMBERS and wanted in _NUMBERS


def _kept(one: Wanted, member: str, there: Document) -> Iterator[str]:
    """What differs and harms nothing."""
    kind, wanted = there.root.said("type"), field_type(one)
    if kind != wanted:
        yield f"{member} is of type {kind}, where {wanted} would be made"
    if there.root.said("required") == "true":
        yield f"{member} is required in this org, so that it is neither granted nor put on layouts"


def _quoted(values: list[str]) -> str:
    return ", ".join(map(repr, values))
