"""A saved plan is carried out as it stands on paper, where nothing has changed since, and never twice."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from connector.core.mapping import OnArchive
from connector.core.plan import IssueKind, Memory
from connector.core.refs import Ref, Side
from connector.engine import commands, planfile, standing, sync
from connector.engine.cases import cases_of
from connector.engine.run import Run
from connector.engine.sweep import batches, swept
from connector.errors import RateLimited, Refused, Unauthorised
from connector.storage import links
from connector.storage.links import NewLink
from tests.engine.town import Town, pair


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.jsonl"


def _plan(town: Town, path: Path, since: datetime | None = None) -> list[dict]:
    with sync.recorded(town.bridge, "plan", "a test") as run, swept(town.bridge, run.id):
        cases = [case for batch in batches(town.bridge, run.id, since) for case in batch]
    lines = [planfile.line(case) for case in cases if case.plan.steps]
    planfile.save(path, planfile.header(town.bridge, {"counts": len(lines)}), lines)
    return lines


def _save_whole(town: Town, path: Path) -> None:
    """What `smarketing plan --out` does."""
    with sync.recorded(town.bridge, "plan", "a test") as run:
        head = planfile.header(town.bridge, {}, whole=True)
        with swept(town.bridge, run.id):
            cases = [case for batch in batches(town.bridge, run.id) for case in batch if case.plan.steps]
        planfile.save(path, head, map(planfile.line, cases))


def _apply(town: Town, path: Path) -> Run:
    head, records = planfile.load(path, town.bridge.mapping.digest)
    assert (head["bridge"], head["mapping"]) == ("town", town.bridge.mapping.digest)
    with sync.recorded(town.bridge, "apply", "a test", approved=True) as run:
        planfile.apply_saved(town.bridge, records, run, head)
    return run


def _scans(town: Town) -> int:
    return town.hubspot.calls["scan"] + town.salesforce.calls["scan"]


@pytest.fixture
def couple(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    return contact, lead


def test_planning_writes_nothing_and_applying_does_what_stands_in_it(town: Town, path: Path) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    (line,) = _plan(town, path)
    assert town.writes() == 0
    assert line["steps"][0]["do"] == "create"
    assert {"field": "Title", "after": "CTO"}.items() <= line["steps"][0]["changes"][-2].items()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _apply(town, path).skipped == []
    assert town.salesforce.values(town.links()[0][1])["Title"] == "CTO"
    assert town.links()[0][0] == contact


def test_applied_twice_nothing_is_done_again_and_each_is_listed(town: Town, path: Path) -> None:
    for number in range(3):
        town.contact(email=f"p{number}@x.test")
    _plan(town, path)
    _apply(town, path)
    writes = town.writes()
    run = _apply(town, path)
    assert town.writes() == writes
    assert [why for _, why in run.skipped] == ["gone, or now belongs to another record"] * 3
    assert run.needs_a_person


def test_what_changed_since_is_skipped_and_listed_and_the_rest_is_done(town: Town, path: Path) -> None:
    one, other = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    _plan(town, path)
    town.hubspot.edit(one, jobtitle="CTO")
    assert _apply(town, path).skipped == [(str(one), "changed in hubspot since the plan was made")]
    assert [here for here, _ in town.links()] == [other]


def test_a_record_that_is_gone_since_is_listed(town: Town, path: Path) -> None:
    contact = town.contact(email="a@x.test")
    _plan(town, path)
    town.hubspot.archive(contact)
    ((ref, _),) = _apply(town, path).skipped
    assert ref == str(contact)


def test_a_decision_taken_since_makes_it_another_plan(town: Town, path: Path, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.hubspot.edit(contact, jobtitle="CTO", firstname="Ada")
    town.salesforce.edit(lead, Title="CFO")
    town.sync()
    town.hubspot.edit(contact, lastname="B")
    _plan(town, path)
    (conflict,) = [one for one in town.issues() if one.issue.kind is IssueKind.CONFLICT]
    commands.settle(town.bridge, conflict.id, Side.HUBSPOT, "ann")
    ((_, why),) = _apply(town, path).skipped
    assert why == "something else would be done now than when the plan was made"
    assert town.salesforce.values(lead)["Title"] == "CFO"


def test_a_plan_of_another_mapping_or_no_plan_at_all_is_refused(town: Town, path: Path) -> None:
    town.contact(email="a@x.test")
    _plan(town, path)
    with pytest.raises(Refused, match="another mapping"):
        planfile.load(path, "another")
    head = path.read_bytes().splitlines(keepends=True)[0]
    for text, words in (
        (b"{}\n", "not a saved plan"),
        (b"[]\n", "not a saved plan"),
        (head.replace(b'"mapping"', b'"beginning":{"cursors":{"elsewhere":{}}},"mapping"'), "not a saved plan"),
        (b"hello\n", ":1 is not JSON"),
        (head + b"hello\n", ":2 is not JSON"),
        (head + b"{}\n", ":2 is no line of a plan"),
        (head + b'{"records": {"nobody": "x"}, "steps": []}\n', ":2 is no line of a plan"),
    ):
        path.write_bytes(text)
        with pytest.raises(Refused, match=words):
            _apply(town, path)


@pytest.mark.parametrize("fault", [Unauthorised("revoked"), None])
def test_a_plan_that_was_cut_short_is_finished_later(town: Town, path: Path, fault: Unauthorised | None) -> None:
    for number in range(120):
        town.contact(email=f"p{number}@x.test")
    _plan(town, path)
    town.salesforce.fail("write", fault or RateLimited("spent", town.clock.now().replace(year=2030)), times=1000)
    with pytest.raises(type(fault or RateLimited("", town.clock.now()))):
        _apply(town, path)
    assert town.salesforce.calls["write"] == 1
    town.salesforce.faults.clear()
    run = _apply(town, path)
    assert len(town.salesforce.live("Lead")) == len(town.links()) == 120
    assert run.skipped == []


def test_after_a_whole_plan_the_next_sync_takes_in_what_changed_since_the_plan_began(town: Town, path: Path) -> None:
    ann, bob = town.contact(email="a@x.test"), town.contact(email="b@x.test", jobtitle="CTO")
    _save_whole(town, path)
    cy = town.contact(email="c@x.test", jobtitle="new since")
    town.hubspot.edit(bob, jobtitle="edited since")
    assert [ref for ref, _ in _apply(town, path).skipped] == [str(bob)]
    town.hubspot.edit(ann, jobtitle="edited later")
    scans = _scans(town)
    town.sync()
    assert _scans(town) == scans
    titles = {here: town.salesforce.values(there)["Title"] for here, there in town.links()}
    assert titles == {ann: "edited later", bob: "edited since", cy: "new since"}


def test_what_a_whole_plan_skipped_is_looked_at_again_though_no_poll_tells_of_it(town: Town, path: Path) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    other = town.lead(Email="b@x.test", LastName="B")
    _save_whole(town, path)
    with town.database.begin() as conn:
        assert links.insert(conn, [NewLink("contacts/Lead", contact, other, Memory())], town.clock.now()) != [None]
    assert {ref for ref, _ in _apply(town, path).skipped} >= {str(contact)}
    scans = _scans(town)
    town.sync()
    assert _scans(town) == scans
    assert town.salesforce.values(other)["Title"] == "CTO"


def test_a_whole_plan_of_which_a_line_was_taken_out_leaves_the_comparison_to_the_next_sync(
    town: Town, path: Path
) -> None:
    for number in range(3):
        town.contact(email=f"p{number}@x.test")
    _save_whole(town, path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert _apply(town, path).skipped == []
    assert len(town.links()) == 2
    town.sync()
    assert len(town.links()) == 3


def test_a_rule_that_woke_up_since_the_plan_owes_a_full_comparison(town: Town, path: Path) -> None:
    town.contact(email="a@x.test", jobtitle="CTO")
    awake = town.bridge.mapping
    asleep = tuple(replace(one, rules=one.rules[:-1]) for one in awake.pairs)
    town.remapped(*asleep, digest=awake.digest)
    _save_whole(town, path)
    _apply(town, path)
    town.remapped(*awake.pairs, digest=awake.digest)
    town.sync()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_a_plan_once_people_are_linked_has_no_beginning(town: Town, path: Path, couple: tuple[Ref, Ref]) -> None:
    _save_whole(town, path)
    head, _ = planfile.load(path, town.bridge.mapping.digest)
    assert "beginning" not in head


def test_a_whole_plan_cut_short_while_applying_owes_a_full_comparison(town: Town, path: Path) -> None:
    for number in range(120):
        town.contact(email=f"p{number}@x.test")
    _save_whole(town, path)
    town.salesforce.fail("write", Unauthorised("revoked"), times=1)
    with pytest.raises(Unauthorised):
        _apply(town, path)
    assert standing.owes_full(town.bridge)
    _apply(town, path)
    assert not standing.owes_full(town.bridge)
    town.sync()
    assert len(town.salesforce.live("Lead")) == len(town.links()) == 120


def test_a_plan_whose_writing_was_cut_short_is_no_plan(town: Town, path: Path) -> None:
    def lines() -> Iterator[dict]:
        yield {"records": {}, "steps": []}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planfile.save(path, planfile.header(town.bridge, {}, whole=True), lines())
    with pytest.raises(Refused, match="not a saved plan"):
        planfile.load(path, town.bridge.mapping.digest)


def test_a_plan_since_a_moment_holds_only_what_changed_from_then_on(town: Town, path: Path) -> None:
    town.contact(email="a@x.test")
    town.clock.sleep(60)
    since = town.clock.now()
    later = town.contact(email="b@x.test")
    assert [list(line["records"]) for line in _plan(town, path, since)] == [[str(later)]]


def test_the_plan_of_one_record_says_what_the_whole_plan_says_of_it(town: Town, path: Path) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    town.lead(Email="A@x.test", LastName="A")
    (line,) = _plan(town, path)
    (case,) = cases_of(town.bridge, [contact])
    assert planfile.line(case) == line


def test_every_step_is_told_in_plain_data(town: Town, path: Path, couple: tuple[Ref, Ref]) -> None:
    _, lead = couple
    town.lead(Email="i@x.test", LastName="One")
    town.lead(Email="i@x.test", LastName="Two")
    goner = town.contact(email="g@x.test")
    town.sync()
    town.salesforce.archive(dict(town.links())[goner])
    made = town.salesforce.convert(lead, "Contact", Email="a@x.test", LastName="A")
    town.contact(email="n@x.test")
    town.remapped(pair("Lead", on_archive=OnArchive.ARCHIVE), pair("Contact"), digest="two")
    steps = [step for line in _plan(town, path) for step in line["steps"]]
    relink = next(step for step in steps if step["do"] == "relink")
    assert (relink["old"], relink["new"]) == (str(lead), str(made))
    assert [step["ref"] for step in steps if step["do"] == "archive"] == [str(goner)]
    assert {step["do"] for step in steps} >= {"archive", "unlink", "relink", "raise", "create"}
