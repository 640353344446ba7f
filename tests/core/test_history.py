"""Who was there before the lifecycle takes a short way when they are first met; whoever has more to tell does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.course import in_order
from connector.core.history import only_history
from connector.core.journey import Ruled, Seen
from connector.core.readings import Presence, Reading, Stamp
from connector.core.steer import at_length, steer
from connector.core.steered import Now
from tests.core.courses import ANNE, BEGAN, CONTACT, HS, LEAD, SF, agreement, in_turn, question

NOW = BEGAN + timedelta(hours=1)
LONG_AGO = BEGAN - timedelta(days=300)


def reading(ref, created=LONG_AGO, **values) -> Reading:
    made = "createdate" if ref.side is HS else "CreatedDate"
    return Reading(ref, values={made: created.isoformat()[:19] + ".000Z", **values}, modified_at=BEGAN)


def short(hubspot=None, salesforce=None, **changes):
    there = {one.ref.side: one for one in (hubspot, salesforce) if one is not None and one.present}
    return only_history(agreement(**changes), there, Now(hubspot, salesforce, NOW))


def ruled(followed) -> list[tuple]:
    return [(one.what.start, one.what.stage, one.what.first) for one in followed.entries if isinstance(one.what, Ruled)]


LATER = LONG_AGO + timedelta(days=1)


def test_they_stand_where_they_are_shown_and_both_sides_are_told_so():
    followed = short(reading(CONTACT, life="lead", title="CFO"), reading(LEAD, LATER, OwnerId=ANNE))
    assert ruled(followed) == [("", "lead", True)]
    assert {name: wish.value for name, wish in followed.wishes[SF].items()} == {
        "Stage": "LEAD",
        "Persona": "The Buyer",
    }
    assert {name: wish.value for name, wish in followed.wishes[HS].items()} == {"persona": "buyer"}
    assert (followed.effects, followed.issues, followed.look_at, followed.wanted) == ((), (), None, False)


def test_what_was_seen_is_remembered_in_the_order_of_time_and_then_what_was_ruled():
    followed = short(reading(CONTACT, LATER, life="lead"), reading(LEAD, Stage="SAL"))
    assert [(entry.ref, type(entry.what), entry.at) for entry in followed.entries] == [
        (LEAD, Seen, LONG_AGO),
        (CONTACT, Seen, LATER),
        (CONTACT, Ruled, LONG_AGO),
    ]
    assert ruled(followed) == [("", "sal", True)]


def test_of_two_records_the_one_further_along_counts():
    followed = short(reading(CONTACT, life="lead"), reading(LEAD, LATER, Stage="SAL"))
    assert ruled(followed) == [("", "lead", True), ("lead", "sal", True)]


def test_what_both_show_alike_is_ruled_once():
    assert ruled(short(reading(CONTACT, life="mql"), reading(LEAD, LATER, Stage="MQL"))) == [("", "mql", True)]


def test_a_record_that_is_archived_is_told_nothing():
    gone = Reading(LEAD, Presence.ARCHIVED)
    assert set(short(reading(CONTACT, life="lead"), gone).wishes) == {HS}


def test_a_place_that_tells_no_stages_is_heard_all_the_same():
    followed = short(reading(CONTACT, title="CFO"), spellings={})
    assert ruled(followed) == []
    assert followed.wishes[HS]["persona"].value == "buyer"


@pytest.mark.parametrize(
    ("hubspot", "salesforce"),
    [
        pytest.param(reading(CONTACT, BEGAN, life="lead"), None, id="made since the lifecycle began"),
        pytest.param(reading(CONTACT, life="strange"), None, id="shows what spells no stage"),
        pytest.param(reading(CONTACT, life="lead", answer="accepted"), None, id="holds an answer"),
        pytest.param(reading(CONTACT, life="lead", persona="user"), None, id="holds a persona somebody chose"),
        pytest.param(reading(CONTACT, life="lead", score="60"), None, id="fulfils a criterion"),
        pytest.param(reading(CONTACT, life="lead"), reading(LEAD, Stage="SAL"), id="both are of one moment"),
        pytest.param(
            replace(reading(CONTACT, life="lead"), stamps={"life": Stamp(BEGAN)}), None, id="was moved since it began"
        ),
    ],
)
def test_who_has_more_to_tell_takes_the_long_way(hubspot, salesforce):
    assert short(hubspot, salesforce) is None
    followed = steer(agreement(), (), Now(hubspot, salesforce, NOW), in_turn)
    assert followed == at_length(agreement(), (), Now(hubspot, salesforce, NOW), in_turn)


def test_a_criterion_about_a_moment_holds_for_nobody_who_is_met():
    criteria = {"mql": question(lambda _: True, momentary=True)}
    assert ruled(short(reading(CONTACT, life="lead"), criteria=criteria)) == [("", "lead", True)]


def test_whoever_has_a_journey_is_steered_by_it():
    now = Now(reading(CONTACT, life="lead"), None, NOW)
    first = steer(agreement(), (), now, in_turn)
    assert ruled(first) == [("", "lead", True)]
    assert steer(agreement(), in_order(first.entries), now, in_turn).entries == ()
