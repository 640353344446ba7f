"""Users, tokens and one's own account: what an admin may do about them, what nobody may, and what is shown once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.admin import keys, passwords
from connector.admin.roles import Role
from connector.admin.throttle import BY_NAME
from connector.storage import sessions, tokens, users
from connector.storage.users import User
from tests.admin.door import PASSWORD, Front, front, post, sign_in

_SECRET = re.compile(r'<code id="secret">([^<]+)</code>')


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path) as opened:
        opened.user("anna", Role.ADMIN)
        yield opened


@pytest.fixture
def anna(at: Front) -> FlaskClient:
    return at.signed_in("anna")


def does(client: FlaskClient, name: str, act: str, **more: str) -> TestResponse:
    """An admin does something about a user, and looks at what comes of it."""
    form = {"name": name, "act": act, **more}
    return post(client, "/admin/users/one", form, page="/admin/account", follow_redirects=True)


def shown_once(answer: TestResponse) -> str:
    found = _SECRET.search(answer.text)
    assert found, answer.text
    return found[1]


def kept(at: Front, name: str) -> User | None:
    with at.database.read() as conn:
        return users.get(conn, name)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize(
    "path", ["/admin/users", "/admin/users/one?name=anna", "/admin/users/remove?name=anna", "/admin/tokens"]
)
def test_users_and_tokens_are_for_admins(at: Front, role: Role, path: str):
    at.user("vera", role)
    refused = at.signed_in("vera").get(path)
    assert refused.status_code == 403
    assert f"this needs the role admin; you are {role.word}" in refused.text


@pytest.mark.parametrize("path", ["/admin/users", "/admin/users/one", "/admin/tokens", "/admin/tokens/remove"])
def test_nobody_else_changes_users_or_tokens(at: Front, path: str):
    at.user("otto", Role.OPERATOR)
    form = {"name": "anna", "act": "remove", "role": "admin"}
    assert post(at.signed_in("otto"), path, form, page="/admin/account").status_code == 403
    assert kept(at, "anna") is not None


def test_an_admin_adds_somebody_and_hands_over_a_password_that_is_shown_once(at: Front, anna: FlaskClient):
    answer = post(anna, "/admin/users", {"name": "Otto@Acme.example", "role": "operator"}, page="/admin/users")
    password = shown_once(answer)
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}", password)
    assert answer.headers["Cache-Control"] == "no-store"
    assert sign_in(at.client(), "otto@acme.example", password).status_code == 303
    assert password not in anna.get("/admin/users/one?name=otto@acme.example").text
    assert {"act": "user add", "by": "anna (web)", "user": "otto@acme.example", "role": "operator"} in at.acts()


def test_who_cannot_be_added_is_told_where_it_was_typed(at: Front, anna: FlaskClient):
    for name, why in (("anna", "there is a user anna already"), ("a b", "a name has up to 64")):
        answer = post(anna, "/admin/users", {"name": name, "role": "viewer"}, page="/admin/users")
        assert answer.status_code == 400
        assert why in answer.text
        assert f'value="{name}"' in answer.text


def test_a_role_that_is_none_is_the_least(at: Front, anna: FlaskClient):
    post(anna, "/admin/users", {"name": "otto", "role": "emperor"}, page="/admin/users")
    assert kept(at, "otto").role == "viewer"


def test_an_admin_changes_a_role_and_it_is_so_at_once(at: Front, anna: FlaskClient):
    at.user("otto")
    otto = at.signed_in("otto")
    assert "otto is operator now" in does(anna, "otto", "role", role="operator").text
    assert otto.get("/admin/account").status_code == 303
    assert kept(at, "otto").role == "operator"
    assert {"act": "user role", "by": "anna (web)", "user": "otto", "role": "operator", "before": "viewer"} in at.acts()


def test_an_admin_keeps_somebody_out_and_lets_them_in_again(at: Front, anna: FlaskClient):
    at.user("otto")
    assert "may not come in any more" in does(anna, "otto", "keep out").text
    assert sign_in(at.client(), "otto").status_code == 401
    assert "may come in again" in does(anna, "otto", "let in").text
    assert sign_in(at.client(), "otto").status_code == 303


def test_an_admin_signs_somebody_out_everywhere(at: Front, anna: FlaskClient):
    at.user("otto")
    otto = at.signed_in("otto")
    assert "signed out everywhere" in does(anna, "otto", "sign out").text
    assert otto.get("/admin/account").status_code == 303
    assert {"act": "user sign out", "by": "anna (web)", "user": "otto", "sessions": 1} in at.acts()


def test_an_admin_gives_a_new_password_that_is_shown_once(at: Front, anna: FlaskClient):
    at.user("otto")
    password = shown_once(does(anna, "otto", "password"))
    assert sign_in(at.client(), "otto").status_code == 401
    assert sign_in(at.client(), "otto", password).status_code == 303


def test_removing_says_first_what_it_means(at: Front, anna: FlaskClient):
    at.user("otto")
    first = anna.get("/admin/users/remove?name=otto")
    assert "What they have done stays in the audit" in first.text
    assert kept(at, "otto") is not None
    assert "otto is removed" in does(anna, "otto", "remove").text
    assert kept(at, "otto") is None
    assert anna.get("/admin/users/one?name=otto").status_code == 404


@pytest.mark.parametrize("act", ["role", "keep out", "sign out", "password", "remove"])
def test_nobody_changes_themselves_so_an_admin_is_left(at: Front, anna: FlaskClient, act: str):
    assert "You cannot change yourself here" in does(anna, "anna", act, role="viewer").text
    assert kept(at, "anna").role == "admin"
    assert sign_in(at.client(), "anna").status_code == 303


def test_who_comes_in_by_the_provider_has_neither_role_nor_password_here(at: Front, anna: FlaskClient):
    name = "https://idp.example 8f3a"
    with at.database.begin() as conn:
        users.add(conn, User(name, "Ada", "viewer", "", active=True, added_at=at.watch.now()))
    page = anna.get("/admin/users/one", query_string={"name": name}).text
    assert "Their groups at the identity provider say their role" in page
    assert "Change the role" not in page
    assert "their role follows from their groups there" in does(anna, name, "role", role="admin").text
    assert "they have no password here" in does(anna, name, "password").text
    assert (kept(at, name).role, kept(at, name).hash) == ("viewer", "")
    assert "they can come in again" in anna.get("/admin/users/remove", query_string={"name": name}).text


@pytest.mark.parametrize(("name", "act", "status"), [("otto", "dance", 404), ("anna", "", 200), ("", "remove", 404)])
def test_what_cannot_be_done_is_not_done(at: Front, anna: FlaskClient, name: str, act: str, status: int):
    assert does(anna, name, act).status_code == status
    at.user("otto")
    assert does(anna, "otto", "dance").status_code == 400


def test_what_people_are_called_is_never_taken_for_markup(at: Front, anna: FlaskClient):
    with at.database.begin() as conn:
        users.add(
            conn, User("https://idp x", "<script>alert(1)</script>", "viewer", "", active=True, added_at=at.watch.now())
        )
    assert "<script>alert" not in anna.get("/admin/users").text
    assert "<script>alert" not in anna.get("/admin/users/one?name=https://idp%20x").text
    assert "<script>" not in sign_in(at.client(), '"><script>', "x").text.replace("<script src=", "")


def test_a_token_is_made_shown_once_and_taken_back(at: Front, anna: FlaskClient):
    form = {"name": "nightly", "role": "operator", "days": "30"}
    made = shown_once(post(anna, "/admin/tokens", form, page="/admin/tokens"))
    with at.database.read() as conn:
        known = tokens.get(conn, keys.digest(made))
    assert known
    assert (known.name, known.role, known.added_by) == ("nightly", "operator", "anna (web)")
    assert (known.ends_at - at.watch.now()).days == 30
    page = anna.get("/admin/tokens").text
    assert "nightly" in page
    assert made not in page
    again = post(anna, "/admin/tokens", form, page="/admin/tokens")
    assert (again.status_code, "there is a token nightly already" in again.text) == (400, True)
    post(anna, "/admin/tokens/remove", {"name": "nightly"}, page="/admin/tokens")
    assert "No script may use the API." in anna.get("/admin/tokens").text
    gone = post(anna, "/admin/tokens/remove", {"name": "nightly"}, page="/admin/tokens")
    assert "there is no token nightly" in gone.text


def test_a_token_for_ever_has_no_end_and_one_that_ended_says_so(at: Front, anna: FlaskClient):
    post(anna, "/admin/tokens", {"name": "ever", "role": "viewer", "days": ""}, page="/admin/tokens")
    assert "never" in anna.get("/admin/tokens").text
    at.accounts().add_token("brief", Role.VIEWER, 1)
    at.watch.on(hours=23)
    anna.get("/admin/tokens")
    at.watch.on(hours=1)
    later = at.signed_in("anna")
    assert ">ended<" in later.get("/admin/tokens").text


def changes(client: FlaskClient, present: str, new: str, again: str = "") -> TestResponse:
    form = {"present": present, "new": new, "again": again or new}
    return post(client, "/admin/account", form, page="/admin/account", follow_redirects=True)


def test_one_changes_ones_own_password_and_is_signed_out_elsewhere(at: Front, anna: FlaskClient):
    elsewhere = at.signed_in("anna")
    assert "Your password is changed" in changes(anna, PASSWORD, "a wholly new password").text
    assert anna.get("/admin/account").status_code == 200
    assert elsewhere.get("/admin/account").status_code == 303
    assert sign_in(at.client(), "anna").status_code == 401
    assert sign_in(at.client(), "anna", "a wholly new password").status_code == 303


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("not the present one", "a wholly new password"), "The present password is another one."),
        ((PASSWORD, "a wholly new password", "another"), "typed in two different ways"),
        ((PASSWORD, "short"), "the password is too short"),
    ],
)
def test_a_password_is_changed_by_whoever_knows_it(at: Front, anna: FlaskClient, typed: tuple[str, ...], why: str):
    refused = changes(anna, *typed)
    assert refused.status_code == 400
    assert why in refused.text
    assert sign_in(at.client(), "anna").status_code == 303


def test_whoever_finds_a_browser_open_cannot_guess_the_password_there(at: Front, anna: FlaskClient):
    for _ in range(BY_NAME):
        changes(anna, "a guess", "a wholly new password")
    assert "Too many attempts have failed" in changes(anna, PASSWORD, "a wholly new password").text


def test_where_too_many_passwords_are_checked_one_is_told_to_try_again(
    at: Front, anna: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(passwords, "_WAIT_S", 0.0)
    with passwords._AT_ONCE, passwords._AT_ONCE:
        assert "Try again in a few seconds" in changes(anna, PASSWORD, "a wholly new password").text
        refused = post(anna, "/admin/users", {"name": "otto", "role": "viewer"}, page="/admin/users")
        assert (refused.status_code, "Try again in a minute" in refused.text) == (503, True)
    assert "Your password is changed" in changes(anna, PASSWORD, "a wholly new password").text


def test_a_token_is_for_ever_only_if_that_is_said(at: Front, anna: FlaskClient):
    for name, form in (("none", {}), ("odd", {"days": "100000"})):
        post(anna, "/admin/tokens", {"name": name, "role": "viewer", **form}, page="/admin/tokens")
    with at.database.read() as conn:
        assert {(one.ends_at - one.added_at).days for one in tokens.every(conn)} == {30}


def test_one_sees_where_one_is_signed_in_and_ends_it_elsewhere(at: Front, anna: FlaskClient):
    at.watch.on(minutes=5)
    at.signed_in("anna")
    page = anna.get("/admin/account").text
    assert page.count("another one") == 1
    assert page.count("this one") == 1
    answer = post(anna, "/admin/account/elsewhere", page="/admin/account", follow_redirects=True)
    assert "Signed out elsewhere: 1." in answer.text
    with at.database.read() as conn:
        assert len(sessions.of_user(conn, "anna")) == 1
    assert "Sign out everywhere else" not in answer.text
    assert at.acts()[-1] == {"act": "user sign out", "by": "anna (web)", "user": "anna", "sessions": 1}
