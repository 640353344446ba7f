"""People on pages: found by a few words, one record with all that is known of it, and what may be done about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

from connector.admin.named import Configured, crm_url
from connector.admin.roles import Role
from connector.config.load import load
from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.engine.story import ACT
from connector.errors import Transient, Unauthorised
from connector.ports import Crm
from connector.reports import shelf
from connector.storage import bindings, dirty, events, journeys, links
from connector.storage.events import Event
from tests.admin.conftest import Opens
from tests.admin.house import Client, House
from tests.admin.past import FIRMS, NAMES

NASTY = "<script>alert('x')</script>"
Clients = Callable[[Role | None], Client]
ACTS = ("resync", "unlink", "link", "persona")


def path(ref: Ref, rest: str = "") -> str:
    return f"/admin/people/{ref}{rest and '/' + rest}"


def words(html: str) -> str:
    """What a page says, without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def acts_of(house: House, *refs: Ref) -> list[Event]:
    with house.database.read() as conn:
        return [event for event in events.of_refs(conn, refs, 1_000) if event.kind == ACT]


@pytest.fixture(scope="module", autouse=True)
def stranger(house: House) -> Ref:
    """Somebody whose name is an attack, known to both sides."""
    made = house.past.do(
        Side.HUBSPOT, "create", object="contacts",
        properties={"email": "nasty@attack.example", "firstname": "Eve", "lastname": NASTY,
                    "company": "<img src=x onerror=alert(2)>", "lifecyclestage": "lead"},
    )  # fmt: skip
    house.past.sync()
    return hubspot("contacts", made["id"])


# search


@pytest.mark.parametrize(
    ("query", "found", "absent"),
    [
        ("words=nadia", "Nadia Brandt", "Ruth Okoye"),
        ("words=okoye-foods", "Ruth Okoye", "Nadia Brandt"),
        ("stage=sal", "Nadia Brandt", "Ruth Okoye"),
        ("answer=disqualified", "Mia Novak", "Nadia Brandt"),
        ("clock=breached&words=sara", "Sara Lund", "Hugo Blanc"),
    ],
)
def test_people_are_found_by_words_stage_answer_and_clock(client: Clients, query: str, found: str, absent: str):
    page = client(Role.VIEWER).get(f"/admin/people?{query}")
    assert page.status_code == HTTPStatus.OK
    assert found in page.text
    assert absent not in page.text


def test_a_list_has_fifty_people_and_leads_on_to_all_others_once(client: Clients, house: House):
    viewer, seen, address = client(Role.VIEWER), [], "/admin/people"
    while address:
        page = viewer.get(address).text
        rows = re.findall(r'<th scope="row"><a href="/admin/people/([^"]+)"', page)
        assert 0 < len(rows) <= shelf.PAGE
        seen += rows
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen))
    with house.database.read() as conn:
        assert len(seen) == shelf.funnel(conn, house.past.now(), house.past.now()).people > shelf.PAGE


