"""Every route there is, and every one to come: who may open it, that nothing is done without our form's token, and that
whatever stands in an address is answered, not broken over.

A route that stands in no table fails here until somebody has said who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import IntegerConverter, Rule

from connector.admin.api.table import OPERATIONS
from connector.admin.roles import Role
from connector.storage import asking
from tests.admin.house import Client, House

STRANGERS = {
    "GET": "entry.back entry.openid entry.sign_in static",
    "POST": "entry.sign_out entry.signing_in",
}
LEAST = {
    ("GET", Role.VIEWER): """
        account.index audit.export audit.index definition.index definition.style feedback.index feedback.said
        mappings.file mappings.history mappings.index mappings.version nowhere overview.index people.index people.now
        people.record people.why queue.index queue.listed runs.index runs.one sla.index""",
    ("GET", Role.OPERATOR): """
        people.link people.persona people.resync people.unlink queue.effect runs.ask runs.work""",
    ("GET", Role.ADMIN): """
        mappings.draft mappings.effect mappings.new people.forget settings.index tokens.index users.before_removing
        users.index users.one""",
    ("POST", Role.VIEWER): "account.elsewhere account.password",
    ("POST", Role.OPERATOR): """
        people.linked people.persona people.resync people.unlink queue.act queue.drop queue.read_again queue.retry
        runs.go_on runs.plan runs.survey runs.take_back""",
    ("POST", Role.ADMIN): """
        mappings.back mappings.edit mappings.folder people.forget tokens.add tokens.remove users.act users.add""",
}
OPEN = {(method, f"admin.{name}") for method, names in STRANGERS.items() for name in names.split()}
ROLES = {(method, f"admin.{name}"): role for (method, role), names in LEAST.items() for name in names.split()}
ROLES |= {(one.method, f"api.{one.name}"): one.role for one in OPERATIONS} | {("GET", "api.openapi"): Role.VIEWER}
ROLES |= {(method, "api.absent"): Role.VIEWER for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
HUGE = str(2**63)
TRICKS = st.sampled_from([
    "\0", "a\0b", HUGE, "9" * 400, "9" * 5_000, "-1", "0", "%", "'", "\r\nX: y", "../../config.yaml",
    "\N{SUPERSCRIPT TWO}",    "\N{ARABIC-INDIC DIGIT THREE}", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    "9999999999 days ago",
    "|", "1|", "|1", f"{HUGE}|hubspot:contacts:1", "hubspot:contacts:\0", "nan", "1e400", "yes",
    "<script>alert(1)</script>",
])  # fmt: skip
WORDS = TRICKS | st.text(max_size=30).map(lambda typed: typed.encode("utf-8", "replace").decode())
BYTES = WORDS.map(str.encode) | st.binary(max_size=12)
NAMES = (
    "after", "answer", "before", "by", "clock", "code", "days", "error", "field", "file", "kind", "limit", "name",
    "new", "next", "owner", "people", "persona", "pick", "policy", "record", "run", "since", "stage", "state", "story",
    "team", "through", "to", "until", "words", "act", "all",
)  # fmt: skip


@pytest.fixture(scope="module")
def rules(house: House) -> list[Rule]:
    return [one for one in house.app.url_map.iter_rules() if one.rule.startswith(("/admin", "/api"))]


@pytest.fixture(scope="module")
def ways(rules: list[Rule]) -> dict[tuple[str, str], Rule]:
    """Each route by its method and endpoint."""
    return {
        (method, one.endpoint): one for one in rules for method in sorted((one.methods or set()) - {"HEAD", "OPTIONS"})
    }


@pytest.fixture(scope="module")
def everybody(house: House) -> dict[Role | None, Client]:
    return {role: house.client(role) for role in (None, *Role)}


@pytest.fixture(scope="module")
def particular() -> Iterator[None]:
    """The store takes only texts that PostgreSQL would take, too."""
    run = asking._run  # every statement of the store passes there

    def refusing(conn: Any, statement: Any, values: dict[str, Any]) -> Any:
        assert not any(isinstance(one, str) and "\0" in one for one in values.values()), "PostgreSQL refuses that"
        return run(conn, statement, values)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(asking, "_run", refusing)
        yield


def address(rule: Rule, text: bytes | str, number: str = "1") -> str:
    """An address of a route, with these in its places."""

    def filled(place: re.Match[str]) -> str:
        is_number = isinstance(rule._converters[place[1]], IntegerConverter)  # told nowhere else
        return number if is_number else quote(text, safe="")

    return re.sub(r"<(?:\w+:)?(\w+)>", filled, rule.rule)


def test_of_every_route_it_is_said_here_who_may_use_it(ways: dict[tuple[str, str], Rule]):
    assert set(ways) == OPEN | set(ROLES)


def test_every_role_below_the_least_is_refused_and_the_least_is_not(
    house: House, ways: dict[tuple[str, str], Rule], everybody: dict[Role | None, Client]
):
    ref = str(house.contact(next(iter(house.past.contacts))))
    for (method, endpoint), least in ROLES.items():
        path, is_page = address(ways[method, endpoint], ref, "999999"), endpoint.startswith("admin.")
        for role, client in everybody.items():
            if method == "POST" and (role is not None and role >= least):
                continue  # acts are tested one by one elsewhere
            status = _asked(client, method, path, is_page=is_page).status_code
            told = f"{method} {path} as {role}: {status}"
            if role is None:
                assert status == (401 if not is_page else 400 if method == "POST" else 303), told
            elif role < least:
                assert status == 403, told
            else:
                assert status not in (303, 401, 403) or endpoint == "admin.mappings.new", told


def _asked(client: Client, method: str, path: str, *, is_page: bool) -> Any:
    if method == "GET":
        return client.get(path)
    if is_page or client.key:
        return client.act(path)
    return client.post(path, json={})


def test_nothing_is_done_without_the_token_of_the_session(
    house: House, ways: dict[tuple[str, str], Rule], everybody: dict[Role | None, Client]
):
    foreign = house.client(Role.ADMIN)
    for (method, endpoint), rule in ways.items():
        if method == "GET":
            continue
        path = address(rule, "hubspot:contacts:1")
        for token in ("", "0" * 64, _token_of(foreign)):
            for client in (everybody[Role.ADMIN], everybody[None]):
                if client.key or endpoint.startswith("admin."):
                    said = client.post(path, data={"csrf_token": token}, headers={"X-CSRF-Token": token})
                    assert said.status_code == 400, f"{path}: {said.status_code}"


def _token_of(client: Client) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', client.get("/admin/account").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_do_nothing(method: str, rules: list[Rule], everybody: dict[Role | None, Client]):
    for rule in rules:
        said = everybody[Role.ADMIN].open(address(rule, "hubspot:contacts:1"), method=method)
        assert said.status_code in (400, 404, 405), f"{method} {rule.rule}: {said.status_code}"


def test_no_answer_is_kept_by_a_browser_and_none_may_be_framed(
    ways: dict[tuple[str, str], Rule], everybody: dict[Role | None, Client]
):
    for (method, endpoint), rule in ways.items():
        if method == "GET" and endpoint != "admin.static":
            head = everybody[Role.ADMIN].get(address(rule, "hubspot:contacts:1")).headers
            assert (head["Cache-Control"], head["X-Content-Type-Options"]) == ("no-store", "nosniff"), rule.rule
            assert "frame-ancestors 'none'" in head["Content-Security-Policy"], rule.rule


def test_a_number_that_no_row_has_is_not_found(ways: dict[tuple[str, str], Rule], everybody: dict[Role | None, Client]):
    for (method, endpoint), rule in ways.items():
        for number in (HUGE, "9" * 5_000) if "<int:" in rule.rule else ():
            path, anna = address(rule, "hubspot:contacts:1", number), everybody[Role.ADMIN]
            status = (anna.get(path) if method == "GET" else anna.act(path)).status_code
            assert status in ({404} if method == "GET" else {404, 405}), f"{endpoint} {number[:30]}: {status}"


@settings(deadline=None, max_examples=250)
@given(data=st.data())
def test_whatever_an_address_asks_for_nothing_breaks(
    data: st.DataObject,
    ways: dict[tuple[str, str], Rule],
    everybody: dict[Role | None, Client],
    particular: None,  # it is in force
):
    rule = data.draw(st.sampled_from([one for (method, _), one in ways.items() if method == "GET"]))
    asked = data.draw(st.dictionaries(st.sampled_from(NAMES), BYTES, max_size=4))
    path = address(
        rule, data.draw(BYTES | st.just(b"hubspot:contacts:1")), data.draw(st.sampled_from(["1", "0", HUGE]))
    )
    query = "&".join(f"{name}={quote(word)}" for name, word in asked.items())
    said = everybody[Role.ADMIN].get(f"{path}?{query}")
    assert said.status_code < 500, f"{path}?{query}: {said.status_code} {said.text[-300:]}"
    assert "<script>alert" not in said.text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/admin/users", "name"),
        ("/admin/users/one", "name"),
        ("/admin/tokens/remove", "name"),
        ("/admin/mappings/edit", "opened"),
    ],
)
def test_a_form_that_holds_what_no_store_keeps_is_refused(house: House, path: str, field: str):
    assert house.client(Role.ADMIN).act(path, **{field: "a\0b"}).status_code == 400
