"""Runs and taking them back: people see what was written and why, see what an undo would do, and undo it for good."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from connector.admin import errands as work
from connector.admin.roles import Role
from connector.core.refs import Side
from connector.engine.run import Run
from connector.sandbox.services import Fault
from connector.storage import errands, runs
from connector.storage.errands import Errand, Order, State
from tests.admin.conftest import Opens
from tests.admin.house import Client, House
from tests.admin.past import MONDAY

Clients = Callable[[Role | None], Client]
_STAMPS = {"lastmodifieddate", "hs_lastmodifieddate", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
PATIENCE_S = 30


def state_of(house: House) -> dict[str, str]:
    """What both sides say of everybody, but for when and by whom it was last saved; a hash of each value."""
    return {
        f"{one.object} {one.id} {name}": hashlib.sha256(str(value).encode()).hexdigest()
        for side in Side
        for one in house.past.world.people(side.value)
        for name, value in {**one.values, "": "there"}.items()
        if name not in _STAMPS and value
    }


def ended(house: House, number: int) -> Errand:
    """Background work, once it has come to an end."""
    for _ in range(PATIENCE_S * 10):
        with house.database.read() as conn:
            found = errands.by_id(conn, number, house.past.now())
        assert found is not None
        if found.state is not State.RUNNING:
            return found
        time.sleep(0.1)
    raise AssertionError("it never ended")


def asked(house: House, client: Client, **form: str) -> Errand:
    """What looking before an undo has found."""
    answer = client.act("/admin/runs/undo", **form)
    assert answer.status_code == 302, answer.text
    return ended(house, int(answer.headers["Location"].rsplit("/", 1)[1]))


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_held_and_everybody_is_at_home(house: House) -> None:
    """No clock runs at night, so that nothing is written but what a test is about."""
    house.past.wait_until(MONDAY + timedelta(days=7, hours=23))
    for _ in range(2):
        house.past.sync(approved=True)


@pytest.fixture
def accident(house: House) -> tuple[dict[str, str], Run]:
    """A value that travelled and should not have, a minute after whatever else did; with the state before it did."""
    house.past.wait_until(house.past.now() + timedelta(minutes=1))
    place = len(house.past.contacts) + int(house.past.now().timestamp()) % 10_000_000
    house.past.markets("Ruth Okoye", phone=f"+49 30 {place}")
    before = state_of(house)
    run = house.past.sync()
    assert state_of(house) != before
    return before, run


def test_runs_are_listed_newest_first_with_what_they_wrote_and_how_they_ended(client: Clients, house: House) -> None:
    shown = client(Role.VIEWER).get("/admin/runs").text
    for words in ("Full comparison", "Sync of what changed", "the worker", "held by a guard", "done"):
        assert words in shown
    assert shown.index("/admin/runs/9") < shown.index("/admin/runs/8")
    only = client(Role.VIEWER).get("/admin/runs?kind=full").text
    assert "/admin/runs/1" in only
    assert "/admin/runs/2" not in only
    assert client(Role.VIEWER).get("/admin/runs?kind=%00%27&people=yes").status_code == 200
    assert client(None).get("/admin/runs").status_code in {302, 303, 401}


def test_a_long_list_of_runs_comes_in_pages(client: Clients, house: House) -> None:
    with house.database.begin() as conn:
        for _ in range(60):
            runs.finish(
                conn, runs.start(conn, "worker", house.past.now(), "smarketing run", ""), house.past.now(), "done", {}
            )
        newest = runs.recent(conn, 1)[0].id
    first = client(Role.VIEWER).get("/admin/runs?kind=worker").text
    assert f"/admin/runs/{newest - 49}" in first
    assert f'/admin/runs/{newest - 50}"' not in first
    second = client(Role.VIEWER).get(f"/admin/runs?kind=worker&before={newest - 49}").text
    assert f"/admin/runs/{newest - 50}" in second
    assert client(Role.VIEWER).get("/admin/runs?before=x").status_code == 400
    people = client(Role.VIEWER).get("/admin/runs?people=yes").text
    assert f'/admin/runs/{newest}"' not in people
    assert "/admin/runs/9" in people


def test_a_run_tells_every_value_it_wrote_and_why(
    client: Clients, accident: tuple[dict[str, str], Run], house: House
) -> None:
    viewer = client(Role.VIEWER)
    shown = viewer.get(f"/admin/runs/{accident[1].id}").text
    for words in ("ruth@okoye-foods.example", "Phone", "it was edited there, and not here", "+49 30"):
        assert words in shown
    assert "Take this run back" not in shown
    assert "Take this run back" in client(Role.OPERATOR).get(f"/admin/runs/{accident[1].id}").text
    assert viewer.get("/admin/runs/999999").status_code == 404
    assert viewer.get("/admin/runs/1?after=x").status_code == 400
    first = viewer.get("/admin/runs/1").text
    assert 'rel="next"' in first
    assert len(house.past.contacts) == 14


def test_a_run_is_taken_back_in_the_browser_and_both_sides_say_what_they_said_before(
    page: Opens, house: House, accident: tuple[dict[str, str], Run], axe: Callable[[Page], None]
) -> None:
    before, run = accident
    written = state_of(house)
    seen = page(Role.OPERATOR, f"/admin/runs/{run.id}")
    axe(seen)
    seen.get_by_role("link", name="Take this run back").click()
    axe(seen)
    seen.get_by_role("button", name="Look what that would do").click()
    seen.get_by_role("button", name="Take it back").wait_for()
    axe(seen)
    assert "ruth@okoye-foods.example" in seen.inner_text("main")
    assert state_of(house) == written, "looking writes nothing"
    seen.get_by_role("button", name="Take it back").click()
    seen.get_by_text("Everything that was chosen is as it was before.").wait_for()
    axe(seen)
    assert state_of(house) == before
    with house.database.read() as conn:
        last = runs.recent(conn, 1)[0]
    assert (last.kind, last.by, last.outcome) == ("undo", "otto (web)", "done")
    house.past.sync()
    assert state_of(house) == before, "no later pass does again what was undone"


def test_a_field_of_a_record_in_a_window_is_taken_back_and_nothing_else(
    client: Clients, house: House, accident: tuple[dict[str, str], Run]
) -> None:
    before, _ = accident
    operator, now = client(Role.OPERATOR), house.past.now()
    named = {
        "record": str(house.contact("Ruth Okoye")),
        "field": "phone",
        "until": (now + timedelta(hours=1)).isoformat(),
    }
    early = {**named, "until": (now - timedelta(days=300)).isoformat()}
    nothing = asked(house, operator, **early)
    assert (nothing.state, "tells of nothing" in nothing.end.problem) == (State.FAILED, True)
    seen = asked(house, operator, **named, since=(now - timedelta(seconds=20)).isoformat())
    assert seen.end.found is not None
    assert (seen.end.found["changes"], seen.end.found["archives"], seen.end.found["refused"]) == (1, 0, [])
    answer = operator.act(f"/admin/runs/work/{seen.id}/undo")
    done = ended(house, int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert (done.state, done.order.by) == (State.DONE, "otto (web)")
    assert state_of(house) == before


def test_an_undo_that_a_silent_crm_cuts_short_says_so_and_started_again_does_what_is_left(
    client: Clients, house: House, accident: tuple[dict[str, str], Run]
) -> None:
    before, run = accident
    operator, faults = client(Role.OPERATOR), house.past.world.services.faults
    seen = asked(house, operator, run=str(run.id))
    faults.add(Fault("status", side="salesforce", params={"status": 503}))
    answer = operator.act(f"/admin/runs/work/{seen.id}/undo")
    cut = ended(house, int(answer.headers["Location"].rsplit("/", 1)[1]))
    faults.clear()
    assert cut.state is State.FAILED
    shown = operator.get(f"/admin/runs/work/{cut.id}").text
    assert "started again, it does what is left" in shown
    assert cut.end.problem[:20] in shown
    seen = asked(house, operator, run=str(run.id))
    answer = operator.act(f"/admin/runs/work/{seen.id}/undo")
    assert ended(house, int(answer.headers["Location"].rsplit("/", 1)[1])).state is State.DONE
    assert state_of(house) == before


def test_what_a_person_has_edited_since_stays_and_is_listed_with_who(
    client: Clients, house: House, accident: tuple[dict[str, str], Run]
) -> None:
    house.past.edits("Ruth Okoye", {"Phone": "+44 20 7946 0000"})
    operator = client(Role.OPERATOR)
    seen = asked(house, operator, run=str(accident[1].id))
    shown = operator.get(f"/admin/runs/work/{seen.id}").text
    for words in ("Nothing would be written.", "What stays as it is (1)", "+44 20 7946 0000", "Phone"):
        assert words in shown
    assert "Take it back" not in shown
    house.past.sync()


def test_a_guard_holds_an_undo_until_somebody_says_that_it_was_seen(client: Clients, house: House) -> None:
    operator = client(Role.OPERATOR)
    before = state_of(house)
    seen = asked(house, operator, run="1")
    assert seen.end.found is not None
    assert "the limit is" in seen.end.found["held"], "it would archive what the first run made"
    shown = operator.get(f"/admin/runs/work/{seen.id}").text
    assert "A guard holds this" in shown
    assert "let it through" in shown
    assert operator.act(f"/admin/runs/work/{seen.id}/undo").headers["Location"].endswith(f"/work/{seen.id}")
    assert "Tick that you have seen it" in operator.get(f"/admin/runs/work/{seen.id}").text
    with house.database.read() as conn:
        latest = errands.latest(conn, work.UNDO, house.past.now())
    assert latest is None or latest.order.asked["run"] != 1
    assert state_of(house) == before


def test_what_cannot_be_undone_is_said_in_words(client: Clients) -> None:
    operator = client(Role.OPERATOR)
    refused: list[tuple[dict[str, str], str]] = [
        ({}, "say what shall be undone"),
        ({"run": "seventeen"}, "is no run&#39;s number"),
        ({"run": "1", "since": "soon"}, "is no time"),
        ({"record": "nobody@nowhere.example"}, "nobody answers to"),
        ({"record": "hubspot:unicorns:7"}, "of no mapped object"),
        ({"record": "<script>alert(1)</script>"}, "names no record"),
        ({"field": "x" * 300}, "too long"),
    ]
    for form, words in refused:
        answer = operator.act("/admin/runs/undo", **form)
        assert (answer.status_code, words in answer.text) == (422, True), (form, answer.text)
        assert "<script>alert" not in answer.text


def test_only_operators_take_back_and_only_what_they_have_seen(client: Clients, house: House) -> None:
    viewer, operator = client(Role.VIEWER), client(Role.OPERATOR)
    posts = ("/admin/runs/undo", "/admin/runs/plan", "/admin/runs/work/1/undo", "/admin/runs/work/1/go-on")
    assert [viewer.act(one).status_code for one in posts] == [403] * 4
    assert viewer.get("/admin/runs/undo").status_code == 403
    assert [operator.post(one).status_code for one in posts] == [400] * 4, "without the token of a form"
    assert operator.act("/admin/runs/work/999999/undo").status_code == 404
    with house.database.begin() as conn:
        number = errands.start(conn, Order("mappings", "anna (web)", {}), house.past.now()) or 0
        errands.finish(conn, number, house.past.now(), errands.End(State.DONE, {}))
    assert operator.get(f"/admin/runs/work/{number}").status_code == 404, "that is another page's"
    seen = asked(house, operator, field="phone")
    assert operator.act(f"/admin/runs/work/{seen.id}/go-on").status_code == 409


@pytest.fixture
def dead(house: House) -> Iterator[int]:
    """A survey whose process died a while ago."""
    with house.database.begin() as conn:
        wanted = {"run": 8, "refs": None, "field": "", "since": None, "until": None, "through": 0}
        number = errands.start(conn, Order(work.SURVEY, "otto (web)", wanted), house.past.now()) or 0
    yield number
    house.past.world.services.clock.advance(120)


def test_while_somebody_looks_another_is_told_to_wait_and_a_dead_one_says_so_and_makes_room(
    page: Opens, client: Clients, house: House, dead: int, axe: Callable[[Page], None]
) -> None:
    operator = client(Role.OPERATOR)
    answer = operator.act("/admin/runs/undo", run="8")
    assert (answer.status_code, "another survey is under way" in answer.text) == (422, True)
    seen = page(Role.OPERATOR, f"/admin/runs/work/{dead}")
    assert "At work" in seen.inner_text("main")
    axe(seen)
    house.past.world.services.clock.advance(errands.LOST_AFTER.total_seconds() + 1)
    seen.get_by_text("Whoever worked on this is gone").wait_for()
    axe(seen)
    assert "Whoever worked on it is gone" in operator.get("/admin/runs").text
    assert asked(house, operator, run="8").state is State.DONE


def test_lists_and_the_audit_read_well_on_a_phone(page: Opens, axe: Callable[[Page], None]) -> None:
    seen = page(Role.OPERATOR, "/admin/runs", wide=390, scheme="dark")
    for path in ("/admin/runs", "/admin/runs/2", "/admin/runs/undo", "/admin/audit"):
        seen.goto(path)
        axe(seen)
        assert seen.evaluate("document.documentElement.scrollWidth") <= 390, path
