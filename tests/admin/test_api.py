"""Scripts read and act by the API: over real HTTP, every answer as the document describes it, every refusal with what
to do about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from connector.admin import keys
from connector.admin.api.openapi import document
from connector.admin.api.table import OPERATIONS
from connector.admin.api.wire import PREFIX
from connector.admin.roles import Role
from connector.core.refs import Side
from connector.engine.story import ACT
from connector.storage import events, tokens
from connector.storage.tokens import Token
from tests.admin.house import House

DOCUMENT = document(OPERATIONS, PREFIX)
Asks = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def tokens_by_role(house: House) -> dict[Role, str]:
    made = {role: keys.fresh_token() for role in Role}
    with house.database.begin() as conn:
        for role, key in made.items():
            tokens.add(conn, Token(keys.digest(key), f"{role.word}s-script", role.word, "anna", house.past.now()))
    return made


@pytest.fixture
def asks(house: House, tokens_by_role: dict[Role, str]) -> Asks:
    def ask(path: str, body: Any = None, role: Role = Role.OPERATOR, **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {tokens_by_role[role]}"}
        url = f"{house.url}{PREFIX}{path}"
        if body is None:
            found = requests.get(url, params=query, headers=headers, timeout=30)
        else:
            found = requests.post(url, json=body, headers=headers, timeout=30)
        _holds(found, "GET" if body is None else "POST")
        return found

    return ask


def _holds(found: requests.Response, method: str) -> None:
    """An answer is what the document says it is."""
    path = found.url.partition(PREFIX)[2].partition("?")[0]
    one = next(each for each in OPERATIONS if each.method == method and _fits(each.template, path))
    name = one.answers.__name__ if found.ok else "Problem"
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(found.json())
    assert found.headers["Content-Type"] == ("application/json" if found.ok else "application/problem+json")


def _fits(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        part == told or (part.startswith("{") and (part not in ("{issue}", "{run}") or told.isdigit()))
        for part, told in zip(wanted, given, strict=True)
    )


def test_people_are_found_by_words_page_by_page(asks: Asks):
    first = asks("/people", limit=40).json()
    assert len(first["people"]) == 40
    second = asks("/people", limit=40, after=first["after"]).json()
    assert not {one["ref"] for one in first["people"]} & {one["ref"] for one in second["people"]}
    assert [one["name"] for one in asks("/people", words="brandt nadia").json()["people"]] == ["Nadia Brandt"]
    assert asks("/people", words="nobody-is-called-so").json() == {"people": [], "after": ""}


def test_one_person_is_told_with_their_standing(asks: Asks, house: House):
    told = asks(f"/people/{house.contact('Nadia Brandt')}").json()
    assert (told["name"], told["answer"]) == ("Nadia Brandt", "accepted")
    assert told["hubspot"] == str(house.contact("Nadia Brandt"))
    assert told["salesforce"].startswith("salesforce:Lead:")


def test_who_is_not_known_is_not_found(asks: Asks):
    found = asks("/people/hubspot:contacts:999999999")
    assert (found.status_code, found.json()["detail"]) == (404, "nobody is known by hubspot:contacts:999999999")


def test_a_ref_that_is_none_says_what_one_looks_like(asks: Asks):
    found = asks("/people/ada")
    assert found.status_code == 409
    assert "write it like hubspot:contacts:33451" in found.json()["detail"]


def test_why_a_value_is_what_it_is_names_both_names_of_the_field(asks: Asks, house: House):
    ref = house.contact("Nadia Brandt")
    by_rule, by_field = (asks(f"/people/{ref}/why", field=name).json() for name in ("last_name", "LastName"))
    assert by_rule == by_field
    assert by_rule["changes"][0]["after"] == "Brandt"
    assert asks(f"/people/{ref}/why").status_code == 422


def test_the_story_comes_in_pages(asks: Asks, house: House):
    ref = house.contact("Nadia Brandt")
    whole = asks(f"/people/{ref}/story", limit=500).json()["story"]
    page, told = asks(f"/people/{ref}/story", limit=1).json(), []
    while page["story"]:
        told += page["story"]
        page = asks(f"/people/{ref}/story", limit=1, after=page["after"]).json() if page["after"] else {"story": []}
    assert told == whole
    assert len(whole) > 1


@pytest.mark.parametrize("path", ["/attainment", "/funnel", "/feedback", "/clocks", "/handoffs/unanswered"])
def test_the_numbers_of_both_teams_are_told(asks: Asks, path: str):
    found = asks(path, role=Role.VIEWER)
    assert found.status_code == 200
    assert any(isinstance(part, list) and part for part in found.json().values()), found.text


def test_a_window_is_taken_only_with_a_zone(asks: Asks):
    assert asks("/funnel", since="2026-11-02T00:00:00Z", until="2026-11-09T00:00:00Z").json()["people"] > 100
    [problem] = asks("/funnel", since="2026-11-02T00:00:00").json()["problems"]
    assert problem["key"] == "since"


def test_health_runs_and_definition_are_told(asks: Asks):
    assert asks("/health").json()["issues"]["conflict"] >= 1
    latest = asks("/runs", limit=3).json()["runs"]
    assert asks(f"/runs/{latest[0]['id']}").json() == latest[0]
    assert asks("/runs/123456").status_code == 404
    first = asks("/runs", limit=500).json()["runs"][-1]
    assert asks(f"/runs/{first['id']}/story", limit=5).json()["story"][0]["run"] == first["id"]
    assert {one["id"] for one in asks("/definition").json()["definition"]["stages"]} > {"lead", "mql"}


def test_all_that_cannot_be_used_is_told_at_once(asks: Asks):
    found = asks("/people", limit=0, nonsense="x", answer="maybe")
    assert found.status_code == 422
    assert {one["key"] for one in found.json()["problems"]} == {"limit", "nonsense", "answer"}


def test_no_tag_stands_in_an_answer_whatever_was_asked(asks: Asks):
    found = asks("/people", limit="<script>")
    assert found.json()["problems"][0]["found"] == "<script>"
    assert "<" not in found.text


def test_a_kind_that_does_not_exist_lists_those_that_do(asks: Asks):
    found = asks("/issues", kind="quarrel")
    assert found.status_code == 404
    assert "conflict" in found.json()["detail"]


def test_a_viewers_token_does_not_act(asks: Asks, house: House):
    found = asks(f"/people/{house.contact('Nadia Brandt')}/resync", {}, role=Role.VIEWER)
    assert (found.status_code, found.json()["detail"]) == (403, "this needs the role operator; the token's is viewer")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer smk_wrong"}, {"Authorization": "Basic YTpi"}])
def test_without_a_token_nothing_is_told(house: House, headers: dict[str, str]):
    found = requests.get(f"{house.url}{PREFIX}/health", headers=headers, timeout=30)
    assert (found.status_code, found.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert requests.get(f"{house.url}{PREFIX}/openapi.json", headers=headers, timeout=30).status_code == 401


def test_the_document_is_told_to_whoever_may_read(house: House, tokens_by_role: dict[Role, str]):
    headers = {"Authorization": f"Bearer {tokens_by_role[Role.VIEWER]}"}
    found = requests.get(f"{house.url}{PREFIX}/openapi.json", headers=headers, timeout=30)
    assert found.json() == DOCUMENT


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 400), (b"[1]", "application/json", 400), (b"a=b", "text/plain", 415)],
)
def test_a_body_that_is_no_json_object_is_refused(
    house: House, tokens_by_role: dict[Role, str], body: bytes, kind: str, status: int
):
    headers = {"Authorization": f"Bearer {tokens_by_role[Role.OPERATOR]}", "Content-Type": kind}
    found = requests.post(f"{house.url}{PREFIX}/issues/unpark", data=body, headers=headers, timeout=30)
    assert found.status_code == status
    assert found.json()["status"] == status


def test_a_browsers_session_without_our_forms_token_acts_for_nobody(house: House):
    """A cookie alone would let another site's page act for whoever is signed in."""
    client = house.client(Role.ADMIN)
    refused = client.post(f"{PREFIX}/people/{house.contact('Nadia Brandt')}/resync", json={})
    assert refused.status_code == 400
    assert client.get(f"{PREFIX}/health").status_code == 200


