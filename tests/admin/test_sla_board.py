"""The SLA board: what is due, what is late and by how much business time, who has it, and how promises were kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, expect

from connector.admin.roles import Role
from connector.core.sla import State
from connector.engine.bridge import Bridge
from connector.reports import shelf
from connector.reports.pressing import pressing
from connector.reports.promises import Clock, OpenClocks, Wanted, span_words
from connector.reports.shelf import BoardAsked, Open
from connector.storage import journeys
from tests.admin.conftest import Opens
from tests.admin.house import Client, House

Clients = Callable[[Role | None], Client]
BORIS, CHEN = "Boris Keller", "Chen Wei"


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("&#39;", "'")


def bridge_of(house: House) -> Bridge:
    return house.app.extensions["smarketing_door"].desk.office.bridge()


def judged(house: House) -> list[Clock]:
    """Every open clock as the journeys say, the most pressing first: what the command line tells."""
    bridge = bridge_of(house)
    assert bridge.agreement is not None
    found = OpenClocks(bridge.agreement, house.past.now(), Wanted(), 1_000)
    with house.database.read() as conn:
        for refs, entries in journeys.people(conn):
            found.take(refs, entries)
    return found.clocks


def rows(html: str, label: str) -> list[list[str]]:
    """The cells of a table, as read."""
    table = re.search(rf'aria-label="{label}".*?</table>', html, re.DOTALL)
    assert table, label
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", table[0], re.DOTALL)[1:]
    return [
        [words(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)] for line in lines
    ]


OPEN = "Open clocks, the most pressing first"


def test_the_board_tells_what_the_journeys_say_late_first_in_business_time(client: Clients, house: House):
    board = rows(client(Role.VIEWER).get("/admin/sla").text, OPEN)
    clocks = judged(house)
    assert len(board) == len(clocks) <= shelf.PAGE
    late = [clock for clock in clocks if clock.cycle.state is State.BREACHED]
    assert [row[1] for row in board[: len(late)]] == ["late"] * len(late)
    assert "late" not in {row[1] for row in board[len(late) :]}
    told = sorted((row[4].split(" sales")[0].split(" marketing")[0], row[2]) for row in board)
    assert told == sorted(
        (clock.name, f"{span_words(clock.cycle.lateness)} late" if clock.cycle.lateness
         else f"{span_words(clock.cycle.remaining)} left") for clock in clocks
    )  # fmt: skip
    assert ("First touch", "40 h 5 min late") in told  # 170 hours on the wall


def test_the_figures_count_all_open_clocks(client: Clients, house: House):
    said = words(client(Role.VIEWER).get("/admin/sla").text)
    states = [clock.cycle.state for clock in judged(house)]
    for name, state in (("Late", State.BREACHED), ("Warned", State.WARNED), ("Running", State.RUNNING)):
        assert re.search(rf"{name} {states.count(state)} ", said), name


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("state=breached", lambda row: row[1] == "late"),
        ("state=warned", lambda row: row[1] == "warned"),
        ("policy=first_touch", lambda row: row[4].startswith("First touch")),
        ("team=marketing", lambda row: row[4].endswith("marketing") and row[5] == "marketing"),
        ("state=breached&policy=first_touch", lambda row: row[1] == "late" and row[4].startswith("First touch")),
    ],
)
def test_the_board_is_narrowed(client: Clients, query: str, holds: Callable[[list[str]], bool]):
    viewer = client(Role.VIEWER)
    every, some = (rows(viewer.get(address).text, OPEN) for address in ("/admin/sla", f"/admin/sla?{query}"))
    assert 0 < len(some) < len(every)
    assert [row for row in every if holds(row)] == some


def test_a_rep_sees_their_own_and_every_rep_is_counted(client: Clients, house: House):
    viewer = client(Role.VIEWER)
    page = viewer.get("/admin/sla").text
    by_rep = {row[0]: list(map(int, row[1:5])) for row in rows(page, "Open clocks and handoffs by rep")}
    owner = re.search(rf'href="(/admin/sla\?owner=[^"]+)">{BORIS}', page)
    assert owner
    mine = rows(viewer.get(owner[1]).text, OPEN)
    assert {row[5] for row in mine} == {BORIS}
    counts = [sum(row[1] == state for row in mine) for state in ("late", "warned", "running", "paused")]
    assert by_rep[BORIS] == counts
    assert {BORIS, CHEN, "no rep"} <= set(by_rep)
    assert sum(map(sum, by_rep.values())) == len(judged(house))


def test_open_clocks_are_counted_by_promise(client: Clients, house: House):
    viewer = client(Role.VIEWER)
    page = viewer.get("/admin/sla").text
    told = {row[0]: [int(cell) for cell in row[1:]] for row in rows(page, "Open clocks by promise")}
    clocks = judged(house)
    states = (State.BREACHED, State.WARNED, State.RUNNING, State.PAUSED)
    assert told == {
        name: [sum((clock.name, clock.cycle.state) == (name, state) for clock in clocks) for state in states]
        for name in {clock.name for clock in clocks}
    }
    assert [counts[0] for counts in told.values()] == sorted((counts[0] for counts in told.values()), reverse=True)
    mine = re.search(r'href="(/admin/sla\?policy=[^"]+)">First touch', page)
    assert mine
    assert len(rows(viewer.get(mine[1]).text, OPEN)) == sum(told["First touch"])


def test_nothing_that_fits_is_said_so_and_unknown_choices_show_the_board(client: Clients):
    viewer = client(Role.VIEWER)
    assert "No open clock fits that" in viewer.get("/admin/sla?owner=nobody").text
    assert OPEN in viewer.get("/admin/sla?state=asleep&by=moon&days=a").text


@pytest.mark.parametrize("after", ["x", "1 2", "9" * 40, "\0", "1 2 3"])
def test_a_place_that_no_page_named_is_nowhere(client: Clients, after: str):
    answer = client(Role.VIEWER).get("/admin/sla", query_string={"after": after})
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_pages_of_the_board_lead_through_all_of_it(client: Clients, house: House, monkeypatch: pytest.MonkeyPatch):
    ask = shelf.board
    monkeypatch.setattr(shelf, "board", lambda conn, asked, now: ask(conn, replace(asked, limit=7), now))
    viewer, address, seen = client(Role.VIEWER), "/admin/sla?team=sales", []
    while address:
        page = viewer.get(address).text
        seen += rows(page, OPEN)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
        assert not address or "team=sales" in address
    monkeypatch.undo()
    assert seen == rows(viewer.get("/admin/sla?team=sales").text, OPEN)


def test_how_promises_were_kept_counts_what_is_open_past_due_and_says_its_definition(client: Clients, house: House):
    page = client(Role.VIEWER).get("/admin/sla?days=30&by=policy").text
    kept = {row[0]: row for row in rows(page, "Promises kept, by policy")}
    late = [clock for clock in judged(house) if clock.cycle.state is State.BREACHED]
    name, share, met, breached, still, *_ = kept["First touch"]
    assert int(still) == sum(clock.name == name for clock in late)
    assert int(breached) >= int(still) > 0
    assert share.startswith(f"{round(100 * int(met) / (int(met) + int(breached)))} %")
    assert "Attainment is met / (met + late)" in page
    assert "open past its due time counts as late" in page
    decided = [(int(row[2]), int(row[3])) for row in kept.values()]
    overall = sum(one for one, _ in decided) / sum(map(sum, decided))
    assert f"<strong>{round(100 * overall)} %</strong>" in page


@pytest.mark.parametrize(("by", "someone"), [("owner", BORIS), ("persona", "Executive"), ("source", "PAID_SEARCH")])
def test_promises_are_told_by_rep_persona_and_source(client: Clients, by: str, someone: str):
    page = client(Role.VIEWER).get(f"/admin/sla?by={by}").text
    assert someone in {row[0] for row in rows(page, f"Promises kept, by {by}")}
    assert re.search(r'aria-current="true">by ' + ("rep" if by == "owner" else by), page)


def test_a_shorter_window_holds_what_was_due_in_it(client: Clients, house: House):
    viewer = client(Role.VIEWER)
    week, year = (rows(viewer.get(f"/admin/sla?days={days}").text, "Promises kept, by policy") for days in (7, 365))
    count = lambda found: sum(int(row[2]) + int(row[3]) for row in found)  # noqa: E731  # only here
    assert 0 < count(week) < count(year)
    with house.database.read() as conn:
        now = house.past.now()
        told = shelf.attainment(conn, now - timedelta(days=7), now, now)
    assert count(week) == sum(one.met + one.breached for one in told)


def test_the_refresh_is_given_the_board_alone(client: Clients):
    part = client(Role.VIEWER).get("/admin/sla?state=breached", headers={"HX-Request": "true"}).text
    assert OPEN in part
    assert "<html" not in part
    assert "How promises were kept" not in part
    assert re.search(r'hx-get="/admin/sla\?[^"]*state=breached[^"]*"[^>]*hx-trigger="every 60s"', part)


def test_a_clock_that_has_just_ended_says_nothing_rather_than_something_wrong(house: House):
    bridge, ref = bridge_of(house), house.contact("Nadia Brandt")
    assert bridge.agreement is not None
    with house.database.read() as conn:
        found = shelf.board(conn, BoardAsked(), house.past.now()).rows
        ended: Open = replace(next(one for one in found if one.ref == ref), policy="first_touch")
        told = pressing(conn, bridge.agreement, [*found, ended], house.past.now())
    assert (ref, "first_touch") not in told
    assert (ref, "next_step") in told


def test_a_stranger_is_sent_to_sign_in(client: Clients):
    assert "/admin/sign-in" in client(None).get("/admin/sla").location


def test_without_a_lifecycle_the_pages_say_what_switches_it_on(client: Clients, house: House):
    desk = house.app.extensions["smarketing_door"].desk
    bare = replace(desk.office.bridge(), agreement=None)
    office = type(desk.office)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(office, "bridge", lambda _: bare)
        for address in ("/admin/sla", "/admin/feedback", "/admin/feedback/voices"):
            assert "lifecycle.yaml" in client(Role.VIEWER).get(address).text
        people = client(Role.VIEWER).get("/admin/people?words=nadia").text
        assert "Nadia Brandt" in people
        assert "Boris Keller" in client(Role.VIEWER).get(f"/admin/people/{house.contact('Nadia Brandt')}").text


def test_the_board_in_a_browser(page: Opens, axe: Callable[[Page], None]):
    shown = page(Role.VIEWER, "/admin/sla")
    axe(shown)
    shown.get_by_label("State").select_option(label="warned")
    expect(shown.locator("#board tbody").first.locator("tr")).to_have_count(2)
    assert "state=warned" in shown.url
    shown.reload()
    expect(shown.locator("#board tbody").first.locator("tr")).to_have_count(2)
    shown.get_by_role("link", name="by rep").click()
    expect(shown.get_by_role("region", name="Promises kept, by owner")).to_contain_text(BORIS)
    shown.locator("#board").get_by_role("link", name="Late").click()
    expect(shown.locator("#board")).to_contain_text("40 h 5 min late")
    shown.get_by_role("link", name="Lena Voss").first.click()
    assert shown.locator("h1").inner_text() == "Lena Voss"


def test_the_board_refreshes_itself(page: Opens):
    shown = page(Role.VIEWER)
    shown.clock.install()
    shown.goto("/admin/sla?state=warned")
    with shown.expect_response(lambda answer: "state=warned" in answer.url and "hx-request" in answer.request.headers):
        shown.clock.run_for(61_000)
    expect(shown.locator("#board tbody").first.locator("tr")).to_have_count(2)


@pytest.mark.parametrize(("wide", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
def test_the_board_fits_a_phone_and_the_dark(page: Opens, axe: Callable[[Page], None], wide: int, scheme: str):
    shown = page(Role.VIEWER, "/admin/sla", wide=wide, scheme=scheme)
    axe(shown)
    assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
