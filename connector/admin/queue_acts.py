"""What a form of the queue means: which act, on which issues, as far as they are open still; and doing it.

Some issues are picked one by one, or a whole heap is meant as it was when its effect was shown (`through`). Nonsense is
a bad request; what was closed meanwhile is counted and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Protocol

from flask import abort

from connector.core.alike import likeness
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import several, unsent
from connector.engine.bridge import Bridge
from connector.engine.several import Acted
from connector.storage import alike
from connector.storage.effects import State
from connector.storage.issues import StoredIssue

SHOWN: Final = 50  # issues that a page shows
AT_ONCE: Final = 10_000  # issues one act takes; what is left over is told
_PORTION: Final = 500  # issues of one transaction
_HEAP: Final = re.compile(r"[0-9a-f]{20}")


class Form(Protocol):
    """Names and values that somebody sent."""

    def get(self, name: str, default: str, /) -> str:
        """The first value of a name."""
        ...

    def getlist(self, name: str, /) -> list[str]:
        """All of them."""
        ...


class Act(StrEnum):
    """What a person may do about issues."""

    SETTLE_HUBSPOT = "settle-hubspot"
    SETTLE_SALESFORCE = "settle-salesforce"
    UNPARK = "unpark"
    LOOK_AGAIN = "look-again"
    SEND_AGAIN = "send-again"
    LET_REST = "let-rest"

    @property
    def winner(self) -> Side:
        """Of settling: whose value stands."""
        return Side.HUBSPOT if self is Act.SETTLE_HUBSPOT else Side.SALESFORCE


BUTTONS: Final[Mapping[Act, str]] = {
    Act.SETTLE_HUBSPOT: "HubSpot's values stand",
    Act.SETTLE_SALESFORCE: "Salesforce's values stand",
    Act.UNPARK: "Try again",
    Act.LOOK_AGAIN: "Look again",
    Act.SEND_AGAIN: "Send again",
    Act.LET_REST: "Let rest",
}
DONE: Final[Mapping[Act, str]] = {
    Act.SETTLE_HUBSPOT: "decided for HubSpot",
    Act.SETTLE_SALESFORCE: "decided for Salesforce",
    Act.UNPARK: "will be tried again",
    Act.LOOK_AGAIN: "will be looked at again",
    Act.SEND_AGAIN: "will be sent again",
    Act.LET_REST: "left to rest",
}
ACTS: Final[Mapping[IssueKind, tuple[Act, ...]]] = {
    IssueKind.CONFLICT: (Act.SETTLE_HUBSPOT, Act.SETTLE_SALESFORCE, Act.LOOK_AGAIN),
    IssueKind.PARKED: (Act.UNPARK, Act.LOOK_AGAIN),
    IssueKind.UNSENT: (Act.SEND_AGAIN, Act.LET_REST),
    IssueKind.HELD: (),
    IssueKind.STOPPED: (),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The issues somebody means to act on: some of a heap, or all of it up to `through`.

    Attributes:
        number: how many are open now; stale: of those picked, how many are not any more.
        first: as many as a page shows.
    """

    alike: str
    act: Act
    picked: tuple[int, ...]
    through: int
    number: int
    stale: int
    first: Sequence[StoredIssue]


def chosen_in(bridge: Bridge, heap: str, form: Form) -> Chosen:
    """What a form means, as far as it is open still; nonsense is a bad request."""
    try:
        act = Act(form.get("act", ""))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, "there is no such act")
    heap = heap_named(heap)
    picked = () if form.get("all", "") == "yes" else tuple(dict.fromkeys(numbers(form.getlist("pick"))))
    with bridge.database.read() as conn:
        if form.get("all", "") == "yes":
            number, last = alike.extent(conn, heap)
            through = as_number(form.get("through", "")) if form.get("through", "") else last
            first = [one for one in alike.page(conn, heap, 0, SHOWN) if one.id <= through]
            chosen = Chosen(heap, act, (), through, number if first else 0, 0, first)
        else:
            found = [one for one in alike.by_ids(conn, picked) if likeness(one.issue) == heap]
            chosen = Chosen(heap, act, picked, 0, len(found), len(picked) - len(found), found[:SHOWN])
    if any(act not in acts_on(one.issue.kind) for one in chosen.first[:1]):
        abort(HTTPStatus.BAD_REQUEST, "that cannot be done about such a thing")
    return chosen


def heap_named(told: str) -> str:
    """The name of a heap as it stands in addresses; anything else is nowhere."""
    if not _HEAP.fullmatch(told):
        abort(HTTPStatus.NOT_FOUND)
    return told


def acts_on(kind: IssueKind) -> tuple[Act, ...]:
    """What may be done about issues of a kind."""
    return ACTS.get(kind, (Act.LOOK_AGAIN,))


def carry_out(bridge: Bridge, chosen: Chosen, by: str) -> Acted:
    """Do it, some at a time."""
    done, stale = 0, chosen.stale
    for some in _portions(bridge, chosen):
        acted = _one_portion(bridge, chosen.act, some, by)
        done, stale = done + acted.done, stale + acted.stale
    return Acted(done, stale)


def _one_portion(bridge: Bridge, act: Act, some: Sequence[StoredIssue], by: str) -> Acted:
    ids = [one.id for one in some]
    if act in {Act.SEND_AGAIN, Act.LET_REST}:
        for one in some:
            to = one.issue.refs[0].id
            unsent.decide(bridge, State(one.issue.field), by, to, again=act is Act.SEND_AGAIN)
        return Acted(len(some), 0)
    doing: Mapping[Act, Callable[[], Acted]] = {
        Act.UNPARK: lambda: several.unpark(bridge, ids, by),
        Act.LOOK_AGAIN: lambda: several.look_again(bridge, ids, by),
    }
    return doing.get(act, lambda: several.settle(bridge, ids, act.winner, by))()


def _portions(bridge: Bridge, chosen: Chosen) -> Iterator[list[StoredIssue]]:
    """The issues that are meant and open still."""
    if chosen.picked:
        with bridge.database.read() as conn:
            found = alike.by_ids(conn, chosen.picked)
        yield [one for one in found if likeness(one.issue) == chosen.alike]
        return
    after = taken = 0
    while taken < AT_ONCE and after < chosen.through:
        with bridge.database.read() as conn:
            some = [one for one in alike.page(conn, chosen.alike, after, _PORTION) if one.id <= chosen.through]
        if not some:
            return
        yield some
        after, taken = some[-1].id, taken + len(some)


def numbers(told: Sequence[str]) -> list[int]:
    """Numbers as forms of ours send them."""
    return [as_number(one) for one in told[:AT_ONCE]]


def as_number(told: str) -> int:
    """A number as forms of ours send it."""
    if not (told.isascii() and told.isdigit() and len(told) < 19):  # noqa: PLR2004  # what a row's id can be
        abort(HTTPStatus.BAD_REQUEST, "a number was expected")
    return int(told)
