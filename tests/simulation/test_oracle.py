"""Every invariant of the oracle fails on a world in which it does not hold: settling, agreement, edits, the story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot, salesforce
from connector.errors import RateLimited
from tests.simulation.doctoring import OURS, REP, after, edit, make, shown, silent, write, wrong
from tests.simulation.oracle import Broken, Evidence, drain, draining, judge
from tests.simulation.oracle.history import History
from tests.simulation.stage import START, Alone, Stage, new_store, new_world


def test_a_world_in_step_has_nothing_wrong(evidence: Evidence) -> None:
    assert judge(evidence) == []
    assert len(evidence.links) == 2
    assert not any("open window" in why or "newest" in why for why in evidence.excused)


def test_a_value_that_nobody_wrote_is_found(evidence: Evidence, ada: str) -> None:
    obj, values = evidence.live[Side.HUBSPOT, ada]
    haunted = replace(evidence, live={**evidence.live, (Side.HUBSPOT, ada): (obj, {**values, "city": "t99"})})
    assert wrong(haunted, "history") == [f"hubspot {ada} city is 't99'; the log says 't9'"]


def test_a_record_that_is_gone_without_a_line_is_found(evidence: Evidence, ada: str) -> None:
    live = {key: one for key, one in evidence.live.items() if key != (Side.HUBSPOT, ada)}
    assert wrong(replace(evidence, live=live), "history") == [f"hubspot {ada} is gone, against the log"]


@pytest.mark.parametrize("table", ["dirty", "spool", "spool_claims", "spool_marks"])
def test_unfinished_work_is_found(evidence: Evidence, table: str) -> None:
    assert wrong(replace(evidence, leftovers={table: 3}), "unfinished") == [f"the store still holds 3 rows of {table}"]


@pytest.mark.parametrize("name", ["making:1:2", "underway:1:2"])
def test_what_is_half_made_is_found(evidence: Evidence, name: str) -> None:
    assert wrong(replace(evidence, stored=f"{evidence.stored}\n{name}\n"), "unfinished")


class Doctored(Stage):
    """A stage whose bridge does something else instead of a run."""

    def __init__(self, run: Callable[[Stage, str], None]) -> None:
        super().__init__(0, Random(0), new_world(0), new_store())
        self.run = run

    @contextmanager
    def installation(self, name: str, turns: Alone) -> Iterator[Any]:  # type: ignore[override]
        stage = self

        class Installation:
            bridge = None  # a doctored installation shelves nobody

            def sync(self, mode: str, **_: Any) -> None:
                stage.run(stage, mode)

        with self.witness.life(name, self.variant):
            yield Installation()


@pytest.fixture(autouse=True)
def _nobody_is_shelved(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the oracle says of the reading copy has tests of its own (test_oracle_pages)."""
    monkeypatch.setattr(draining, "misshelved", lambda _bridge: [])


def _writes(stage: Stage) -> None:
    line = {"actor": OURS[Side.HUBSPOT], "operation": "update", "object": "contacts", "id": "1", "changes": {"a": 1}}
    stage.world.services.log.append(side="hubspot", **line)


def test_a_world_that_is_written_to_in_every_pass_does_not_drain() -> None:
    with pytest.raises(Broken, match="every pass writes"):
        drain(Doctored(lambda stage, mode: _writes(stage)), 5)


def test_a_full_pass_that_always_writes_is_found() -> None:
    with pytest.raises(Broken, match=r"a settled world is written to \(full\)"):
        drain(Doctored(lambda stage, mode: _writes(stage) if mode == "full" else None), 5)


def test_a_settled_world_that_costs_many_calls_is_found() -> None:
    def asks(stage: Stage, mode: str) -> None:
        stage.witness.lives[-1].calls["hubspot", 200] += 100

    with pytest.raises(Broken, match="takes 100 calls"):
        drain(Doctored(asks), 5)


@pytest.mark.parametrize(
    ("edited", "rule"),
    [
        ({"jobtitle": "t98"}, "job_title"),
        ({"email": "other@x.test"}, "email"),
        ({"phone": "(202) 555-0177"}, "phone"),
        ({"annualrevenue": "1000"}, "annual_revenue"),
        ({"lifecyclestage": "customer"}, "lifecycle_stage"),
        ({"hubspot_owner_id": "70000001"}, "owner"),
        ({"hs_email_optout": "true"}, "opted_out_of_email"),
    ],
)
def test_an_edit_that_never_arrived_is_found(evidence: Evidence, ada: str, edited: dict[str, str], rule: str) -> None:
    said = wrong(after(evidence, edit(Side.HUBSPOT, ada, **edited)), "in step")
    assert [line.split("differ in ")[1].split(":")[0] for line in said] == [rule]


def test_a_difference_that_is_shown_is_counted(evidence: Evidence, ada: str, lead: str) -> None:
    differs = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t98"))
    issue = Issue(IssueKind.CONFLICT, (hubspot("contacts", ada), salesforce("Lead", lead)), rule="job_title")
    assert wrong(replace(differs, issues=[shown(issue)]), "in step") == []
    assert differs.excused["differs, shown as conflict"] == 1


