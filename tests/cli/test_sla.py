"""sla list, show, simulate, apply, recompute: clocks of journeys made by hand, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.journey import Seen, Told, Verdict
from connector.core.refs import Ref
from connector.storage import dirty, editions
from tests.cli.desk_of_journeys import ANNE, BOB, DAY, HOUR, MONDAY, Archive, contact

SOON = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def clocks(past: Archive, *arguments: str) -> list[tuple[str, str, str]]:
    found = past.data("sla", "list", *arguments)["clocks"]
    return [(one["person"][0].rpartition(":")[2], one["policy"], one["state"]) for one in found]


def test_open_clocks_are_listed_late_ones_first(past: Archive):
    past.mql(1, now() - SOON)
    past.mql(2, MONDAY)
    said = past.run("sla", "list")
    assert said.code == 3  # somebody is late
    assert clocks(past, "--policy", "first_touch") == [
        ("2", "first_touch", "breached"),
        ("1", "first_touch", "running"),
    ]
    late = past.data("sla", "list", "--policy", "first_touch")["clocks"][0]
    assert (late["due_at"][:16], late["owner"]) == ("2026-11-02T13:00", ANNE)


def test_clocks_are_narrowed_by_state_owner_and_deadline(past: Archive):
    past.mql(1, now() - SOON, owner=BOB)
    past.mql(2, MONDAY)
    past.mql(3, MONDAY + HOUR)
    assert clocks(past, "--owner", BOB, "--policy", "disposition") == [("1", "disposition", "running")]
    late = clocks(past, "--state", "breached", "--due-before", "2026-11-02T13:30Z")
    assert late == [("2", "first_touch", "breached")]


def test_all_clocks_are_counted_though_few_are_listed(past: Archive):
    for number in range(1, 6):
        past.mql(number, MONDAY + number * HOUR / 4)
    data = past.data("sla", "list", "--policy", "first_touch", "--limit", "2")
    assert (data["total"], data["states"]) == (5, {"breached": 5})
    assert [one["person"][0] for one in data["clocks"]] == ["hubspot:contacts:1", "hubspot:contacts:2"]
    assert "3 more with --limit 5" in past.run("sla", "list", "--policy", "first_touch", "--limit", "2").out


def test_the_time_of_a_promise_is_that_of_who_was_handed_the_person_when_it_began(past: Archive):
    ref = past.mql(1, owner=BOB)
    assert told(past, ref)["held"] == [{"owner": BOB, "minutes": told(past, ref)["elapsed_minutes"]}]


def test_what_marketing_promised_is_on_no_reps_list(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY + HOUR)
    past.answer(ref, MONDAY + HOUR, Verdict.REJECT, "not_a_fit")
    owed = past.data("sla", "list", "--policy", "feedback_reply")["clocks"]
    assert [(one["team"], one["owner"]) for one in owed] == [("marketing", "")]
    assert past.data("sla", "list", "--policy", "feedback_reply", "--owner", ANNE)["clocks"] == []


def test_a_call_at_the_very_instant_of_the_handoff_keeps_the_promise_at_once(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY)
    one = told(past, ref)
    assert (one["state"], one["elapsed_minutes"], one["ended_at"]) == ("met", 0, MONDAY.isoformat())
    assert "done at once: call out" in past.run("sla", "show", str(ref)).out


def test_who_kept_the_promise_is_on_no_list(past: Archive):
    past.call(past.mql(1), MONDAY + HOUR)
    assert clocks(past, "--policy", "first_touch") == []
    assert "No clock of that sort is open" in past.run("sla", "list", "--policy", "first_touch").out


def test_a_policy_that_is_none_is_refused_with_those_there_are(past: Archive):
    said = past.run("sla", "list", "--policy", "touch")
    assert said.code == 1
    assert "there is no policy 'touch'; there are: attempts, disposition, feedback_reply, first_touch" in said.err


def test_without_promises_the_lists_say_how_to_begin(past: Archive):
    past.file("sla.yaml").unlink()
    said = past.run("sla", "list")
    assert said.code == 1
    assert "nothing is promised" in said.err


def told(past: Archive, ref: Ref, policy: str = "first_touch") -> dict[str, object]:
    (cycle,) = [one for one in past.data("sla", "show", str(ref))["cycles"] if one["policy"] == policy]
    return cycle


def test_a_promise_is_told_with_what_started_and_kept_it(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY + HOUR, human=False)
    past.call(ref, MONDAY + 2 * HOUR)
    cycle = told(past, ref)
    assert (cycle["state"], cycle["elapsed_minutes"], cycle["wall_minutes"]) == ("met", 120, 120)
    assert [turn["what"] for turn in cycle["turns"]][:1] == ["start"]
    assert cycle["turns"][-1]["what"] == "stop"
    said = past.run("sla", "show", str(ref)).out
    assert "First touch (first_touch)  met, call" in said
    assert "2 h of 4 h used; 2 h on the wall" in said
    assert "2026-11-02 11:00 (UTC)  stop: call" in said


def test_lateness_is_business_time_and_stands_still_once_it_is_over(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY + DAY)  # four hours were allowed, eight of the office have passed
    cycle = told(past, ref)
    assert (cycle["state"], cycle["lateness_minutes"], cycle["wall_minutes"]) == ("breached", 240, 24 * 60)
    assert "4 h late" in past.run("sla", "show", str(ref)).out


def test_somebody_without_a_journey_is_told_so(past: Archive):
    said = past.run("sla", "show", "hubspot:contacts:77")
    assert said.code == 1
    assert "hubspot:contacts:77 has no journey yet" in said.err


def test_the_edition_that_judges_is_named(past: Archive):
    ref = past.mql(1)
    assert f"judged by the edition {told(past, ref)['version']}" in past.run("sla", "show", str(ref)).out


def test_a_tighter_promise_is_tried_on_the_past(past: Archive):
    past.call(past.mql(1), MONDAY + 2 * HOUR)
    past.call(past.mql(2), MONDAY + HOUR / 2)
    other = past.variant("sla.yaml", ("target: 4 business_hours", "target: 1 business_hours"))
    data = past.data("sla", "simulate", other)
    assert data["differences"] == {"met -> breached": 1}
    (one,) = data["clocks"]
    assert one["person"] == ["hubspot:contacts:1"]
    assert (one["before"]["state"], one["after"]["state"], one["after"]["lateness_minutes"]) == ("met", "breached", 60)
    said = past.run("sla", "simulate", other).out
    assert "Nothing that runs would change: a clock keeps the edition it began under." in said
    assert "1  met -> breached" in said


def test_an_edit_for_new_clocks_is_shown_by_what_a_start_would_get(past: Archive):
    other = past.variant(
        "sla.yaml", ("target: 4 business_hours", "target: 2 business_hours"), ("  disposition:", "  answer_soon:")
    )
    starts = {one["policy"]: one for one in past.data("sla", "simulate", other)["starts"]}
    touch = starts["first_touch"]
    assert (touch["now"]["allowed"], touch["would_be"]["allowed"]) == ("4 business hours", "2 business hours")
    assert touch["would_be"]["due_at"] < touch["now"]["due_at"]
    assert starts["disposition"]["would_be"] is None
    assert starts["answer_soon"]["now"] is None
    assert starts["attempts"]["now"]["allowed"] == starts["attempts"]["would_be"]["allowed"]
    said = past.run("sla", "simulate", other).out
    assert "2 business hours, due" in said
    assert "no promise" in said
    assert "the same" in said
    assert "starts now" not in past.run("sla", "simulate", other, "--apply-to", "open").out


def test_an_edit_for_open_clocks_leaves_what_is_over_alone(past: Archive):
    past.call(past.mql(1), MONDAY + 2 * HOUR)
    past.mql(2, now() - SOON)
    past.data("sla", "list")
    keep_edition(past)
    other = past.variant("sla.yaml", ("target: 4 business_hours", "target: 9 business_hours"))
    data = past.data("sla", "simulate", other, "--apply-to", "open")
    assert [(one["person"], one["policy"], one["what"]) for one in data["clocks"]] == [
        (["hubspot:contacts:2"], "first_touch", "due otherwise")
    ]


def keep_edition(past: Archive) -> str:
    """What the first run does: the promises of today come into force."""
    assert past.run("sla", "apply", "--to", "new").code == 0
    with past.database.read() as conn:
        return editions.all(conn)[-1].version


def test_other_working_hours_are_tried_likewise(past: Archive):
    past.call(past.mql(1), MONDAY + 5 * HOUR)
    other = past.variant("calendars.yaml", ("09:00-17:00", "13:00-17:00"))
    assert past.data("sla", "simulate", other)["differences"]["breached -> met"] == 1


def test_a_file_of_another_sort_is_refused(past: Archive):
    said = past.run("sla", "simulate", str(past.file("lifecycle.yaml")))
    assert said.code == 2
    assert "has none of the top keys sla, calendars" in said.err


def test_an_edition_is_in_force_for_those_who_were_named(past: Archive):
    first = keep_edition(past)
    sla = past.file("sla.yaml")
    sla.write_text(sla.read_text().replace("target: 4 business_hours", "target: 2 business_hours"))
    assert past.data("sla", "list")["proposed"] is True
    assert past.run("sla", "apply", "--to", "open").code == 0
    with past.database.read() as conn:
        kept = editions.all(conn)
    assert [one.open_too for one in kept] == [False, True]
    assert kept[0].version == first != kept[1].version
    assert past.data("sla", "list")["proposed"] is False


def test_a_field_that_tells_otherwise_is_found_and_mended(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY + HOUR)
    past.answer(ref, MONDAY + 2 * HOUR, Verdict.DISQUALIFY, "junk")
    said = {"smarketing_sla_policy": "Accept or reject", "smarketing_sla_state": "running"}
    past.remember(ref, (MONDAY + 3 * HOUR, Told(said)))
    data = past.data("sla", "recompute")
    untrue = {one["field"]: (one["told"], one["is"]) for one in data["differences"]}
    assert untrue["smarketing_sla_state"] == ("running", "met")
    assert data["differing"] == 1
    assert past.run("sla", "recompute").code == 3
    assert past.run("sla", "recompute", "--mend").code == 0
    with past.database.read() as conn:
        assert dirty.count(conn) == 1


def test_where_both_tell_what_is_so_nothing_differs(past: Archive):
    ref = past.mql(1)
    past.call(ref, MONDAY + HOUR)
    past.answer(ref, MONDAY + 2 * HOUR, Verdict.DISQUALIFY, "junk")
    found = {one["field"]: one["is"] for one in past.data("sla", "recompute")["differences"]}
    past.remember(ref, (MONDAY + 3 * HOUR, Told(found)))
    said = past.run("sla", "recompute")
    assert said.code == 0
    assert "Both CRMs tell what is so." in said.out


@pytest.mark.parametrize("command", ["list", "recompute"])
def test_somebody_who_was_never_handed_over_has_no_clock(past: Archive, command: str):
    past.remember(contact(5), (MONDAY, Seen({"lifecyclestage": "lead"})))
    said = past.run("sla", command)
    assert said.code == 0
