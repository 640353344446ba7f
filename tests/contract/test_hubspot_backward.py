"""Stages that go back, against the portal: with what rides along, on contacts and companies, against workflows."""

import pytest

from connector import ports
from connector.core.values import Kind
from connector.sandbox.hubspot import actions
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.server import Server
from tests.contract.hubspot_side import adapter
from tests.contract.test_hubspot import HubSpotRig

STAGE, STATUS = "lifecyclestage", "hs_lead_status"
NAMES = {"contacts": ("firstname", "email"), "companies": ("name", "domain")}


class Refilling(HubSpotRig):
    """A portal in which somebody's workflow gives records without a stage one, between two calls."""

    stage = ""
    cleared = 0

    def __init__(self):
        super().__init__()
        door = self.door

        def watched(request):
            answer = door(request)
            self.refill()
            return answer

        self.door = watched

    def refill(self):
        for obj in NAMES:
            for record_id in list(self.portal.state.tables[obj].live):
                if STAGE not in self.portal.state.tables[obj].records[record_id].values:
                    self.cleared += 1
                    if self.stage:
                        properties = {STAGE: self.stage}
                        actions.edit(self.portal, object=obj, id=str(record_id), properties=properties)


@pytest.fixture(params=["ignore", "reject"])
def portal(request):
    rig = Refilling()
    rig.portal.settings.lifecycle_backward = request.param
    with Server(rig.door, rig.services.clock.now) as server:
        rig.crm = adapter(server.url, clock=rig.clock, token=ACCESS_TOKEN)
        yield rig


@pytest.fixture(params=NAMES)
def view(request):
    text, key = NAMES[request.param]
    return ports.View(request.param, {STAGE: Kind.PICKLIST, STATUS: Kind.PICKLIST, text: Kind.TEXT, key: Kind.TEXT})


def made(portal, view, **values):
    text, key = NAMES[view.object]
    given = {text: "Ada", key: "a@x.test" if key == "email" else "x.test", **values}
    return portal.add(given, view.object)


def written(portal, view, ref, **values):
    (outcome,) = portal.crm.write(view, [ports.Write(ref, values)])
    return outcome


def test_a_stage_goes_back_with_all_that_rides_along(portal, view):
    ref = made(portal, view, lifecyclestage="salesqualifiedlead", hs_lead_status="CONNECTED")
    text = NAMES[view.object][0]
    outcome = written(portal, view, ref, **{STAGE: "lead", STATUS: "BAD_TIMING", text: "Ada L."})
    assert outcome.not_taken == ()
    assert outcome.values == {STAGE: "lead", STATUS: "BAD_TIMING", text: "Ada L."}
    held = portal.held(ref)
    assert (held[STAGE], held[STATUS], held[text], portal.cleared) == ("lead", "BAD_TIMING", "Ada L.", 1)


def test_a_workflow_that_gives_a_stage_in_between_is_told_and_the_rest_is_done(portal, view):
    ref = made(portal, view, lifecyclestage="customer", hs_lead_status="CONNECTED")
    portal.stage = "opportunity"
    outcome = written(portal, view, ref, **{STAGE: "lead", STATUS: "UNQUALIFIED"})
    assert [(each.field, each.code) for each in outcome.not_taken] == [(STAGE, "NOT_TAKEN")]
    assert outcome.values == {STAGE: "opportunity", STATUS: "UNQUALIFIED"}
    assert (portal.held(ref)[STAGE], portal.held(ref)[STATUS]) == ("opportunity", "UNQUALIFIED")


def test_what_else_is_refused_is_told_beside_the_stage(portal, view):
    ref = made(portal, view, lifecyclestage="customer", hs_lead_status="CONNECTED")
    portal.stage = "opportunity"
    outcome = written(portal, view, ref, **{STAGE: "lead", STATUS: "NONSENSE"})
    assert (STATUS, "INVALID_OPTION") in [(each.field, each.code) for each in outcome.rejections]
    assert portal.held(ref)[STATUS] == "CONNECTED"


def test_a_workflow_that_gives_an_earlier_stage_in_between_harms_nothing(portal, view):
    ref = made(portal, view, lifecyclestage="customer")
    portal.stage = "subscriber"
    outcome = written(portal, view, ref, **{STAGE: "lead", STATUS: "UNQUALIFIED"})
    assert (outcome.not_taken, portal.held(ref)[STAGE], portal.held(ref)[STATUS]) == ((), "lead", "UNQUALIFIED")


def test_a_stage_of_the_same_name_is_not_cleared(portal, view):
    ref = made(portal, view, lifecyclestage="customer")
    outcome = written(portal, view, ref, **{STAGE: "customer", STATUS: "CONNECTED"})
    assert (outcome.values[STAGE], portal.cleared) == ("customer", 0)


def test_of_many_only_those_that_go_back_are_cleared(portal, view):
    text, key = NAMES[view.object]
    stages = ["customer", "subscriber"] * 60
    refs = [
        portal.add({text: f"P{n}", key: f"p{n}@x.test" if key == "email" else f"p{n}.test", STAGE: stage}, view.object)
        for n, stage in enumerate(stages)
    ]
    outcomes = portal.crm.write(view, [ports.Write(ref, {STAGE: "lead"}) for ref in refs])
    assert {outcome.values[STAGE] for outcome in outcomes} == {"lead"}
    assert {portal.held(ref)[STAGE] for ref in refs} == {"lead"}
    assert 0 < portal.cleared <= 60 + 60
