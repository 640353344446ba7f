"""Coming in with a password, staying in, going out; forms of ours alone; what strangers are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from argon2 import PasswordHasher

from connector.admin import keys, passwords
from connector.admin.doorkeeper import door_of
from connector.admin.passwords import hashed
from connector.admin.roles import Role
from connector.errors import Refused
from connector.storage import sessions, users
from tests.admin.door import PASSWORD, Front, front, post, sign_in, token_of


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path) as opened:
        yield opened


def test_a_stranger_is_sent_to_sign_in_and_then_on_to_where_he_wanted(at: Front):
    at.user("ada")
    client = at.client()
    sent = client.get("/admin/account?a=b%20c")
    assert (sent.status_code, sent.location) == (303, "/admin/sign-in?next=/admin/account?a%3Db%2520c")
    form = client.get(sent.location).text
    wanted = re.search(r'name="next" value="([^"]*)"', form)
    assert wanted
    there = sign_in(client, "ada", onward=wanted[1])
    assert (there.status_code, there.location) == (303, "/admin/account?a=b%20c")
    assert "You are ada" in client.get(there.location).text


def test_who_is_signed_in_needs_not_sign_in(at: Front):
    at.user("ada")
    assert at.signed_in("ada").get("/admin/sign-in?next=/admin/account").location == "/admin/account"


def test_a_name_is_the_same_in_small_and_capital_letters(at: Front):
    at.user("Ada.Lovelace@Acme.example")
    assert sign_in(at.client(), " ADA.lovelace@acme.EXAMPLE ").status_code == 303


def test_a_wrong_password_and_an_unknown_name_are_told_alike(at: Front):
    at.user("ada")
    wrong, unknown = (
        sign_in(at.client(), "ada", "not this one at all"),
        sign_in(at.client(), "bob", "not this one at all"),
    )
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert plain(wrong.text, "ada") == plain(unknown.text, "bob")


def test_who_is_kept_out_is_told_what_everybody_is_told(at: Front):
    at.user("ada")
    at.accounts().set_active("ada", active=False)
    kept_out, unknown = sign_in(at.client(), "ada"), sign_in(at.client(), "bob")
    assert kept_out.status_code == 401
    assert plain(kept_out.text, "ada") == plain(unknown.text, "bob")


def plain(page: str, name: str) -> str:
    """A page without its token and the name that was typed."""
    return re.sub(r"[0-9a-f]{64}", "", page).replace(f'value="{name}"', "")


def test_before_there_is_anybody_the_page_says_how_to_make_the_first_user(at: Front):
    assert "smarketing user add NAME --role admin" in at.client().get("/admin/sign-in").text
    at.user("ada")
    assert "smarketing user add" not in at.client().get("/admin/sign-in").text


def test_the_cookie_is_for_no_script_and_for_no_other_site_and_changes_when_somebody_signs_in(at: Front):
    at.user("ada")
    client = at.client()
    client.get("/admin/sign-in")
    before = client.get_cookie("smarketing_session")
    came_in = sign_in(client, "ada")
    after = client.get_cookie("smarketing_session")
    assert before and after and before.value != after.value  # noqa: PT018  # one claim: it is another one
    assert re.search(r"smarketing_session=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax$", came_in.headers["Set-Cookie"])
    with at.database.read() as conn:
        kept = sessions.of_user(conn, "ada")
    assert [one.key for one in kept] == [keys.digest(after.value)]


def test_a_key_that_somebody_prepared_lets_nobody_in(at: Front):
    at.user("ada")
    victim, thief = at.client(), at.client()
    prepared = keys.fresh()
    victim.set_cookie("smarketing_session", prepared)
    assert sign_in(victim, "ada").status_code == 303
    thief.set_cookie("smarketing_session", prepared)
    assert thief.get("/admin/account").status_code == 303


def test_behind_https_the_cookie_is_secure_and_no_other_host_may_set_it(tmp_path: Path):
    with front(tmp_path, {"public_url": "https://bridge.acme.example"}) as at:
        at.user("ada")
        came_in = sign_in(at.client(), "ada", base_url="https://bridge.acme.example")
        assert came_in.status_code == 400, "the form was asked for by http, where the browser sends no such cookie"
        client = at.client()
        page = client.get("/admin/sign-in", base_url="https://bridge.acme.example")
        assert "__Host-smarketing_session=" in page.headers["Set-Cookie"]
        assert "; Secure;" in page.headers["Set-Cookie"]
        assert page.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_session_ends_when_it_is_not_used_and_lasts_while_it_is(at: Front):
    at.user("ada")
    idle, busy = at.signed_in("ada"), at.signed_in("ada")
    at.watch.on(hours=11)
    assert busy.get("/admin/account").status_code == 200
    at.watch.on(hours=1)
    assert busy.get("/admin/account").status_code == 200
    assert idle.get("/admin/account").status_code == 303


def test_a_session_ends_a_day_after_it_began_however_much_it_is_used(at: Front):
    at.user("ada")
    client = at.signed_in("ada")
    for _ in range(3):
        at.watch.on(hours=7, minutes=59)
        assert client.get("/admin/account").status_code == 200
    at.watch.on(minutes=3)
    assert client.get("/admin/account").status_code == 303


def test_that_somebody_was_here_is_written_once_a_minute(at: Front):
    at.user("ada")
    client = at.signed_in("ada")
    began = at.watch.now()
    at.watch.on(seconds=59)
    client.get("/admin/account")
    assert last_seen(at, "ada") == began
    at.watch.on(seconds=1)
    client.get("/admin/account")
    assert last_seen(at, "ada") == at.watch.now()


def last_seen(at: Front, name: str) -> object:
    with at.database.read() as conn:
        return sessions.of_user(conn, name)[0].seen_at


def test_who_gets_another_role_a_new_password_or_is_kept_out_is_signed_out_at_once(at: Front):
    acts = at.accounts()
    for name, act in (
        ("ada", lambda: acts.set_role("ada", Role.ADMIN)),
        ("bob", lambda: acts.set_password("bob", "another one, quite long")),
        ("cleo", lambda: acts.set_active("cleo", active=False)),
        ("dan", lambda: acts.sign_out("dan")),
        ("eve", lambda: acts.remove("eve")),
    ):
        at.user(name)
        client = at.signed_in(name)
        act()
        assert client.get("/admin/account").status_code == 303, name


def test_who_is_kept_out_is_out_though_his_session_is_left(at: Front):
    """As when it began in the very moment in which the others were ended."""
    at.user("ada")
    client = at.signed_in("ada")
    with at.database.begin() as conn:
        users.set_active(conn, "ada", active=False)
    assert client.get("/admin/account").status_code == 303


def test_who_signs_in_again_has_one_session_in_that_browser(at: Front):
    at.user("ada")
    at.user("bob")
    client = at.signed_in("ada")
    form = {"name": "bob", "password": PASSWORD}
    assert post(client, "/admin/sign-in", form, page="/admin/account").status_code == 303
    assert "You are bob" in client.get("/admin/account").text
    with at.database.read() as conn:
        assert (len(sessions.of_user(conn, "ada")), len(sessions.of_user(conn, "bob"))) == (0, 1)


def test_who_signs_out_is_out_and_his_cookie_is_worth_nothing(at: Front):
    at.user("ada")
    client, thief = at.signed_in("ada"), at.client()
    stolen = client.get_cookie("smarketing_session")
    assert stolen
    thief.set_cookie("smarketing_session", stolen.value)
    assert thief.get("/admin/account").status_code == 200
    assert post(client, "/admin/sign-out", page="/admin/account").location == "/admin/sign-in"
    assert client.get("/admin/account").status_code == 303
    assert thief.get("/admin/account").status_code == 303


def test_going_out_without_being_in_is_no_mistake(at: Front):
    at.user("ada")
    assert post(at.client(), "/admin/sign-out").location == "/admin/sign-in"
    assert at.acts()[1:] == []


def test_what_changes_nothing_signs_nobody_out_and_is_not_told(at: Front):
    at.user("ada")
    client, acts = at.signed_in("ada"), at.acts()
    at.accounts().set_role("ada", Role.VIEWER)
    at.accounts().set_active("ada", active=True)
    assert client.get("/admin/account").status_code == 200
    assert at.acts() == acts


def test_a_form_without_the_token_of_its_own_session_changes_nothing(at: Front):
    at.user("ada")
    client, other = at.signed_in("ada"), at.signed_in("ada")
    for token in ("", "0" * 64, token_of(other, "/admin/account"), "ä"):
        assert client.post("/admin/sign-out", data={"csrf_token": token}).status_code == 400
    assert client.get("/admin/account").status_code == 200
    with_header = client.post("/admin/sign-out", headers={"X-CSRF-Token": token_of(client, "/admin/account")})
    assert with_header.status_code == 303


def test_somebody_cannot_be_signed_in_as_another_by_a_form_of_another_site(at: Front):
    at.user("ada")
    refused = at.client().post("/admin/sign-in", data={"name": "ada", "password": PASSWORD})
    assert refused.status_code == 400
    assert "load the page again" in refused.text


def test_whose_password_is_changed_while_it_is_being_checked_does_not_slip_in(
    at: Front, monkeypatch: pytest.MonkeyPatch
):
    at.user("ada")
    real = passwords.checked

    def changed_meanwhile(kept: str, password: str) -> bool:
        at.accounts().set_password("ada", "a wholly new password")
        return real(kept, password)

    client = at.client()
    monkeypatch.setattr(passwords, "checked", changed_meanwhile)
    assert sign_in(client, "ada").status_code == 401
    assert client.get("/admin/account").status_code == 303


def test_any_web_process_knows_who_came_in_through_another(tmp_path: Path):
    with front(tmp_path) as one, front(tmp_path) as other:
        one.user("ada")
        client, there = one.signed_in("ada"), other.client()
        cookie = client.get_cookie("smarketing_session")
        assert cookie
        there.set_cookie("smarketing_session", cookie.value)
        token = token_of(client, "/admin/account")
        assert there.post("/admin/sign-out", data={"csrf_token": token}).status_code == 303
        assert client.get("/admin/account").status_code == 303


def test_every_answer_says_what_a_browser_may_do_with_it(at: Front):
    client = at.client()
    for path in ("/admin/sign-in", "/admin/", "/admin/nothing", "/api/v1/people", "/api/nothing"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers
    with client.get("/admin/static/app.js") as file:
        assert file.headers["Cache-Control"] == "public, max-age=3600"
    assert "Content-Security-Policy" not in client.get("/health").headers


def test_a_part_of_a_page_that_a_stranger_asks_for_sends_the_whole_page_to_sign_in(at: Front):
    answer = at.client().get("/admin/account", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/admin/sign-in")


def test_coming_in_failing_and_going_out_are_told_in_the_audit_without_what_was_typed(at: Front):
    at.user("ada")
    sign_in(at.client(), "ada", "a wrong password")
    sign_in(at.client(), "my password is swordfish", "oops")
    post(at.signed_in("ada"), "/admin/sign-out", page="/admin/account")
    assert at.acts()[1:] == [
        {"act": "failed sign-in", "by": "ada (web)"},
        {"act": "failed sign-in", "by": "a stranger (web)"},
        {"act": "sign in", "by": "ada (web)"},
        {"act": "sign out", "by": "ada (web)"},
    ]


def test_a_hash_of_weaker_parameters_is_made_anew_when_its_owner_signs_in(at: Front):
    at.user("ada")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with at.database.begin() as conn:
        users.set_hash(conn, "ada", weak)
    at.signed_in("ada")
    with at.database.read() as conn:
        kept = users.get(conn, "ada")
    assert kept
    assert kept.hash.startswith("$argon2id$v=19$m=64,")
    at.signed_in("ada")


def test_who_cannot_get_a_fresh_hash_for_others_are_busy_comes_in_all_the_same(
    at: Front, monkeypatch: pytest.MonkeyPatch
):
    at.user("ada")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with at.database.begin() as conn:
        users.set_hash(conn, "ada", weak)
    real = passwords.checked

    def busy_from_now_on(kept: str, password: str) -> bool:
        right = real(kept, password)
        monkeypatch.setattr(passwords, "_WAIT_S", 0.0)
        monkeypatch.setattr(passwords, "_AT_ONCE", BoundedSemaphore(1))
        passwords._AT_ONCE.acquire()
        return right

    monkeypatch.setattr(passwords, "checked", busy_from_now_on)
    assert sign_in(at.client(), "ada").status_code == 303
    with at.database.read() as conn:
        assert users.get(conn, "ada").hash == weak


def test_a_hash_takes_64_mebibytes_and_three_rounds():
    assert hashed("ada", PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("bad", ["", "short", "ada.lovelace", "x" * 1001])
def test_a_password_is_long_and_is_not_the_name(at: Front, bad: str):
    with pytest.raises(Refused, match="password"):
        at.accounts().add("Ada.Lovelace", Role.VIEWER, bad)


@pytest.mark.parametrize("bad", ["", " ", "-ada", "a b", "https://x", "ada\n", "a" * 65, "ada/bob", "ada#1"])
def test_a_name_is_one_word(at: Front, bad: str):
    if bad == "ada\n":
        assert at.accounts().add(bad, Role.VIEWER, PASSWORD).name == "ada"
        return
    with pytest.raises(Refused, match="a name has"):
        at.accounts().add(bad, Role.VIEWER, PASSWORD)


def test_the_stores_secret_is_made_once_whoever_needs_it_first(at: Front):
    one, other = keys.Secret(at.database), keys.Secret(at.database)
    assert one() == other()
    assert len(one()) == 32
    assert one.signed("csrf", "a") != one.signed("notes", "a")
    assert door_of(at.app).cookies.name == "smarketing_session"