def test_a_conflict_is_decided_once_and_by_name(asks: Asks, house: House):
    conflict = asks("/issues", kind="conflict").json()["issues"][0]
    assert asks(f"/issues/{conflict['id']}/settle", {"winner": "salesforce"}).json() == {"done": 1}
    with house.database.read() as conn:
        acts = [one for one in events.since(conn, house.past.now(), 1000) if one.kind == ACT]
    assert acts[-1].payload["by"] == "token operators-script (API)"
    assert acts[-1].payload["act"] == "settle"
    assert asks(f"/issues/{conflict['id']}/settle", {"winner": "me"}).status_code == 422
    assert asks("/issues/999999/settle", {"winner": "hubspot"}).status_code == 409


def test_parked_values_are_tried_again(asks: Asks):
    parked = [one["id"] for one in asks("/issues", kind="parked").json()["issues"]]
    assert parked
    assert asks("/issues/unpark", {"issues": parked}).json() == {"done": len(parked)}
    assert asks("/issues/unpark", {"issues": parked}).status_code == 409


def test_records_are_taken_apart_and_joined_again(asks: Asks, house: House):
    contact = house.contact("Tomas Lind")
    lead = asks(f"/people/{contact}").json()["salesforce"]
    assert asks(f"/people/{contact}/unlink", {}).json() == {"done": 1}
    assert asks(f"/people/{contact}/link", {"to": lead}).json() == {"done": 1}
    assert "linked" in asks(f"/people/{contact}/link", {"to": lead}).json()["detail"]
    assert asks(f"/people/{contact}/persona", {"persona": "nobody"}).status_code == 409