def test_htmx_is_given_the_list_alone_and_whoever_goes_back_all_of_the_page(client: Clients):
    viewer = client(Role.VIEWER)
    part = viewer.get("/admin/people?words=nadia", headers={"HX-Request": "true"})
    assert "Nadia Brandt" in part.text
    assert "<html" not in part.text
    assert part.headers["Vary"].count("HX-Request") == 1
    again = viewer.get(
        "/admin/people?words=nadia", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in again.text


def test_nobody_who_fits_is_said_so(client: Clients):
    assert "Nobody fits all of that" in client(Role.VIEWER).get("/admin/people?words=nobody-at-all").text


# one record


def test_a_record_tells_who_they_are_and_what_is_remembered_field_by_field(client: Clients, house: House):
    said = words(client(Role.VIEWER).get(path(house.contact("Nadia Brandt"))).text)
    assert "Nadia Brandt" in said
    for one in ("SAL", "middle of the funnel", "Boris Keller", "accepted", "No CRM was asked"):
        assert one in said
    assert "HubSpot ⇄ Salesforce a person decides, mappings/contacts.yaml:" in said
    assert "HubSpot → Salesforce edits in Salesforce stay there" in said
    row = re.search(r"job_title.*?(Head of Marketing.*?)jobtitle", said)
    assert row
    assert row[1].count("Head of Marketing") == 2  # the base, and HubSpot as remembered


def test_a_record_tells_its_promises_handoffs_stages_and_story(client: Clients, house: House):
    said = words(client(Role.VIEWER).get(path(house.contact("Ruth Okoye"))).text)
    assert "First touch met met, call out by Boris Keller at 2026-11-02 10:16 UTC" in said
    assert "rejected" in said
    assert "They test another vendor until summer" in said
    assert "until 2026-12-01" in said
    assert "handed to Boris Keller" in said
    assert "made a record" in said
    assert re.search(r"Recycled.*?is there.*?MQL.*?Lead", said)


def test_an_open_issue_of_the_record_is_told_with_both_values(client: Clients, house: House):
    said = words(client(Role.VIEWER).get(path(house.contact("Nadia Brandt"))).text)
    assert "conflict job_title : HubSpot says Chief Marketing Officer, Salesforce says VP Marketing" in said


def test_an_operator_is_led_from_the_record_to_deciding_and_taking_back(client: Clients, house: House):
    ref, operator = house.contact("Nadia Brandt"), client(Role.OPERATOR)
    page = operator.get(path(ref)).text
    decide = re.findall(r'href="(/admin/queue/[^"]+)">([^<]+)', page)
    assert [named for _, named in decide] == [
        "HubSpot&#39;s values stand",
        "Salesforce&#39;s values stand",
        "Look again",
    ]
    shown = words(operator.get(decide[1][0].replace("&amp;", "&")).text)
    assert "Salesforce's values stand: 1 record" in shown.replace("&#39;", "'")
    assert "VP Marketing" in shown
    back = re.search(r'href="(/admin/runs/undo\?[^"]+)"', page)
    assert back
    assert f'value="{ref}"' in operator.get(back[1]).text
    assert "/admin/queue/" not in re.sub(r"<nav.*?</nav>", "", client(Role.VIEWER).get(path(ref)).text, flags=re.DOTALL)


def test_the_page_of_a_record_asks_no_crm(client: Clients, house: House):
    desk = house.app.extensions["smarketing_door"].desk
    with patch.object(desk.office, "live", side_effect=AssertionError("a CRM was asked")):
        page = client(Role.VIEWER).get(path(house.contact("Nadia Brandt")))
    assert page.status_code == HTTPStatus.OK


def test_both_sides_are_read_when_somebody_asks_and_the_plan_is_told(client: Clients, house: House):
    said = words(client(Role.VIEWER).get(path(house.contact("Nadia Brandt"), "now")).text)
    assert "Both sides as read just now" in said
    assert re.search(r"job_title.*?Head of Marketing Chief Marketing Officer edited jobtitle VP Marketing edited", said)
    assert "What the next pass would do Ask a person conflict job_title" in said


def test_a_crm_that_does_not_answer_is_named_and_what_is_remembered_is_shown(client: Clients, house: House):
    desk = house.app.extensions["smarketing_door"].desk
    reader = client(Role.VIEWER)
    with patch.object(desk.office, "live", side_effect=Transient("the login takes too long")):
        said = words(reader.get(path(house.contact("Nadia Brandt"), "now")).text)
    assert "HubSpot does not answer: the login takes too long" in said
    assert "Nobody can say while a side does not answer" in said
    assert "Head of Marketing" in said


def test_one_side_away_leaves_the_other_as_it_is_now(client: Clients, house: House):
    bridge = house.app.extensions["smarketing_door"].desk.office.live()
    away: Crm = bridge.crms[Side.SALESFORCE]
    with patch.object(away, "read_many", side_effect=Unauthorised("the user was deactivated")):
        said = words(client(Role.VIEWER).get(path(house.contact("Nadia Brandt"), "now")).text)
    assert "Salesforce does not answer: the user was deactivated" in said
    assert "HubSpot does not answer" not in said
    assert "Chief Marketing Officer edited" in said  # HubSpot as it is now
    assert "Salesforce remembered" in said


def test_why_a_value_is_what_it_is_names_winner_loser_rule_and_both_edits(client: Clients, house: House):
    past, name = house.past, "Jonas Weber"
    past.markets(name, company="Weber Marine Group")
    past.edits(name, {"Company": "Weber Shipping"})
    past.sync()
    said = words(client(Role.VIEWER).get(path(house.contact(name), "why/company")).text)
    winner = house.record(Side.SALESFORCE, name)["Company"]
    loser = ({"Weber Marine Group", "Weber Shipping"} - {winner}).pop()
    row = re.search(rf"{winner} .*?{loser} lost (both were edited, and the later edit wins.*?)policy: newest", said)
    assert row
    assert "rule company" in row[1]
    assert re.search(r"HubSpot at 2026-11-\d\d .*? UTC, Salesforce at or before 2026-11-\d\d .*? UTC", row[1])
    assert f"the value that lost: {loser}" in words(client(Role.VIEWER).get(path(house.contact(name))).text)


def test_a_field_that_was_never_written_says_who_put_it_there(client: Clients, house: House):
    said = client(Role.VIEWER).get(path(house.contact("Nadia Brandt"), "why/website")).text
    assert "The bridge has never written it here" in said


def test_a_record_is_found_by_either_of_its_refs(client: Clients, house: House):
    lead = salesforce("Lead", house.past.leads["Ruth Okoye"])
    said = words(client(Role.OPERATOR).get(path(lead)).text)
    assert "Ruth Okoye" in said
    assert "They test another vendor until summer" in said
    assert f"{house.contact('Ruth Okoye')} and {lead}" in words(client(Role.OPERATOR).get(path(lead, "unlink")).text)


def test_records_are_linked_into_real_accounts_and_not_into_a_sandbox(client: Clients, house: House):
    contact, lead = house.contact("Ruth Okoye"), salesforce("Lead", house.past.leads["Ruth Okoye"])
    settings = load(house.past.config, house.past.around.env).settings
    real = settings.model_copy(
        update={
            "hubspot": settings.hubspot.model_copy(update={"base_url": "https://api.hubapi.com"}),
            "salesforce": settings.salesforce.model_copy(update={"base_url": "https://acme.my.salesforce.com/"}),
        }
    )
    with house.database.read() as conn:
        portal = bindings.bound(conn, Side.HUBSPOT)
        assert crm_url(conn, real, contact) == f"https://app.hubspot.com/contacts/{portal}/record/0-1/{contact.id}"
        assert crm_url(conn, real, lead) == f"https://acme.my.salesforce.com/{lead.id}"
        assert crm_url(conn, real, hubspot("p123_pets", "1")) == ""
        assert crm_url(conn, settings, contact) == crm_url(conn, settings, lead) == ""
    with patch.object(Configured, "settings", return_value=real):
        page = client(Role.VIEWER).get(path(contact)).text
    assert f'href="https://acme.my.salesforce.com/{lead.id}" rel="noreferrer"' in page


# what is not there, and what means harm


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "hubspot:contacts:999999",
        "salesforce:Lead:00Q000000000000AAA",
        "hubspot:%3Cscript%3E:1",
        "x:y:z",
        "hubspot:contacts:999999/now",
        "hubspot:contacts:999999/why/company",
        "hubspot:contacts:999999/resync",
        "a/b/c/d",
    ],
)
def test_a_record_nobody_knows_is_a_page_that_says_so(client: Clients, address: str):
    page = client(Role.ADMIN).get(f"/admin/people/{address}")
    assert page.status_code == HTTPStatus.NOT_FOUND
    assert "Nothing is here" in page.text
    assert "<script>alert" not in page.text


