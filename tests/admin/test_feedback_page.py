"""The feedback page: what sales made of handoffs, why they came back, what waits, and what reps said."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from playwright.sync_api import Page, expect

from connector.admin.roles import Role
from connector.engine.bridge import Bridge
from connector.reports import voices
from connector.reports.handoff_words import CLASSES
from connector.reports.handoffs import Feedback, Wanted
from connector.storage import journeys
from connector.storage.voices import Which, answered
from tests.admin.conftest import Opens
from tests.admin.house import Client, House
from tests.admin.test_sla_board import rows, words

Clients = Callable[[Role | None], Client]
NASTY = "<script>alert('x')</script>"


@pytest.fixture
def counted(house: House) -> Feedback:
    """What the command line counts, from every journey."""
    bridge: Bridge = house.app.extensions["smarketing_door"].desk.office.bridge()
    assert bridge.agreement is not None
    found = Feedback(bridge.agreement, house.past.now(), Wanted(), 1_000)
    with house.database.read() as conn:
        for refs, entries in journeys.people(conn):
            found.take(refs, entries)
    return found


def window(house: House, days: int = 30) -> Which:
    now = house.past.now()
    return Which(now - timedelta(days=days), now)


def test_the_page_counts_what_the_journeys_say(client: Clients, counted: Feedback):
    said = words(client(Role.VIEWER).get("/admin/feedback").text)
    rates, statuses = counted.overall, counted.statuses
    among = rates.accepted + rates.rejected + rates.expired
    assert f"Handed over {counted.total} " in said
    assert f"Accept rate {100 * rates.accepted / among:.0f} % {rates.accepted} of {among} decided" in said
    for name in ("Accepted", "Rejected", "Disqualified"):
        assert f"{name} {statuses[name.lower()]} " in said
    assert f"Without an answer {statuses['waiting'] + statuses['asked']} {rates.expired} of them past" in said


def test_the_accept_rate_stands_beside_what_it_means(client: Clients):
    page = client(Role.VIEWER).get("/admin/feedback").text
    assert "Accept rate is accepted / (accepted + rejected + expired)" in page
    assert "who was not answered in the time promised counts against sales" in page


def test_reasons_stand_under_what_their_class_means_and_lead_to_the_handoffs(client: Clients, counted: Feedback):
    viewer = client(Role.VIEWER)
    page = viewer.get("/admin/feedback").text
    labels = counted.agreement.definition.feedback.reasons  # type: ignore[union-attr]  # the shipped files have feedback
    assert counted.reasons
    for (group, reason), number in counted.reasons.items():
        told = {row[0]: row[1] for row in rows(page, f"Reasons: {CLASSES[group]}")}
        assert told[labels[reason].label] == str(number)
    address = re.search(r'href="(/admin/feedback/voices\?[^"]*reason=bad_data[^"]*)"', page)
    assert address
    listed = rows(viewer.get(address[1].replace("&amp;", "&")).text, "Answers, the latest handoff first")
    assert [row[1].split(" Faro Marine")[0] for row in listed] == ["Ines Faro"]


@pytest.mark.parametrize("by", ["source", "persona"])
def test_rates_by_source_and_persona_are_those_of_the_journeys(client: Clients, counted: Feedback, by: str):
    told = rows(client(Role.VIEWER).get(f"/admin/feedback?by={by}").text, f"Answers by {by}")
    rates = counted.by_source if by == "source" else counted.by_persona
    names = {} if by == "source" else counted.agreement.definition.personas.names  # type: ignore[union-attr]  # shipped
    expected = {names.get(name, name): one.rate for name, one in rates.items() if one.rate is not None}
    found = {row[0]: row[2].split(" %")[0] for row in told if row[2] != "\N{EN DASH}"}
    assert {name: f"{100 * rate:.0f}" for name, rate in expected.items() if name} == {
        name: share for name, share in found.items() if not name.startswith("no")
    }
    assert sum(int(row[1]) for row in told) == counted.total


def test_campaigns_and_reps_are_told_too_and_who_has_none_is_one_row(client: Clients, counted: Feedback):
    viewer = client(Role.VIEWER)
    reps = rows(viewer.get("/admin/feedback?by=owner").text, "Answers by owner")
    assert {row[0] for row in reps} == {"Boris Keller", "Chen Wei"}
    campaigns = rows(viewer.get("/admin/feedback?by=campaign").text, "Answers by campaign")
    assert sum(int(row[1]) for row in campaigns) == counted.total
    assert "not known" in {row[0] for row in campaigns}


def test_what_waits_is_listed_the_longest_first_and_counted_by_rep(client: Clients, counted: Feedback):
    page = client(Role.VIEWER).get("/admin/feedback").text
    listed = rows(page, "Handoffs without an answer, the longest waiting first")
    still = [one for one in counted.listed() if one.is_open]
    assert len(listed) == len(still)
    assert [row[0] for row in listed][:2] == ["7 d", "7 d"]
    assert {row[1].split(" ")[0]: row[5] for row in listed}["Omar"] == "lacks something"
    by_rep = rows(page, "Handoffs without an answer by rep")
    assert sum(int(row[1]) for row in by_rep) == len(still)


def test_the_voice_of_sales_is_told_in_its_own_words(client: Clients):
    listed = rows(client(Role.VIEWER).get("/admin/feedback/voices").text, "Answers, the latest handoff first")
    told = {row[1].split(" ")[0]: (row[2], row[3]) for row in listed}
    assert told["Ruth"] == ("rejected No need until 2026-12-01", "“They test another vendor until summer”")
    assert told["Ines"] == ("rejected Bad data", "“The number does not exist”")
    assert told["Mia"] == ("disqualified Junk", "“A student”")
    assert told["Nadia"] == ("accepted", "nothing")
    assert "Omar" not in told  # no complete answer yet


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("answer=accepted", {"Nadia", "Tomas", "Paul"}),
        ("reason=junk", {"Mia"}),
        ("source=EMAIL_MARKETING&answer=rejected", {"Ruth"}),
        ("answer=accepted&reason=junk", set()),
    ],
)
def test_voices_are_narrowed(client: Clients, query: str, found: set[str]):
    page = client(Role.VIEWER).get(f"/admin/feedback/voices?{query}").text
    if not found:
        assert "Nobody said anything that fits" in page
    else:
        assert {row[1].split(" ")[0] for row in rows(page, "Answers, the latest handoff first")} == found


def test_voices_by_rep_are_their_own(client: Clients):
    viewer = client(Role.VIEWER)
    address = re.search(
        r'href="(/admin/feedback/voices\?[^"]*owner=[^"]+)">Chen Wei', viewer.get("/admin/feedback?by=owner").text
    )
    assert address
    listed = rows(viewer.get(address[1].replace("&amp;", "&")).text, "Answers, the latest handoff first")
    assert {row[4] for row in listed} == {"Chen Wei"}


def test_pages_of_voices_hold_each_answer_once(house: House, monkeypatch: pytest.MonkeyPatch):
    bridge: Bridge = house.app.extensions["smarketing_door"].desk.office.bridge()
    assert bridge.agreement is not None
    definition, seen, after = bridge.agreement.definition, [], ""
    with house.database.read() as conn:
        whole = answered(conn, window(house), "", 100)
        monkeypatch.setattr(voices, "PAGE", 2)
        while True:
            found = voices.latest(conn, definition, window(house), after)
            seen += [one.given for one in found.rows]
            after = found.after
            if not after:
                break
            assert len(found.rows) == 2
    assert seen == whole
    assert len(whole) == 6
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)


def test_a_window_holds_the_handoffs_made_in_it(client: Clients, house: House):
    viewer = client(Role.VIEWER)
    week, month = (words(viewer.get(f"/admin/feedback?days={days}").text) for days in (7, 30))
    assert "Handed over 6 " in week  # the second Monday's
    assert "Handed over 14 " in month
    with house.database.read() as conn:
        assert answered(conn, window(house, 7), "", 100) == []


@pytest.mark.parametrize(
    "address", ["/admin/feedback?after=x", "/admin/feedback/voices?after=x", "/admin/feedback/voices?after=" + "9" * 30]
)
def test_a_place_that_no_page_named_is_nowhere(client: Clients, address: str):
    assert client(Role.VIEWER).get(address).status_code == HTTPStatus.NOT_FOUND


def test_what_is_asked_for_is_never_taken_for_code(client: Clients):
    for query in (f"source={NASTY}", f"campaign={NASTY}", f"answer={NASTY}", f"by={NASTY}", f"days={NASTY}"):
        for address in ("/admin/feedback", "/admin/feedback/voices"):
            page = client(Role.VIEWER).get(f"{address}?{query}")
            assert page.status_code == HTTPStatus.OK
            assert "<script>alert" not in page.text


def test_a_comment_that_is_code_is_told_as_text(client: Clients, house: House):
    house.past.answers("Lena Voss", "Rejected", reason="Bad data", comment=f"{NASTY} wrong number")
    house.past.sync()
    for address in ("/admin/feedback/voices", f"/admin/people/{house.contact('Lena Voss')}"):
        page = client(Role.VIEWER).get(address).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_strangers_are_sent_to_sign_in(client: Clients):
    for address in ("/admin/feedback", "/admin/feedback/voices"):
        assert "/admin/sign-in" in client(None).get(address).location


def test_feedback_in_a_browser(page: Opens, axe: Callable[[Page], None]):
    shown = page(Role.VIEWER, "/admin/feedback")
    axe(shown)
    shown.get_by_role("link", name="by rep").click()
    expect(shown.get_by_role("region", name="Answers by owner")).to_contain_text("Chen Wei")
    shown.get_by_role("link", name="Junk").click()
    expect(shown.locator("main")).to_contain_text("A student")
    axe(shown)
    shown.get_by_role("link", name="Mia Novak").click()
    assert shown.locator("h1").inner_text() == "Mia Novak"


@pytest.mark.parametrize(("wide", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
def test_feedback_fits_a_phone_and_the_dark(page: Opens, axe: Callable[[Page], None], wide: int, scheme: str):
    for address in ("/admin/feedback", "/admin/feedback/voices"):
        shown = page(Role.VIEWER, address, wide=wide, scheme=scheme)
        axe(shown)
        assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