def test_pauses_are_ended_and_the_audit_says_by_whom(asks: Asks):
    assert asks("/queue/retry", {}).json()["done"] >= 0
    page = asks("/audit", by="token operators-script", limit=1).json()
    assert [(one["act"], one["by"]) for one in page["deeds"]] == [("retry", "token operators-script (API)")]
    assert asks("/audit", after="x").status_code == 422


def test_somebody_is_forgotten_by_an_admin_who_says_whom_twice(asks: Asks, house: House):
    ref = house.contact("Mia Novak")
    assert asks(f"/people/{ref}/forget", {"ref": str(ref)}).status_code == 403
    other = {"ref": str(house.contact("Nadia Brandt"))}
    assert asks(f"/people/{ref}/forget", other, role=Role.ADMIN).status_code == 409
    assert asks(f"/people/{ref}/forget", {"ref": str(ref)}, role=Role.ADMIN).json() == {"done": 1}
    assert asks(f"/people/{ref}").status_code == 404
    assert asks(f"/people/{ref}/story").json()["story"] == []


@pytest.mark.parametrize("body", [{"issues": [2**63]}, {"issues": [1], "\0": 1}])
def test_what_no_store_holds_is_refused_before_it_gets_there(asks: Asks, body: dict[str, Any]):
    assert asks("/issues/unpark", body).status_code == 400
    assert asks("/people", words="a\0b").status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/nonsense"), ("DELETE", "/people"), ("PUT", "/runs/1")])
def test_an_address_where_nothing_is_says_so_in_json(
    house: House, tokens_by_role: dict[Role, str], method: str, path: str
):
    headers = {"Authorization": f"Bearer {tokens_by_role[Role.VIEWER]}"}
    found = requests.request(method, f"{house.url}{PREFIX}{path}", headers=headers, timeout=30)
    assert (found.status_code, found.json()["status"]) == (404, 404)
    assert f"nothing answers {method} {PREFIX}{path}" in found.json()["detail"]


def test_only_its_head_is_told_of_what_would_be_refused(house: House, tokens_by_role: dict[Role, str]):
    headers = {"Authorization": f"Bearer {tokens_by_role[Role.VIEWER]}"}
    assert requests.head(f"{house.url}{PREFIX}/people?limit=0", headers=headers, timeout=30).status_code == 422


def test_a_run_is_undone_after_its_plan_was_seen(asks: Asks, house: House):
    run = next(one for one in asks("/runs", limit=500).json()["runs"][::-1] if one["counts"].get("created_salesforce"))
    seen = asks("/undo/plan", {"run": run["id"]}).json()
    assert seen["changed"] + seen["archived"] > 0
    assert seen["records"]
    before = house.record(Side.HUBSPOT, "Nadia Brandt")
    assert asks("/undo/plan", {}).status_code == 409
    assert house.record(Side.HUBSPOT, "Nadia Brandt") == before
    if seen["held"]:
        assert "approve" in asks("/undo", {"run": run["id"]}).json()["detail"]
    done = asks("/undo", {"run": run["id"], "approve": True}).json()
    assert (done["changed"], done["archived"]) == (seen["changed"], seen["archived"])
