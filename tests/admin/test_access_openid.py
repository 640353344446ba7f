"""Coming in with the company's identity provider: what it must prove before anybody is let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.admin import openid
from connector.admin.openid import Provider as Ours
from connector.admin.openid import role_of
from connector.admin.roles import Role
from connector.config.secrets import Surroundings
from connector.config.service import Roles, Web
from connector.storage import users
from tests.admin import door
from tests.admin.door import NOON, Front, front
from tests.admin.provider import (
    CLIENT,
    SECRET,
    Claims,
    Provider,
    new_key,
    provider,
    signed_with_our_secret,
    unsigned,
)

ROLES = {"viewer": ["everybody"], "operator": ["sales-ops"], "admin": ["bridge-admins"]}


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with provider(NOON.timestamp) as opened:
        yield opened


@pytest.fixture
def at(company: Provider, tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path, web_of(company)) as opened:
        company.now = lambda: opened.watch.now().timestamp()
        yield opened


def web_of(company: Provider, **more: Any) -> Web:
    oidc = {"issuer": company.issuer, "client_id": CLIENT, "client_secret": "env:OIDC_SECRET", "roles": ROLES}
    around = Surroundings({"OIDC_SECRET": SECRET}, Path())
    return Web.model_validate({"admin": {"oidc": oidc}, **more}, context=around)


def comes_in(at: Front, company: Provider, client: FlaskClient | None = None, onward: str = "") -> TestResponse:
    """Follow the button, sign in at the provider, and come back."""
    client = client or at.client()
    away = client.get("/admin/oidc", query_string={"next": onward})
    assert away.status_code == 303, away.text
    return client.get(company.authorize(away.location))


def test_the_button_leads_to_the_provider_and_back_to_where_one_wanted(at: Front, company: Provider):
    client = at.client()
    page = client.get("/admin/sign-in?next=/admin/account").text
    assert "Sign in with your company account" in page
    assert 'href="/admin/oidc?next=/admin/account"' in page
    back = comes_in(at, company, client, "/admin/account")
    assert (back.status_code, back.location) == (303, "/admin/account")
    shown = client.get("/admin/account").text
    assert "You are Ada Lovelace, and may what an operator may" in shown
    assert 'name="present"' not in shown, "she has no password here"


def test_who_came_in_is_known_by_issuer_and_subject_and_told_in_the_audit(at: Front, company: Provider):
    comes_in(at, company)
    name = f"{company.issuer} 8f3a"
    with at.database.read() as conn:
        assert [(one.name, one.shown, one.role, one.hash) for one in users.everyone(conn)] == [
            (name, "Ada Lovelace", "operator", "")
        ]
    assert at.acts() == [
        {"act": "user add", "by": f"{name} (web)", "user": name, "role": "operator"},
        {"act": "sign in", "by": f"{name} (web)"},
    ]


def test_another_role_at_the_provider_is_another_role_here_and_ends_what_went_before(at: Front, company: Provider):
    before = at.client()
    comes_in(at, company, before)
    company.person |= {"groups": ["everybody", "bridge-admins"], "name": "Ada King"}
    now = at.client()
    comes_in(at, company, now)
    assert now.get("/admin/users").status_code == 200
    assert before.get("/admin/account").status_code == 303
    assert "Ada King" in now.get("/admin/account").text


def test_who_is_in_no_group_that_has_a_role_does_not_come_in(at: Front, company: Provider):
    for groups in ([], ["others"], "others", None, {"sales-ops": True}, 7, [["sales-ops"]]):
        company.person["groups"] = groups
        refused = comes_in(at, company)
        assert refused.status_code == 401
        assert "You are in no group that may come in here" in refused.text
    with at.database.read() as conn:
        assert users.number(conn) == 0


def test_one_group_may_be_named_alone(at: Front, company: Provider):
    company.person["groups"] = "everybody"
    assert comes_in(at, company).status_code == 303


def test_who_is_kept_out_here_does_not_come_in_whatever_the_provider_says(at: Front, company: Provider):
    comes_in(at, company)
    at.accounts().set_active(f"{company.issuer} 8f3a", active=False)
    refused = comes_in(at, company)
    assert refused.status_code == 403
    assert "may not come in any more" in refused.text


BENT: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda claims: claims | {"nonce": "x" * 43},
    "no nonce": lambda claims: {name: one for name, one in claims.items() if name != "nonce"},
    "another audience": lambda claims: claims | {"aud": "somebody-else"},
    "an audience of several that does not name us as the party": lambda claims: (
        claims | {"aud": [CLIENT, "other"], "azp": "other"}
    ),
    "another audience, with us as the party": lambda claims: claims | {"aud": "somebody-else", "azp": CLIENT},
    "no audience": lambda claims: {name: one for name, one in claims.items() if name != "aud"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 61},
    "no end": lambda claims: {name: one for name, one in claims.items() if name != "exp"},
    "issued tomorrow": lambda claims: claims | {"iat": claims["iat"] + 86_400},
    "another issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "no issuer": lambda claims: {name: one for name, one in claims.items() if name != "iss"},
    "nobody": lambda claims: {name: one for name, one in claims.items() if name != "sub"},
    "an empty subject": lambda claims: claims | {"sub": ""},
    "a subject that is no text": lambda claims: claims | {"sub": 7},
    "a subject that is a book": lambda claims: claims | {"sub": "x" * 256},
}


@pytest.mark.parametrize("how", BENT)
def test_an_id_token_that_does_not_say_what_it_must_lets_nobody_in(at: Front, company: Provider, how: str):
    company.bend = BENT[how]
    refused(at, comes_in(at, company))


def refused(at: Front, answer: TestResponse) -> None:
    """Told in plain words, and nobody is in."""
    assert answer.status_code == 401
    assert "Signing in did not work; try once more." in answer.text
    assert at.acts()[-1] == {"act": "failed sign-in", "by": "a stranger (web)"}
    with at.database.read() as conn:
        assert users.number(conn) == 0


SIGNED: dict[str, Callable[[Claims], str]] = {
    "not at all": unsigned,
    "with our own secret": signed_with_our_secret,
    "with a key of the same name that the provider does not have": lambda claims: _foreign("one", claims),
    "with a key that the provider does not know": lambda claims: _foreign("two", claims),
    "by nobody, for it is no token": lambda _claims: "abc",
    "by nobody, for there is none": lambda _claims: "",
}


def _foreign(name: str, claims: Claims) -> str:
    return Provider(NOON.timestamp, key=new_key(name, 1)).signed(claims)


@pytest.mark.parametrize("how", SIGNED)
def test_an_id_token_that_is_signed_by_another_lets_nobody_in(at: Front, company: Provider, how: str):
    company.sign = SIGNED[how]
    refused(at, comes_in(at, company))


def test_a_provider_may_change_its_keys(at: Front, company: Provider):
    assert comes_in(at, company).status_code == 303
    company.key = new_key("two")
    assert comes_in(at, company).status_code == 303
    assert company.asked.count("/acme/keys") == 2


def test_what_the_provider_says_of_itself_is_believed_for_an_hour(at: Front, company: Provider):
    for minutes in (0, 59, 1):
        at.watch.on(minutes=minutes)
        assert comes_in(at, company).status_code == 303
    assert company.asked.count("/acme/.well-known/openid-configuration") == 2


def test_who_is_denied_at_the_provider_is_told_so(at: Front, company: Provider):
    company.deny = "access_denied"
    answer = comes_in(at, company)
    assert answer.status_code == 401
    assert "The identity provider did not sign you in." in answer.text


def test_one_browser_cannot_come_back_with_what_another_was_sent_with(at: Front, company: Provider):
    """Or somebody could be signed in as another by a link."""
    mine, theirs = at.client(), at.client()
    back = company.authorize(mine.get("/admin/oidc").location)
    refused(at, theirs.get(back))
    theirs.get("/admin/oidc")
    refused(at, theirs.get(back))
    assert "/acme/token" not in company.asked, "the code is not even redeemed"


def test_a_code_of_another_lets_nobody_in(at: Front, company: Provider):
    """PKCE: the code that was given for one challenge is worth nothing with another verifier."""
    mine, theirs = at.client(), at.client()
    stolen = parse_qs(urlsplit(company.authorize(theirs.get("/admin/oidc").location)).query)["code"][0]
    back = company.authorize(mine.get("/admin/oidc").location)
    refused(at, mine.get(re.sub("code=[^&]+", f"code={stolen}", back)))


@pytest.mark.parametrize("about", ["[]", "{", "null"])
def test_a_provider_that_speaks_in_riddles_is_not_gone_to(at: Front, company: Provider, about: str):
    company.riddle = about
    assert "does not answer as it should" in at.client().get("/admin/oidc").text


def test_who_waits_for_somebody_elses_question_does_not_wait_long(
    at: Front, company: Provider, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(openid, "_PATIENCE_S", 0.0)
    asking = Ours(web_of(company).admin.oidc, at.watch)
    with asking._lock, pytest.raises(openid.Denied) as why:
        asking.begin("https://bridge.acme.example/admin/oidc/back", "/admin/")
    assert why.value.reason == "discovery: somebody is asking it already"


def test_a_way_back_is_gone_once(at: Front, company: Provider):
    client = at.client()
    back = company.authorize(client.get("/admin/oidc").location)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401


def test_who_stays_away_for_more_than_ten_minutes_begins_again(at: Front, company: Provider):
    client = at.client()
    back = company.authorize(client.get("/admin/oidc").location)
    at.watch.on(minutes=10, seconds=1)
    late = client.get(back)
    assert late.status_code == 401
    assert "took too long" in late.text


def test_an_answer_in_the_name_of_another_provider_is_not_taken(at: Front, company: Provider):
    client = at.client()
    back = company.authorize(client.get("/admin/oidc").location)
    refused(at, client.get(f"{back}&iss=https://evil.example"))


@pytest.mark.parametrize(
    "answers",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_gone_to(at: Front, company: Provider, answers: Claims):
    company.answers = answers
    refused = at.client().get("/admin/oidc")
    assert refused.status_code == 401
    assert "does not answer as it should" in refused.text


def test_a_provider_that_is_down_is_told_and_asked_again(at: Front, company: Provider):
    company.down = True
    assert "does not answer as it should" in at.client().get("/admin/oidc").text
    company.down = False
    at.watch.on(seconds=9)
    assert at.client().get("/admin/oidc").status_code == 401, "so that nobody keeps all threads waiting for it"
    assert len(company.asked) == 1
    at.watch.on(seconds=1)
    assert comes_in(at, company).status_code == 303


def test_a_provider_that_sends_us_elsewhere_is_not_followed(at: Front, company: Provider):
    company.elsewhere = "http://127.0.0.1:1/"
    assert "does not answer as it should" in at.client().get("/admin/oidc").text


def test_one_comes_back_by_the_public_address_and_to_own_pages_alone(company: Provider, tmp_path: Path):
    with front(tmp_path, web_of(company, public_url="https://bridge.acme.example")) as at:
        away = at.client().get("/admin/oidc?next=//evil.example", base_url="https://bridge.acme.example")
        sent = parse_qs(urlsplit(away.location).query)
        assert sent["redirect_uri"] == ["https://bridge.acme.example/admin/oidc/back"]
        assert "smarketing_notes=" in away.headers["Set-Cookie"]
        assert "; Secure; HttpOnly; Path=/admin; SameSite=Lax" in away.headers["Set-Cookie"]


def test_going_on_to_a_strange_place_leads_home(at: Front, company: Provider):
    assert comes_in(at, company, onward="https://evil.example").location == "/admin/"


def test_without_a_provider_its_addresses_do_not_exist_and_its_users_do_not_stay(company: Provider, tmp_path: Path):
    with front(tmp_path, web_of(company)) as with_one, front(tmp_path) as without:
        client = with_one.client()
        comes_in(with_one, company, client)
        cookie = client.get_cookie("smarketing_session")
        assert cookie
        there = without.client()
        there.set_cookie("smarketing_session", cookie.value)
        assert there.get("/admin/account").status_code == 303
        assert there.get("/admin/oidc").status_code == 404
        assert there.get("/admin/oidc/back").status_code == 404


def test_nobody_signs_in_with_a_password_as_somebody_of_the_provider(at: Front, company: Provider):
    comes_in(at, company)
    for password in ("", " ", door.PASSWORD):
        assert door.sign_in(at.client(), f"{company.issuer} 8f3a", password).status_code == 401


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["everybody"], Role.VIEWER),
        (["everybody", "sales-ops"], Role.OPERATOR),
        (["bridge-admins", "everybody"], Role.ADMIN),
        (["Everybody"], None),
        ([], None),
    ],
)
def test_the_most_that_any_group_allows_is_theirs(groups: list[str], role: Role | None):
    assert role_of(groups, Roles.model_validate(ROLES)) == role
