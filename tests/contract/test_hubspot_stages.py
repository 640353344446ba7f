"""What HubSpot passes over in silence: stages that go back, and close dates (fact sheet 6.1, 6.4)."""

import orjson
import pytest

from connector import ports
from connector.core import refs
from tests.contract.hubspot_side import answer, scripted
from tests.contract.hubspot_words import (
    DEALS,
    VIEW,
    done,
    echo,
    failure,
    record,
    sent,
    update,
)


class Stage:
    """A lifecycle property that only moves forward, or never moves at all."""

    ORDER = ("", "subscriber", "lead", "customer")

    def __init__(self, held, *, stuck=False, refusing=False):
        self.held, self.stuck, self.refusing = held, stuck, refusing

    def __call__(self, request):
        (sent_input,) = orjson.loads(request.body)["inputs"]
        wanted = sent_input["properties"].get("lifecyclestage", self.held)
        backward = wanted and self.ORDER.index(wanted) < self.ORDER.index(self.held)
        if backward and self.refusing:
            details = [{"code": "INVALID_OPTION", "message": "no", "context": {"propertyName": ["lifecyclestage"]}}]
            trace = sent_input["objectWriteTraceId"]
            return done(errors=[failure("VALIDATION_ERROR", "no", trace, errors=details)])
        if not backward and not self.stuck:
            self.held = wanted
        return done(record(sent_input["id"], **sent_input["properties"] | {"lifecyclestage": self.held or None}))


def stages(script):
    return [properties.get("lifecyclestage") for ((_, properties),) in sent(script)]


OPTIONS = {"results": [{"name": "lifecyclestage", "options": [{"value": each} for each in Stage.ORDER[1:]]}]}


@pytest.mark.parametrize("refusing", [False, True])
def test_a_stage_goes_back_by_being_cleared_first(refusing):
    stage = Stage("customer", refusing=refusing)
    with scripted() as (script, crm):
        script.on("batch/update", stage).on("properties", answer(200, OPTIONS))
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="lead", firstname="A")])
        assert stage.held == "lead"
        assert stages(script) == ["lead", "", "lead"]
        assert outcome.values == {"lifecyclestage": "lead", "firstname": "A"}
        assert outcome.not_taken == ()


def test_a_stage_that_moves_forward_costs_one_call():
    with scripted() as (script, crm):
        script.on("batch/update", Stage("lead"))
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="customer")])
        assert stages(script) == ["customer"]
        assert outcome.values == {"lifecyclestage": "customer"}


def test_a_stage_hubspot_will_not_set_is_reported_and_the_rest_is_done():
    with scripted() as (script, crm):
        script.on("batch/update", Stage("customer", stuck=True))
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="lead", firstname="A")])
        assert [(each.field, each.code) for each in outcome.not_taken] == [("lifecyclestage", "NOT_TAKEN")]
        assert outcome.values == {"lifecyclestage": "customer", "firstname": "A"}


def test_a_stage_that_is_no_option_never_clears_the_one_that_is_held():
    stage = Stage("customer", refusing=True)
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[bad_stage()])).on("properties", answer(200, OPTIONS))
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="nonsense")])
        assert [each.field for each in outcome.rejections] == ["lifecyclestage"]
        assert len(script.lines("batch/update")) == 1
        assert stage.held == "customer"


def bad_stage():
    details = [{"code": "INVALID_OPTION", "message": "no", "context": {"propertyName": ["lifecyclestage"]}}]
    return failure("VALIDATION_ERROR", "no", "0", errors=details)


def test_a_line_that_breaks_after_the_stage_was_cleared_is_unsure():
    with scripted() as (script, crm):
        script.on(
            "batch/update",
            done(record(1, lifecyclestage="customer")),
            done(record(1, lifecyclestage=None)),
            answer(503),
        )
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="lead")])
        assert isinstance(outcome, ports.Unsure)


def test_the_close_date_is_written_again_after_the_deal_is_closed():
    overwritten = record(1, dealstage="closedwon", closedate="2026-11-02T08:00:00Z")
    with scripted() as (script, crm):
        script.on("batch/update", done(overwritten), echo)
        write = ports.Write(
            refs.hubspot("deals", "1"), {"dealstage": "closedwon", "closedate": "2026-10-01T00:00:00.000Z"}
        )
        (outcome,) = crm.write(DEALS, [write])
        assert sent(script)[1] == [("1", {"closedate": "2026-10-01T00:00:00.000Z"})]
        assert outcome.values["closedate"] == "2026-10-01T00:00:00.000Z"
        assert outcome.not_taken == ()


def test_a_schema_that_cannot_be_read_clears_no_stage():
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[bad_stage()])).on("properties", answer(503))
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="lead")])
        assert isinstance(outcome, ports.Rejected)
        assert len(script.lines("batch/update")) == 1


def test_a_stage_refused_after_it_was_cleared_tells_that_the_record_now_has_none():
    with scripted() as (script, crm):
        script.on(
            "batch/update",
            done(record(1, lifecyclestage="customer", firstname="A")),
            done(record(1, lifecyclestage=None)),
            done(errors=[bad_stage()]),
        )
        (outcome,) = crm.write(VIEW, [update(1, lifecyclestage="lead", firstname="A")])
        assert outcome.values == {"lifecyclestage": None, "firstname": "A"}
        assert [(each.field, each.code) for each in outcome.not_taken] == [("lifecyclestage", "NOT_TAKEN")]