@pytest.mark.parametrize(("kind", "rule"), [(IssueKind.CONFLICT, "city"), (IssueKind.AMBIGUOUS, "")])
def test_an_issue_of_something_else_excuses_no_difference(
    evidence: Evidence, ada: str, kind: IssueKind, rule: str
) -> None:
    differs = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t98"))
    issue = Issue(kind, (hubspot("contacts", ada),), rule=rule)
    assert len(wrong(replace(differs, issues=[shown(issue)]), "in step")) == 1


def test_a_cleared_field_may_differ_and_one_that_was_never_filled_may_not(evidence: Evidence, ada: str) -> None:
    cleared = after(evidence, edit(Side.HUBSPOT, ada, jobtitle=""))
    assert wrong(cleared, "in step") == []
    assert cleared.excused["cleared by a person, and clearing does not travel"] == 1
    assert len(wrong(after(evidence, edit(Side.HUBSPOT, ada, state="t98")), "in step")) == 1


def test_a_field_that_an_admin_deleted_with_its_values_is_cleared(evidence: Evidence, ada: str, lead: str) -> None:
    """Whoever had a value by then lost it, and whoever was given one since has it."""
    titled = after(evidence, edit(Side.SALESFORCE, lead, Title="t90"), edit(Side.HUBSPOT, ada, jobtitle="t90"))
    made_anew = [(len(titled.entries), "Lead", "Title")]
    blank = {**titled.live, (Side.SALESFORCE, lead): ("Lead", {**titled.live[Side.SALESFORCE, lead][1], "Title": None})}
    lost = replace(titled, live=blank, history=History(titled.entries, made_anew))
    assert wrong(lost, "history") == []
    assert wrong(lost, "in step") == []
    assert lost.excused["cleared by a person, and clearing does not travel"] == 1
    refilled = History(after(titled, edit(Side.SALESFORCE, lead, Title="t91")).entries, made_anew)
    assert refilled.records[Side.SALESFORCE, lead].now("Title") == "t91"


def test_what_software_emptied_on_a_lead_stays_empty_on_its_contact(evidence: Evidence, ada: str, lead: str) -> None:
    contact = {**evidence.live[Side.SALESFORCE, lead][1], "FirstName": None}
    converted = after(
        evidence,
        edit(Side.SALESFORCE, lead, FirstName=None),
        edit(Side.HUBSPOT, ada, firstname="t90"),
        make(Side.SALESFORCE, "003900", REP[Side.SALESFORCE], LastName="t1"),
        edit(Side.SALESFORCE, lead, IsConverted=True, ConvertedContactId="003900"),
    )
    entries = [{**entry, "object": "Contact"} if entry["id"] == "003900" else entry for entry in converted.entries]
    live = {key: row for key, row in converted.live.items() if key[1] != lead}
    live[Side.SALESFORCE, "003900"] = ("Contact", contact)
    there = salesforce("Contact", "003900")
    moved = [replace(one, salesforce=there if one.salesforce.id == lead else one.salesforce) for one in evidence.links]
    found = replace(converted, entries=entries, history=History(entries), live=live, links=moved)
    assert [one for one in wrong(found, "in step") if "first_name" in one]
    emptied = replace(found, rewritten=frozenset({(Side.SALESFORCE, "Lead", "FirstName")}), excused=Counter())
    assert not [one for one in wrong(emptied, "in step") if "first_name" in one]
    assert emptied.excused["emptied by other software, and clearing does not travel"] == 1


def test_a_cleared_field_opposite_a_newer_value_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    lines = edit(Side.HUBSPOT, ada, jobtitle=""), edit(Side.SALESFORCE, lead, Title="t98")
    assert len(wrong(after(evidence, *lines), "in step")) == 1


def test_a_value_without_a_line_in_the_story_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    said = wrong(silent(evidence), "story")
    assert f"hubspot {ada} city is 't9', and the story does not say why" in said
    assert f"salesforce {lead} job_title is 't7', and the story does not say why" in said


def test_a_writer_who_never_heard_is_excused_by_name(evidence: Evidence, ada: str) -> None:
    unheard = after(evidence, write(Side.HUBSPOT, ada, city="t4"))
    assert wrong(unheard, "story") == [f"hubspot {ada} city is 't4', and the story does not say why"]
    unheard.writes[len(unheard.entries)].answered = False
    assert wrong(unheard, "story") == []
    assert unheard.excused["no line in the story: the writer never heard that it had written"] == 1


def test_a_calm_in_which_the_days_calls_are_spent_goes_on_the_next_day() -> None:
    days: list[datetime] = []

    def spent(stage: Stage, mode: str) -> None:
        if stage.clock.now() < START + timedelta(days=1):
            raise RateLimited("the day's calls are used up", START + timedelta(days=1))
        days.append(stage.clock.now())

    stage = Doctored(spent)
    drain(stage, 5)
    assert days[0] >= START + timedelta(days=1)
    assert stage.excused["waited in the calm for the next day's calls"] == 1


def test_a_calm_in_which_no_days_calls_are_enough_is_found() -> None:
    def spent(stage: Stage, mode: str) -> None:
        raise RateLimited("the day's calls are used up", stage.clock.now() + timedelta(days=1))

    with pytest.raises(Broken, match="the calls of 5 days are not enough"):
        drain(Doctored(spent), 5)
