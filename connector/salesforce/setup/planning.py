"""Everything wanted held against everything there: what to make, what only a person can, what is left as it is.

Pure, so that showing, making and checking ask the same question, and a plan of nothing is the sign that all is well.
What Salesforce has refused may be left out, with all that rests on it: a grant on a field that is not there would have
the whole deployment refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from connector.salesforce.setup import fields, layouts, notices, permissions
from connector.salesforce.setup.documents import read
from connector.salesforce.setup.live import Act, Doing, Judged, Live, People, together
from connector.salesforce.source.asked import Asked, activity
from connector.salesforce.source.fields import fields as components
from connector.salesforce.source.permissions import INTEGRATION, REP_VIEW
from connector.wanted import ByHand

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be set up.

    Attributes:
        asked: what the configuration asks of the org; `user` is the one that messages are sent as.
        people: who gets the permission sets.
        secret: the end of the address of outbound messages; in no plan's words.
        pages: whether layouts are changed, too.
    """

    asked: Asked
    people: People = field(default_factory=People)
    secret: str = field(default="", repr=False)
    pages: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be done.

    Attributes:
        acts: what `applying` does, in the order in which people read of it.
        left: what only a person can.
        kept: what differs and is left as it is, since it harms nothing and may be meant so.
        fine: how many components are there as they should be.
    """

    acts: tuple[Act, ...]
    left: tuple[ByHand, ...]
    kept: tuple[str, ...]
    fine: int

    @property
    def deployed(self) -> tuple[Act, ...]:
        """The acts that are components of a deployment."""
        return tuple(act for act in self.acts if act.doing is not Doing.ASSIGN)

    @property
    def assigned(self) -> tuple[Act, ...]:
        """The acts that give somebody a permission set."""
        return tuple(act for act in self.acts if act.doing is Doing.ASSIGN)


def planned(order: Order, live: Live, without: Iterable[Key] = ()) -> Plan:
    """What is to be done so that the org has what is wanted, but for `without`, and for what rests on that."""
    refused = frozenset(without)
    asked = _without(order.asked, refused)
    own, fit = fields.judged(asked, live)
    judgements = [
        own,
        permissions.judged(fit, live, refused),
        layouts.judged(fit, live) if order.pages else Judged(),
        notices.viewed(fit, live),
        notices.noticed(fit, live, order.secret),
        notices.converted(fit, live),
        permissions.assigned(live, order.people.bridge, order.people.reps),
    ]
    found = together(judgements)
    acts = tuple(act for act in found.acts if not (_needs(act) & refused or act.key in refused))
    return Plan(acts, found.left, found.kept, found.fine)


def pieces(order: Order) -> Iterator[Key]:
    """Type and name of every component that a plan looks at, layouts apart."""
    for component in components(order.asked):
        yield component.type, component.member
    for name in (INTEGRATION, REP_VIEW):
        yield permissions.TYPE, name
    yield from notices.pieces(order.asked)


def _without(asked: Asked, refused: frozenset[Key]) -> Asked:
    kept = (one for one in asked.wanted if (fields.TYPE, f"{activity(one.object)}.{one.name}") not in refused)
    return replace(asked, wanted=tuple(kept))


def _needs(act: Act) -> frozenset[Key]:
    """What an act cannot do without, beside fields: a flow its message, an assignment its set."""
    if act.type == notices.FLOW:
        return frozenset((notices.MESSAGE, name) for name in _messages(act))
    if act.doing is Doing.ASSIGN:
        return frozenset({(permissions.TYPE, act.name.partition(" ")[0])})
    return frozenset()


def _messages(act: Act) -> Iterator[str]:
    """The messages that a flow sends."""
    for node in read(act.text).root.walk():
        if node.name == "actionName":
            yield node.text.strip()
