"""What people are asked without need, and what a CRM is asked again though it refused, is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot, salesforce
from connector.ports import Done, Rejected, Rejection, Unsure, View, Write
from connector.sandbox.services import SandboxClock, WriteLog
from tests.simulation.doctoring import a_life, after, edit, make, shown, world, write, wrong
from tests.simulation.oracle import Evidence
from tests.simulation.watched import Watched


def _asked(evidence: Evidence, *, rule: str = "city") -> Evidence:
    ada, lead = world()[1:]
    refs = (hubspot("contacts", ada), salesforce("Lead", lead))
    return replace(evidence, issues=[shown(Issue(IssueKind.CONFLICT, refs, rule=rule, value="a", other_value="b"))])


def test_people_who_are_asked_about_what_the_bridge_wrote_are_found(evidence: Evidence) -> None:
    ada, lead = world()[1:]
    edited = after(evidence, edit(Side.HUBSPOT, ada, city="t90"))
    assert wrong(_asked(after(edited, write(Side.SALESFORCE, lead, City="t91"))), "questions") == [
        f"people are asked about city of salesforce {lead}, which says 't91', which the bridge itself wrote"
    ]


def test_people_may_be_asked_about_two_edits(evidence: Evidence) -> None:
    ada, lead = world()[1:]
    both = after(evidence, edit(Side.HUBSPOT, ada, city="t90"), edit(Side.SALESFORCE, lead, City="t91"))
    assert wrong(_asked(both), "questions") == []


@pytest.mark.parametrize(
    ("why", "doctored"),
    [
        ("the mapping was edited", {"variants": ["as shipped", "no titles"]}),
        ("kept apart, or miswritten", {"kept_apart": True}),
        ("kept apart, or miswritten", {"miswritten": True}),
    ],
)
def test_who_meets_anew_may_be_asked_about_what_the_bridge_wrote(
    evidence: Evidence, why: str, doctored: dict[str, object]
) -> None:
    ada, lead = world()[1:]
    wrote = after(evidence, edit(Side.HUBSPOT, ada, city="t90"), write(Side.SALESFORCE, lead, City="t91"))
    them = frozenset({(Side.HUBSPOT, ada)})
    facts = {name: them if value is True else value for name, value in doctored.items()}
    assert wrong(replace(_asked(wrote), **facts), "questions") == []  # type: ignore[arg-type]
    assert evidence.excused == {f"a conflict about what the bridge wrote: {why}": 1}


def test_what_had_several_counterparts_may_be_asked_about(evidence: Evidence) -> None:
    ada, lead = world()[1:]
    wrote = after(
        evidence,
        edit(Side.HUBSPOT, ada, city="t90"),
        write(Side.SALESFORCE, lead, City="t91"),
        make(Side.HUBSPOT, "900", "user:1", salesforce_record_id=lead),
    )
    assert wrong(_asked(wrote), "questions") == []


def test_what_is_sent_again_though_it_was_refused_is_found(evidence: Evidence) -> None:
    life = a_life()
    life.refused["hubspot", "hubspot:contacts:1", "city='t1'"] = 2
    assert wrong(replace(evidence, lives=[*evidence.lives, life]), "refused again") == [
        "hubspot hubspot:contacts:1 was sent city='t1' 2 times, which it refused each time"
    ]
    life.refused["hubspot", "hubspot:contacts:1", "city='t1'"] = 1
    assert wrong(replace(evidence, lives=[*evidence.lives, life]), "refused again") == []


@pytest.mark.parametrize(("times", "found"), [(2, 0), (3, 1)])
def test_a_record_that_is_refused_as_it_is_may_be_sent_once_more(evidence: Evidence, times: int, found: int) -> None:
    life = a_life()
    life.refused["hubspot", "hubspot:contacts:1", "={'city': 't1'}"] = times
    assert len(wrong(replace(evidence, lives=[*evidence.lives, life]), "refused again")) == found


def test_what_is_sent_again_by_the_next_opening_of_the_calm_is_found(evidence: Evidence) -> None:
    lives = [a_life(), a_life()]
    for life in lives:
        life.refused["hubspot", "hubspot:contacts:1", "city='t1'"] = 1
    assert len(wrong(replace(evidence, lives=[*evidence.lives, *lives]), "refused again")) == 1
    lives[0].name = "one"
    assert wrong(replace(evidence, lives=[*evidence.lives, *lives]), "refused again") == []


def test_a_refusal_before_the_calm_is_no_matter(evidence: Evidence) -> None:
    life = a_life()
    life.refused["hubspot", "hubspot:contacts:1", "city='t1'"] = 2
    assert wrong(replace(evidence, lives=[life, *evidence.lives]), "refused again") == []


class _Refusing:
    side = Side.HUBSPOT

    def write(self, _: View, writes: list[Write]) -> list[object]:
        ref, no = hubspot("contacts", "1"), Rejection("city", "NO", "no", "")
        return [Rejected((no,)), Done(ref, not_taken=(no,)), Unsure(TimeoutError()), Done(ref)][: len(writes)]  # type: ignore[arg-type]


def test_the_witness_counts_what_a_side_refuses_and_passes_over() -> None:
    life, ref = a_life(), hubspot("contacts", "1")
    clock = SandboxClock(lambda: world()[0].events[0].at)
    seen = Watched(_Refusing(), life, WriteLog(clock), clock)  # type: ignore[arg-type]
    seen.write(View("contacts", {}), [Write(ref, {"city": "t1"})] * 4)
    assert life.refused == {("hubspot", "hubspot:contacts:1", "city='t1'"): 2}
