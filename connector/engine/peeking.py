"""Looking at one record on a page: as far as the sides answer, and what a link that nobody has made yet would do.

A page must say something even while a CRM is away, so a side that does not answer is named and the other one is shown.
Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.plan import Memory
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import plan_link, with_history
from connector.engine.commands import joined, look, read_both
from connector.engine.decisions import decisions_for
from connector.engine.steering import steered
from connector.errors import BridgeError, Refused, Transient, Unauthorised
from connector.storage import journeys, links
from connector.storage.links import FIRST_VERSION, Link


@dataclass(frozen=True, slots=True)
class Peek:
    """What the sides say now.

    Attributes:
        case: both readings and the plan; None when a side did not answer, or nothing is to be planned.
        readings: of the sides that answered.
        silent: why a side did not.
    """

    case: Case | None
    readings: Mapping[Side, Reading]
    silent: Mapping[Side, BridgeError] = field(default_factory=dict)


def peek(bridge: Bridge, refs: Sequence[Ref]) -> Peek:
    """Read a record and its counterpart as far as their sides answer, and plan them where both do."""
    try:
        case = look(bridge, refs[0]).case
    except (Transient, Unauthorised):
        return _one_by_one(bridge, refs)
    ends = (case.subject.hubspot, case.subject.salesforce) if case else ()
    return Peek(case, {reading.ref.side: reading for reading in ends if reading})


def _one_by_one(bridge: Bridge, refs: Sequence[Ref]) -> Peek:
    """Each side asked for itself, so that one that is away does not hide the other."""
    readings: dict[Side, Reading] = {}
    silent: dict[Side, BridgeError] = {}
    for ref in refs:
        view = bridge.views.get((ref.side, ref.object))
        try:
            for one in bridge.crms[ref.side].read_many([(view, [ref.id])]) if view else ():
                readings[ref.side] = one
        except (Transient, Unauthorised) as error:
            silent[ref.side] = error
    return Peek(None, readings, silent)


def if_linked(bridge: Bridge, one: Ref, other: Ref) -> Case:
    """What the next pass would do once a person has said that two records are the same.

    Raises:
        Refused: for what `commands.link` refuses.
        Transient, Unauthorised: what reading raises.
    """
    pair, refs = joined(bridge, one, other)
    readings = read_both(bridge, refs)
    with bridge.database.read() as conn:
        held = [link for link in links.by_refs(conn, refs).values() if not link.stopped]
        mark = journeys.newest(conn) if bridge.agreement else None
    if held:
        raise Refused(f"{held[0].hubspot} is linked to {held[0].salesforce}; unlink them first")
    link = Link(0, pair.name, *refs, Memory(), FIRST_VERSION, stopped=False)
    case = plan_link(bridge, link, *readings, decisions_for(bridge, refs))
    return steered(bridge, with_history(bridge, [case]), mark)[0]
