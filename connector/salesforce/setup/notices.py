"""List views, change notices and the mapping of converted Leads that are there, held against those that are wanted.

A list view or a flow that is there may have been arranged anew by an admin, and is left so. An outbound message is
mended where it goes to another address than we receive at. The mapping of Leads is one document for all fields of the
org: pairs of ours are put into it, and a field that is mapped already stays mapped as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.salesforce.setup.documents import Document, Edit, Node, read
from connector.salesforce.setup.fields import AGAIN
from connector.salesforce.setup.live import CONVERSION, Act, Doing, Judged, Live, counted, together
from connector.salesforce.source.asked import SECRET, USER, Asked, Component
from connector.salesforce.source.notices import notices
from connector.salesforce.source.steps import handed_over
from connector.salesforce.source.views import views
from connector.salesforce.source.xml import Element, document, element
from connector.wanted import ByHand

VIEW: Final = "ListView"
MESSAGE: Final = "WorkflowOutboundMessage"
FLOW: Final = "Flow"
_MAPPED: Final = "mappingFields"
_OBJECTS: Final = ("Lead", "Contact")


def viewed(asked: Asked, live: Live) -> Judged:
    """The list views that are not there."""
    return together(_unless_there(component, live, "listViews", "the list view") for component in views(asked))


def noticed(asked: Asked, live: Live, secret: str) -> Judged:
    """The messages and flows that are not there, or do not do what they shall; `secret` ends the messages' address."""
    found = []
    for component in sorted(notices(asked), key=lambda one: one.type != MESSAGE):
        there = live.found(component.type, component.member)
        if component.type == MESSAGE:
            text = component.text.replace(SECRET, secret).replace(USER, asked.user)
            found.append(_message(component, there, read(text.encode())))
        elif there is None:
            words = f"the flow {component.member}, which sends its message"
            found.append(Judged((Act(Doing.NOTICE, FLOW, "", component.member, words, component.text.encode()),)))
        elif there.root.said("status") != "Active":
            found.append(Judged(left=(_inactive(component.member),)))
        else:
            found.append(Judged(fine=1))
    return together(found)


def _unless_there(component: Component, live: Live, name: str, called: str) -> Judged:
    if live.found(component.type, component.member) is not None:
        return Judged(fine=1)
    made = read(component.text.encode())
    label, obj = made.root.said("label"), component.member.partition(".")[0]
    words = f"{called} {label!r} of {obj}"
    text = _wrapped(name, made, made.root)
    return Judged((Act(Doing.VIEW, component.type, obj, component.member, words, text),))


def _wrapped(name: str, made: Document, node: Node) -> bytes:
    return f"    <{name}>".encode() + made.inside(node) + f"</{name}>".encode()


def _message(component: Component, there: Document | None, made: Document) -> Judged:
    wanted = made.root.children[0]
    obj = component.member.partition(".")[0]
    told = f"the outbound message {component.member}"
    if there is None:
        text = _wrapped("outboundMessages", made, wanted)
        return Judged((Act(Doing.NOTICE, MESSAGE, obj, component.member, told, text),))
    address = there.root.child("endpointUrl")
    if address is None or address.text.strip() == wanted.said("endpointUrl"):
        return Judged(fine=1)
    [inside] = [made.inside(node).decode() for node in wanted.all("endpointUrl")]
    text = there.edited([there.saying(address, inside)])
    words = f"{told} goes to the address that config.yaml names"
    return Judged((Act(Doing.NOTICE, MESSAGE, obj, component.member, words, text, there.content),))


def _inactive(name: str) -> ByHand:
    steps = (f"Setup > Flows > {name}: open the latest version and activate it",)
    return ByHand(f"The flow {name} is there and switched off, as some orgs deploy all flows", steps, AGAIN)


def converted(asked: Asked, live: Live) -> Judged:
    """The pairs of fields that a converted Lead does not hand to its Contact."""
    wanted = [one.name for one in handed_over(asked)]
    if not wanted:
        return Judged()
    there = live.found(CONVERSION, CONVERSION)
    base = there or read(document(CONVERSION, ()).encode())
    ours = next((each for each in base.root.all("objectMapping") if _between(each)), None)
    mapped = {each.said("inputField"): each.said("outputField") for each in ours.all(_MAPPED)} if ours else {}
    taken = {output: name for name, output in mapped.items()}
    kept = [f"a converted Lead hands {name} to {mapped[name]}" for name in wanted if mapped.get(name, name) != name] + [
        f"a converted Lead hands {taken[name]} to Contact.{name}"
        for name in wanted
        if name not in mapped and name in taken
    ]
    missing = [name for name in wanted if name not in mapped and name not in taken]
    if not missing:
        return Judged(kept=tuple(kept), fine=1)
    text = base.edited([_mapping(base, ours, missing)])
    words = f"a converted Lead hands {counted(len(missing), 'field')} of the bridge to its Contact"
    act = Act(Doing.CONVERSION, CONVERSION, "Lead", CONVERSION, words, text, there.content if there else b"")
    return Judged((act,), kept=tuple(kept))


def _between(mapping: Node) -> bool:
    return (mapping.said("inputObject"), mapping.said("outputObject")) == _OBJECTS


def _mapping(base: Document, ours: Node | None, names: list[str]) -> Edit:
    pairs: list[Element] = [(_MAPPED, (("inputField", name), ("outputField", name))) for name in names]
    if ours is not None:
        return base.added(ours, _MAPPED, "\n".join(element(pair, " " * 8).rstrip() for pair in pairs))
    told = (("inputObject", _OBJECTS[0]), *pairs, ("outputObject", _OBJECTS[1]))
    return base.added(base.root, "objectMapping", element(("objectMapping", told)))


def pieces(asked: Asked) -> Iterator[tuple[str, str]]:
    """Type and full name of what this module asks to be retrieved."""
    for component in (*views(asked), *notices(asked)):
        yield component.type, component.member
    if handed_over(asked):
        yield CONVERSION, CONVERSION
