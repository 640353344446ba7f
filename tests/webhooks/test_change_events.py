"""What Salesforce's change events tell, as the listener keeps them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.refs import Side, salesforce
from webhooks.change_events import change_events
from webhooks.readers import readers

ORG = "00D5f000000ABCDEA4"
LEAD, OTHER = "00Q5f000001AAAAEA4", "00Q5f000001AAABEA4"


def told(*changes, org=ORG, sweep="", bound=ORG):
    return change_events(bound, {}, orjson.dumps({"org": org, "changes": changes, "sweep": sweep}))


def change(kind="UPDATE", ids=(LEAD,), entity="Lead"):
    return {"entityName": entity, "changeType": kind, "recordIds": list(ids), "changeOrigin": "", "commitTimestamp": 1}


@pytest.mark.parametrize(
    "kind", ["CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE"]
)
def test_every_kind_says_to_look_at_all_records_it_names(kind):
    found = told(change(kind, (LEAD, OTHER)))
    assert dict(found.look_at) == {
        salesforce("Lead", LEAD): f"change event {kind}",
        salesforce("Lead", OTHER): f"change event {kind}",
    }
    assert (found.sweep, found.unknown, found.erased) == ((), (), ())


def test_a_change_of_our_own_is_told_like_all_others():
    ours = {**change(), "changeOrigin": "com/salesforce/api/rest/67.0;client=smarketing-bridge"}
    assert told(ours).look_at == told(change()).look_at


def test_ids_of_fifteen_characters_are_the_same_record():
    assert told(change(ids=[LEAD[:15]])).look_at == told(change()).look_at


@pytest.mark.parametrize(
    "one",
    [
        change("GAP_OVERFLOW", ["000000000000000AAA"]),
        change("GAP_OVERFLOW", []),
        change(ids=["00Q*"]),
        change(ids=["00Q5*"]),
    ],
)
def test_what_names_nobody_asks_for_a_poll_of_the_object(one):
    found = told(one)
    assert found.look_at == ()
    assert found.sweep == ((Side.SALESFORCE, "Lead"),)
    assert found.unknown == ()


def test_a_lost_place_asks_for_a_poll_of_everything():
    found = told(sweep="Salesforce's event bus does not know the place we left off at")
    assert found.sweep == ((Side.SALESFORCE, "*"),)
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("strange", "words"),
    [
        ({"unknown": "Order__e is no change event"}, "Order__e is no change event"),
        ({}, "of which object"),
        (change(entity="no name"), "of which object"),
        (change(entity=None), "of which object"),
        (change(ids=[]), "without records"),
        (change(ids=["who@acme.test"]), "an id that is none"),
        (change(ids=[None]), "an id that is none"),
        ({**change(), "recordIds": None}, "what happened to whom"),
        ({**change(), "changeType": None}, "what happened to whom"),
        (7, "no object"),
    ],
)
def test_what_is_not_understood_is_named_and_polled_around_and_the_rest_is_taken(strange, words):
    found = told(strange, change())
    assert [ref for ref, _ in found.look_at] == [salesforce("Lead", LEAD)]
    (unknown,) = found.unknown
    assert words in unknown
    assert "acme" not in unknown
    assert found.sweep


def test_events_of_another_org_are_not_believed():
    found = told(change(), org="00D5f000000ZZZZEAW")
    assert found.look_at == ()
    assert "another org" in found.unknown[0]
    assert told(change(), bound=None, org="00D5f000000ZZZZEAW").look_at
    assert told(change(), bound=ORG[:15]).look_at


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["Lead", "UPDATE", LEAD, "00Q*", "", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["org", "changes", "sweep", "unknown", "entityName", "changeType", "recordIds"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    json | st.fixed_dictionaries({"org": st.just(ORG), "changes": st.lists(json, max_size=3)}), st.binary(max_size=9)
)
def test_nothing_that_may_stand_in_the_inbox_raises(found, tail):
    for source in ("pubsub", "journal"):
        for body in (orjson.dumps(found), orjson.dumps(found) + tail, tail):
            readers({Side.SALESFORCE: ORG})[source]({}, body)
