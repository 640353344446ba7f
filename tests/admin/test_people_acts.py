"""What may be done about a record on its page: by whom, with the effect shown first; and its pages in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from connector.admin.roles import Role
from connector.core.refs import Ref, salesforce
from connector.engine.story import ACT
from connector.reports import shelf
from connector.storage import dirty, events, journeys, links
from connector.storage.events import Event
from tests.admin.conftest import Opens
from tests.admin.house import Client, House
from tests.admin.past import FIRMS, NAMES
from tests.admin.test_people import ACTS, path, words

Clients = Callable[[Role | None], Client]


def acts_of(house: House, *refs: Ref) -> list[Event]:
    with house.database.read() as conn:
        return [event for event in events.of_refs(conn, refs, 1_000) if event.kind == ACT]


# who may do what


@pytest.mark.parametrize(
    ("role", "act"), [(Role.VIEWER, act) for act in (*ACTS, "forget")] + [(Role.OPERATOR, "forget")]
)
def test_whoever_may_not_act_is_told_so_and_sees_no_button(client: Clients, house: House, role: Role, act: str):
    ref, someone = house.contact("Priya Nair"), client(role)
    assert someone.get(path(ref, act)).status_code == HTTPStatus.FORBIDDEN
    assert someone.act(path(ref, act), typed=str(ref), to=str(ref)).status_code == HTTPStatus.FORBIDDEN
    assert f'href="{path(ref, act)}"' not in someone.get(path(ref)).text
    assert acts_of(house, ref) == []


def test_a_stranger_is_asked_to_sign_in(client: Clients, house: House):
    for address in ("/admin/people", path(house.contact("Priya Nair")), path(house.contact("Priya Nair"), "forget")):
        page = client(None).get(address)
        assert "/admin/sign-in" in page.location
        assert "Priya" not in page.text


@pytest.mark.parametrize("act", [*ACTS, "forget"])
def test_an_act_that_was_not_sent_by_our_form_is_not_done(client: Clients, house: House, act: str):
    ref = house.contact("Priya Nair")
    answer = client(Role.ADMIN).post(path(ref, act), data={"typed": str(ref), "to": str(ref), "persona": "executive"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref])
    assert acts_of(house, ref) == []


# acts


def test_another_look_is_marked_and_told_with_who_asked(client: Clients, house: House):
    ref, operator = house.contact("Kofi Mensah"), client(Role.OPERATOR)
    assert "reads both sides afresh" in operator.get(path(ref, "resync")).text
    page = operator.act(path(ref, "resync"))
    assert page.location == path(ref)
    assert acts_of(house, ref)[-1].payload == {"act": "resync", "by": "otto (web)"}
    with house.database.read() as conn:
        assert {one.reason for one in dirty.waiting(conn, [ref])} == {"resync"}
    said = words(operator.get(path(ref)).text)
    assert "It will be looked at again" in said
    assert "asked for another look by otto (web)" in said
    house.past.sync()


def test_two_are_kept_apart_and_linked_again_with_the_effect_shown_first(client: Clients, house: House):
    ref, other, operator = house.contact("Omar Haddad"), house.past.leads["Omar Haddad"], client(Role.OPERATOR)
    lead = salesforce("Lead", other)
    assert f"{ref} and {lead} are no longer kept in step" in words(operator.get(path(ref, "unlink")).text)
    operator.act(path(ref, "unlink"))
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref])[ref].stopped
    said = words(operator.get(path(ref)).text)
    assert "kept apart by a person" in said
    house.past.markets("Omar Haddad", company="Haddad Holding")
    shown = words(operator.get(path(ref, f"link?to={other}")).text)
    assert "company Haddad Holding Haddad " in shown
    assert "What the next pass would do" in shown
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref])[ref].stopped  # shown, not done
    operator.act(path(ref, "link"), to=str(lead))
    with house.database.read() as conn:
        assert not links.by_refs(conn, [ref])[ref].stopped
    assert [event.payload["act"] for event in acts_of(house, ref)] == ["unlink", "link"]
    house.past.sync()


@pytest.mark.parametrize(
    ("asked", "words_of_it"),
    [("nobody@nowhere.example", "nobody answers to"), ("<b>x</b>", "names no record"), ("hubspot:contacts:1", "")],
)
def test_a_link_that_cannot_be_is_said_at_the_field(client: Clients, house: House, asked: str, words_of_it: str):
    page = client(Role.OPERATOR).get(path(house.contact("Priya Nair"), "link"), query_string={"to": asked})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert words_of_it in page.text
    assert "<b>x</b>" not in page.text
    assert 'aria-invalid="true"' in page.text


@pytest.mark.parametrize("to", ["", "nonsense", "hubspot:contacts:1", "salesforce:Lead:00Q000000000000AAA"])
def test_a_link_that_is_sent_all_the_same_is_refused_with_a_reason(client: Clients, house: House, to: str):
    ref, operator = house.contact("Priya Nair"), client(Role.OPERATOR)
    page = operator.act(path(ref, "link"), to=to)
    assert page.location == path(ref)
    assert 'class="note bad"' in operator.get(path(ref)).text
    assert acts_of(house, ref) == []


def test_a_persona_is_chosen_by_hand_and_the_choice_taken_back(client: Clients, house: House):
    ref, operator = house.contact("Sara Lund"), client(Role.OPERATOR)
    page = operator.get(path(ref, "persona")).text
    assert "smarketing_persona" in page
    offered = dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]+)', page))
    chosen = next(one for one in offered if one)
    operator.act(path(ref, "persona"), persona=chosen)
    house.past.sync()
    with house.database.read() as conn:
        face = shelf.face(conn, ref)
    assert face is not None
    assert face.persona == chosen
    assert acts_of(house, ref)[-1].payload == {"act": "persona", "persona": chosen, "by": "otto (web)"}
    assert f"chose the persona {chosen} by otto (web)" in words(operator.get(path(ref)).text)
    operator.act(path(ref, "persona"), persona="")
    assert "left the persona to the rules" in words(operator.get(path(ref)).text)
    operator.act(path(ref, "persona"), persona="no-such-persona")
    assert "there is no persona" in operator.get(path(ref)).text
    house.past.sync()


def test_forgetting_takes_the_name_typed_and_leaves_nothing_but_that_it_was_done(client: Clients, house: House):
    past, admin = house.past, client(Role.ADMIN)
    ref = house.contact("Hugo Blanc")
    shown = words(admin.get(path(ref, "forget")).text)
    assert "It cannot be taken back" in shown
    assert re.search(r"[1-9]\d* events? of the story", shown)
    assert "The CRMs are not touched" in shown
    for wrong in ("", "hugo", "someone@else.example"):
        page = admin.act(path(ref, "forget"), typed=wrong)
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "nothing was forgotten" in page.text
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref])
        before = events.newest(conn)
    answer = admin.act(
        path(ref, "forget"), typed=" HUGO@blanc-optics.example ".replace("optics", firm_of("Hugo Blanc"))
    )
    assert answer.location == "/admin/people"
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref]) == {}
        assert journeys.of_refs(conn, [ref]) == []
        assert shelf.face(conn, ref) is None
        (told,) = [event for event in events.since(conn, past.now(), 10, after=before) if event.kind == ACT]
    assert (told.payload, told.hubspot, told.salesforce) == ({"act": "forget", "by": "anna (web)"}, None, None)
    listed = admin.get("/admin/people?words=hugo").text
    assert "The person is forgotten by the bridge" in listed
    assert path(ref) not in listed
    assert admin.get(path(ref)).status_code == HTTPStatus.NOT_FOUND


def firm_of(name: str) -> str:
    return FIRMS[NAMES.index(name) % 7].lower()


# in a browser


def test_search_follows_what_is_typed(page: Opens, axe: Callable[[Page], None]):
    shown = page(Role.VIEWER, "/admin/people")
    axe(shown)
    shown.get_by_label("Name, e-mail, company").press_sequentially("okoye", delay=10)
    expect(shown.locator("#found tbody tr")).to_have_count(1)
    expect(shown.locator("#found")).to_contain_text("Ruth Okoye")
    assert "words=okoye" in shown.url
    shown.get_by_label("Stage").select_option(label="SAL")
    expect(shown.locator("#found")).to_contain_text("Nobody fits all of that")
    axe(shown)


def test_search_works_without_scripts(house: House, browser: Any):
    context = browser.new_context(base_url=house.url, java_script_enabled=False)
    context.add_cookies([{"name": "smarketing_session", "value": house.sign_in(Role.VIEWER), "url": house.url}])
    shown = context.new_page()
    shown.goto("/admin/people")
    shown.fill("#words", "okoye")
    shown.get_by_role("button", name="Search").click()
    assert shown.locator("#found tbody tr").count() == 1
    shown.get_by_role("link", name="Ruth Okoye").click()
    shown.get_by_role("link", name="Read both sides now").click()
    assert "Both sides as read" in shown.inner_text("#now")
    assert shown.locator("h1").inner_text() == "Ruth Okoye"
    context.close()


def test_a_record_is_read_afresh_in_its_place(page: Opens, house: House, axe: Callable[[Page], None]):
    shown = page(Role.ADMIN, path(house.contact("Nadia Brandt")))
    axe(shown)
    shown.get_by_role("link", name="Read both sides now").click()
    expect(shown.locator("#now")).to_contain_text("What the next pass would do")
    expect(shown.locator("#now")).to_contain_text("Chief Marketing Officer")
    assert shown.url.endswith(path(house.contact("Nadia Brandt")))
    for summary in shown.locator("summary:visible").all()[:3]:
        summary.click()
    axe(shown)
    shown.locator("#now").get_by_role("link", name="job_title").click()
    assert shown.locator("h1").inner_text() == "Why job_title is what it is"
    axe(shown)


@pytest.mark.parametrize(("wide", "scheme"), [(390, "light"), (1280, "dark"), (390, "dark")])
def test_pages_about_people_fit_a_phone_and_the_dark(
    page: Opens, house: House, axe: Callable[[Page], None], wide: int, scheme: str
):
    for address in ("/admin/people", path(house.contact("Ruth Okoye"))):
        shown = page(Role.OPERATOR, address, wide=wide, scheme=scheme)
        axe(shown)
        assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_operator_does_every_act_in_a_browser(page: Opens, house: House, axe: Callable[[Page], None]):
    ref, lead = house.contact("Lena Voss"), house.past.leads["Lena Voss"]
    shown = page(Role.OPERATOR, path(ref))
    assert shown.get_by_role("link", name="Forget").count() == 0
    shown.get_by_role("link", name="Look again", exact=True).click()
    axe(shown)
    shown.get_by_role("button", name="Look again").click()
    expect(shown.locator(".told")).to_contain_text("It will be looked at again")
    shown.get_by_role("link", name="Choose persona").click()
    axe(shown)
    shown.get_by_label("Persona").select_option(index=1)
    shown.get_by_role("button", name="Choose it").click()
    expect(shown.locator(".told")).to_contain_text("from now on")
    shown.get_by_role("link", name="Unlink").click()
    axe(shown)
    shown.get_by_role("link", name="Leave it as it is").click()
    shown.get_by_role("link", name="Unlink").click()
    shown.get_by_role("button", name="Keep them apart").click()
    expect(shown.locator(".told")).to_contain_text("kept apart")
    shown.get_by_role("link", name="Link to …").click()
    shown.get_by_label("The record in Salesforce").fill(lead)
    axe(shown)
    shown.get_by_role("button", name="Show what it does").click()
    axe(shown)
    shown.get_by_role("button", name="Link the two").click()
    expect(shown.locator(".told")).to_contain_text("are linked")
    assert [event.payload["act"] for event in acts_of(house, ref)] == ["resync", "persona", "unlink", "link"]


def test_an_admin_forgets_somebody_in_a_browser(page: Opens, house: House, axe: Callable[[Page], None]):
    ref = house.contact("Tomas Lind")
    shown = page(Role.ADMIN, path(ref))
    shown.get_by_role("link", name="Forget").click()
    axe(shown)
    shown.get_by_label("Type the e-mail address").fill("wrong")
    shown.get_by_role("button", name="Forget for good").click()
    expect(shown.locator(".error")).to_contain_text("nothing was forgotten")
    axe(shown)
    shown.get_by_label("Type the e-mail address").fill(str(ref))
    shown.get_by_role("button", name="Forget for good").click()
    expect(shown.locator(".told")).to_contain_text("is forgotten by the bridge")
    with house.database.read() as conn:
        assert links.by_refs(conn, [ref]) == {}
