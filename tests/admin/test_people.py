"""People on pages: found by a few words, one record with all that is known of it, and what may be done about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from unittest.mock import patch

import pytest

from connector.admin.named import Configured, crm_url
from connector.admin.roles import Role
from connector.config.load import load
from connector.core.refs import Ref, Side, hubspot, salesforce
from connector.errors import Transient, Unauthorised
from connector.ports import Crm
from connector.reports import shelf
from connector.storage import bindings, journeys
from tests.admin.house import Client, House

NASTY = "<script>alert('x')</script>"
Clients = Callable[[Role | None], Client]
ACTS = ("resync", "unlink", "link", "persona")


def path(ref: Ref, rest: str = "") -> str:
    return f"/admin/people/{ref}{rest and '/' + rest}"


def words(html: str) -> str:
    """What a page says, without its tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


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
