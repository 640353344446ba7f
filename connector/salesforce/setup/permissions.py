"""Permission sets that are there held against those that are wanted.

A set is deployed as a whole and replaces what was there (Salesforce fact sheet 5.4), so what an admin has put into one
of ours is kept: the retrieved set is the base, and what is granted too little is granted. What is granted beyond what
we ask is told and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from connector.salesforce.setup.documents import Document, Edit, Node, read
from connector.salesforce.setup.live import Act, Doing, Judged, Live, counted, together
from connector.salesforce.source.asked import Asked, Component
from connector.salesforce.source.permissions import INTEGRATION, REP_VIEW, permission_sets

TYPE: Final = "PermissionSet"
ASSIGNMENT: Final = "PermissionSetAssignment"
_FIELDS: Final = "fieldPermissions"
NAMED_BY: Final[Mapping[str, str]] = {
    _FIELDS: "field",
    "objectPermissions": "object",
    "userPermissions": "name",
}
"""By sort of grant, the element that says what it is about."""
_SHOWN_MAX: Final = 3


def judged(asked: Asked, live: Live, refused: Collection[tuple[str, str]] = ()) -> Judged:
    """What both sets lack, but for grants that are refused, each under the key `granted`."""
    return together(_set(component, live, refused) for component in permission_sets(asked))


def granted(name: str, field: str) -> tuple[str, str]:
    """The key of one grant of a set."""
    return _FIELDS, f"{name} {field}"


def assigned(live: Live, bridge: tuple[str, str], reps: Mapping[str, str]) -> Judged:
    """Who has not got their set: the bridge's user and the named reps, each as id and user name."""
    wanted = [(INTEGRATION, *bridge), *((REP_VIEW, *rep) for rep in reps.items())]
    found = []
    for name, user, username in wanted:
        if (name, user) in live.assigned:
            found.append(Judged(fine=1))
        else:
            words = f"{name} is given to {username}"
            found.append(Judged((Act(Doing.ASSIGN, ASSIGNMENT, "", f"{name} {user}", words),)))
    return together(found)


def _set(component: Component, live: Live, refused: Collection[tuple[str, str]]) -> Judged:
    there = live.found(TYPE, component.member)
    wanted = read(component.text.encode())
    out = [node for node in wanted.root.all(_FIELDS) if granted(component.member, node.said("field")) in refused]
    wanted = read(wanted.edited(Edit(node.start, node.end, b"") for node in out))
    grants = list(_grants(wanted))
    if there is None:
        words = f"the permission set {component.member}, with {counted(len(grants), 'grant')}"
        return Judged((Act(Doing.GRANT, TYPE, "", component.member, words, wanted.content),))
    known = {(node.name, node.said(NAMED_BY[node.name])): node for node in _grants(there)}
    edits: list[Edit] = []
    named, wider = [], []
    for grant in grants:
        about = grant.said(NAMED_BY[grant.name])
        found = known.get((grant.name, about))
        more = _more(wanted, grant, there, found)
        edits += more
        if more:
            named.append(about)
        if found and _beyond(grant, found):
            wider.append(about)
    acts: tuple[Act, ...] = ()
    if edits:
        words = f"{component.member} grants {_list(named)}"
        acts = (Act(Doing.GRANT, TYPE, "", component.member, words, there.edited(edits), there.content),)
    kept = (f"{component.member} grants more than is asked for on {_list(wider)}",) if wider else ()
    return Judged(acts, kept=kept, fine=int(not acts))


def _grants(document: Document) -> Iterator[Node]:
    return (node for node in document.root.children if node.name in NAMED_BY)


def _more(wanted: Document, grant: Node, there: Document, found: Node | None) -> list[Edit]:
    """What makes a set grant at least that."""
    if found is None:
        text = "    " + wanted.part(grant).decode()
        return [there.added(there.root, grant.name, text)]
    edits = []
    for right in grant.children:
        if right.text.strip() == "true" and found.said(right.name) != "true":
            old = found.child(right.name)
            edits.append(
                there.saying(old, "true")
                if old
                else there.added(found, right.name, f"<{right.name}>true</{right.name}>")
            )
    return edits


def _beyond(grant: Node, found: Node) -> bool:
    return any(each.text.strip() == "true" and grant.said(each.name) == "false" for each in found.children)


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else ""
    return ", ".join(names[:_SHOWN_MAX]) + more