def test_a_field_nobody_maps_is_not_there(client: Clients, house: House):
    page = client(Role.VIEWER).get(path(house.contact("Nadia Brandt"), f"why/{NASTY.replace('/', '')}"))
    assert page.status_code == HTTPStatus.NOT_FOUND
    assert "<script>alert" not in page.text


def test_names_that_are_code_are_told_as_text(client: Clients, stranger: Ref):
    admin = client(Role.ADMIN)
    addresses = ["/admin/people?words=nasty", f"/admin/people?words={NASTY}", path(stranger), path(stranger, "now")]
    addresses += [path(stranger, f"why/{name}") for name in ("last_name", "company")]
    addresses += [path(stranger, act) for act in (*ACTS, "forget")]
    for address in addresses:
        page = admin.get(address, follow_redirects=True)
        assert page.status_code == HTTPStatus.OK, address
        assert "<script>alert" not in page.text, address
        assert "<img src=x" not in page.text, address
    assert "&lt;script&gt;alert" in admin.get(path(stranger)).text


def test_who_was_merged_is_found_under_the_name_of_today(client: Clients, house: House):
    old, today = hubspot("contacts", "88888888"), house.contact("Ada Moreno")
    with house.database.begin() as conn:
        journeys.go_on(conn, [(old, today)])
    page = client(Role.VIEWER).get(path(old))
    assert (page.status_code, page.location) == (HTTPStatus.FOUND, path(today))


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
