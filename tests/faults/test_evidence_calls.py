"""Each documented answer, and each way a wire can break, on the calls that evidence and tasks are made of.

Evidence that meets a fault raises the error of the fault's fate and moves nothing on: what people did is told once the
fault is over. A task is never made twice, whatever became of the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from connector.core.refs import Side
from connector.errors import BridgeError
from connector.ports import Absent, Done, Outcome, Rejected, Todo, Unsure
from connector.salesforce.api import Traffic
from connector.salesforce.crm import Salesforce
from connector.salesforce.session import Line
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.server import Server
from connector.transport.pool import Timeout
from connector.transport.throttle import Throttle
from tests.contract.hubspot_side import adapter
from tests.contract.test_evidence import HubSpotEvidence, SalesforceEvidence
from tests.faults.kinds import KINDS, Kind
from tests.faults.paths import Fate
from tests.salesforce.sandbox import CREDENTIALS
from tests.salesforce.wire import Even


@dataclass(frozen=True)
class Call:
    """One kind of call. `spared`: fates and names of faults, without their side, that evidence goes on under."""

    name: str
    side: Side
    method: str
    path: str
    spared: tuple[Fate | str, ...] = ()

    def spares(self, kind: Kind) -> bool:
        return kind.fate in self.spared or kind.name.partition(" ")[2] in self.spared


def _hubspot(name: str, path: str, method: str = "POST", **more: Any) -> Call:
    return Call(f"hubspot {name}", Side.HUBSPOT, method, path, **more)


EVIDENCE = (
    # A kind that HubSpot will not tell of rests for an hour, and people are told; the others go on.
    _hubspot("search of activities", "calls/search$", spared=("403", Fate.DECLINED)),
    _hubspot("search of deals", "deals/search$", spared=("403", Fate.DECLINED)),
    _hubspot("links", "associations/.*/contacts/batch/read$"),
    _hubspot("deals with history", "deals/batch/read$"),
    # Where pipelines are hidden the deal itself tells whether it is closed.
    _hubspot("pipelines", "pipelines.*/deals$", "GET", spared=(Fate.DECLINED,)),
    # An org that has no such resource is asked one question at a time.
    Call("salesforce composite", Side.SALESFORCE, "POST", "composite$", spared=("404", "404-html", "405-html")),
    # Who may not ask who he is takes nothing for his own doing.
    Call("salesforce user", Side.SALESFORCE, "GET", "userinfo$", spared=(Fate.STOPS, Fate.DECLINED)),
)
TASKS = (
    _hubspot("tasks of a record", "associations/.*/tasks/batch/read$"),
    _hubspot("tasks read", "tasks/batch/read$"),
    _hubspot("tasks made", "tasks/batch/create$"),
    Call("salesforce tasks of a record", Side.SALESFORCE, "GET", "queryAll/?$"),
    Call("salesforce tasks made", Side.SALESFORCE, "POST", "composite/sobjects$"),
)


@contextmanager
def world(side: Side) -> Iterator[Any]:
    """A rig behind real HTTP; `reopen` gives it an adapter that remembers nothing."""
    rig: Any = HubSpotEvidence() if side is Side.HUBSPOT else SalesforceEvidence("Contact")
    now = rig.services.clock.now
    with Server(rig.door, now) as server:

        def reopen() -> None:
            if side is Side.HUBSPOT:
                rig.crm = adapter(server.url, clock=rig.clock, token=ACCESS_TOKEN)
            else:
                traffic = Traffic(rig, Even(), Throttle(rig))
                rig.crm = Salesforce(CREDENTIALS, traffic, Line(base_url=server.url, timeout=Timeout(2, 2)))

        rig.reopen = reopen
        reopen()
        yield rig


def struck(rig: Any, call: Call, kind: Kind) -> None:
    rig.services.faults.add(replace(kind.fault, method=call.method, path=call.path))


def heard(rig: Any, cursor: Any) -> tuple[list[Any], Any]:
    told, more = [], True
    while more:
        portion = rig.crm.evidence([rig.object], json.loads(json.dumps(cursor)), rig.now())
        told, cursor, more = [*told, *portion.entries], portion.cursor, portion.more
    return told, cursor


def ended(rig: Any, cursor: Any) -> tuple[list[Any], Any, BridgeError | None]:
    """What was heard, or the error that came between."""
    try:
        return *heard(rig, cursor), None
    except BridgeError as error:
        return [], cursor, error


def kinds_of(side: Side) -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.side is side]


@pytest.mark.parametrize("call", EVIDENCE, ids=lambda call: call.name)
def test_evidence_loses_nothing_to_any_fault(call: Call) -> None:
    with world(call.side) as rig:
        cursor = rig.crm.evidence([rig.object], None, rig.now()).cursor
        rig.pass_time(30)
        for kind in kinds_of(call.side):
            person = rig.add()
            rig.touch(person)
            rig.deal(person, "5")
            rig.pass_time(30)
            rig.reopen()
            struck(rig, call, kind)
            told, cursor, error = ended(rig, cursor)
            if call.spares(kind):
                assert error is None, f"{kind.name} shall not end a run: {error!r}"
            else:
                assert isinstance(error, kind.fate.error), f"{kind.name}: {error!r}"
            rig.mend()
            rig.reopen()
            again, cursor = heard(rig, cursor)
            news = {(entry.ref, type(entry.what)) for entry in [*told, *again] if entry.ref == person}
            assert len(news) == 2, f"{kind.name}: {[*told, *again]}"


def fits(outcome: Outcome, kind: Kind, *, creating: bool) -> bool:
    """Whether an outcome is one that the fault may lead to."""
    match outcome:
        case Done(created=created):
            return created and creating and kind.fault.after_commit
        case Rejected() | Absent():
            return creating and kind.fate is Fate.DECLINED
        case Unsure(error):
            return isinstance(error, kind.fate.error)
    return False


@pytest.mark.parametrize("call", TASKS, ids=lambda call: call.name)
def test_no_fault_makes_a_task_twice_or_loses_one(call: Call) -> None:
    creating = call.name.endswith("made")
    with world(call.side) as rig:
        for kind in kinds_of(call.side):
            person = rig.add()
            wanted = [Todo(person, rig.somebody, "Call", "", date(2026, 11, 9), key) for key in ("a", "b")]
            asked = wanted if creating else wanted[1:]
            if not creating:
                assert rig.crm.remind(wanted[:1])[0].created  # so that there is one to be read
            rig.reopen()
            struck(rig, call, kind)
            for outcome in rig.crm.remind(asked):
                assert fits(outcome, kind, creating=creating), f"{kind.name}: {outcome}"
            rig.mend()
            rig.reopen()
            assert all(isinstance(outcome, Done) for outcome in rig.crm.remind(wanted)), kind.name
            assert len(rig.tasks(person)) == 2, kind.name


def test_these_are_all_the_calls_there_are() -> None:
    for side in Side:
        with world(side) as rig:
            asked: set[str] = set()
            door, known = rig.door, [call for call in (*EVIDENCE, *TASKS) if call.side is side]
            with Server(_noting(door, asked), rig.services.clock.now) as server:
                _aim(rig, server.url)
                person = rig.add()
                _, cursor = heard(rig, rig.crm.evidence([rig.object], None, rig.now()).cursor)
                rig.touch(person)
                rig.deal(person, "5")
                rig.pass_time(30)
                heard(rig, cursor)
                for key in ("a", "b"):
                    rig.crm.remind([Todo(person, rig.somebody, "Call", "", date(2026, 11, 9), key)])
            shown = {call.name for call in known if any(_is(call, line) for line in asked)}
            assert shown == {call.name for call in known}
            assert {line for line in asked if not any(_is(call, line) for call in known)} <= {
                "GET /account-info/v3/details",
                "POST /services/oauth2/token",
                "GET /services/data/v67.0/",
                *(f"POST /crm/v3/objects/{obj}/search" for obj in ("emails", "meetings")),
            }


def _is(call: Call, line: str) -> bool:
    method, _, path = line.partition(" ")
    return method == call.method and re.search(call.path, path) is not None


def _noting(door: Any, asked: set[str]) -> Any:
    def noted(request: Any) -> Any:
        asked.add(f"{request.method} {request.path}")
        return door(request)

    return noted


def _aim(rig: Any, url: str) -> None:
    if isinstance(rig, HubSpotEvidence):
        rig.crm = adapter(url, clock=rig.clock, token=ACCESS_TOKEN)
    else:
        rig.crm = Salesforce(CREDENTIALS, Traffic(rig, Even(), Throttle(rig)), Line(base_url=url))
