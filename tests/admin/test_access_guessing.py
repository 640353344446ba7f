"""Guessing passwords: slower and slower, by name and by address; and nothing is learned by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.admin import passwords
from connector.admin.accounts import folded, named
from connector.admin.address import Callers
from connector.admin.entry import BUSY
from connector.admin.keys import Secret
from connector.admin.throttle import BY_ADDRESS, BY_NAME, FORGOTTEN, LONGEST, Throttle
from connector.errors import Refused
from connector.storage import attempts
from tests.admin.door import NOON, PASSWORD, Front, front, sign_in

WRONG = "not this one at all"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path) as opened:
        yield opened


@pytest.fixture
def throttle(at: Front) -> Throttle:
    return Throttle(at.database, Secret(at.database))


def test_after_five_failures_each_doubles_the_wait_up_to_a_quarter_of_an_hour(throttle: Throttle):
    now, waits = NOON, []
    for _ in range(BY_NAME + 12):
        until = throttle.begin("ada", HERE, now)
        waits.append((until - now).total_seconds() if until else 0.0)
        if until:
            assert throttle.begin("ada", THERE, until - timedelta(microseconds=1)) == until, "from wherever it comes"
            now = until
            assert throttle.begin("ada", HERE, now) is None
    assert waits[: BY_NAME + 1] == [0.0] * BY_NAME + [2.0]
    assert waits[BY_NAME + 1 : BY_NAME + 5] == [4.0, 8.0, 16.0, 32.0]
    assert waits[-1] == LONGEST.total_seconds()


def test_after_twenty_failures_from_one_address_it_waits_whatever_the_name(throttle: Throttle):
    for number in range(BY_ADDRESS):
        assert throttle.begin(f"name{number}", HERE, NOON) is None
    assert throttle.begin("another", HERE, NOON) == NOON + timedelta(seconds=2)
    assert throttle.begin("another", THERE, NOON) is None


def test_what_was_right_is_no_failure_but_does_not_wipe_the_address_clean(throttle: Throttle):
    """Or whoever has an account could guess at others' for ever, by signing in now and then."""
    for number in range(BY_ADDRESS - 1):
        throttle.begin(f"name{number}", HERE, NOON)
    assert throttle.begin("mine", HERE, NOON) is None
    throttle.succeeded("mine", HERE)
    assert throttle.begin("mine", HERE, NOON) is None
    assert throttle.begin("mine", HERE, NOON) == NOON + timedelta(seconds=2)


def test_what_nobody_had_time_to_look_at_forgives_no_earlier_failure(at: Front, monkeypatch: pytest.MonkeyPatch):
    """Or whoever keeps us busy could guess for ever."""
    at.user("ada")
    for _ in range(BY_NAME - 1):
        assert sign_in(at.client(), "ada", WRONG).status_code == 401
    with monkeypatch.context() as busy:
        busy.setattr(passwords, "_WAIT_S", 0.0)
        with passwords._AT_ONCE, passwords._AT_ONCE:
            for _ in range(3):
                answer = sign_in(at.client(), "ada", WRONG)
                assert (answer.status_code, BUSY in answer.text) == (503, True)
    assert sign_in(at.client(), "ada", WRONG).status_code == 401
    assert sign_in(at.client(), "ada").status_code == 429


def test_an_hour_without_a_failure_forgets_all(throttle: Throttle):
    for _ in range(BY_NAME):
        throttle.begin("ada", HERE, NOON)
    assert throttle.begin("ada", HERE, NOON + timedelta(seconds=1)) is not None
    assert [throttle.begin("ada", HERE, NOON + FORGOTTEN) for _ in range(BY_NAME)] == [None] * BY_NAME


def test_neither_names_nor_addresses_are_kept_and_the_rows_are_bounded(at: Front, throttle: Throttle):
    for number in range(60):
        throttle.begin(f"ada{number}@acme.example", f"192.0.2.{number}", NOON)
    keys = [f"{kind}:{number:04x}" for kind in ("name", "from") for number in range(65_536)]
    with at.database.begin() as conn:
        kept = attempts.held(conn, keys)
        assert attempts.forget(conn, NOON + timedelta(days=1)) == len(kept), "every row has one of these keys"
    assert 100 < len(kept) <= 120


def test_who_guesses_is_told_when_to_try_again_and_the_right_password_waits_as_well(at: Front):
    at.user("ada")
    client = at.client()
    for _ in range(BY_NAME):
        assert sign_in(client, "ada", WRONG).status_code == 401
    refused = sign_in(client, "ada")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert "Try again in 2 seconds, after 2026-11-02 12:00:02 UTC." in refused.text
    at.watch.on(seconds=2)
    assert sign_in(client, "ada").status_code == 303


def test_a_right_password_of_who_is_kept_out_is_one_more_failure(at: Front):
    """Or whoever tries it would learn that it is right."""
    at.user("ada")
    at.accounts().set_active("ada", active=False)
    for _ in range(BY_NAME):
        assert sign_in(at.client(), "ada").status_code == 401
    assert sign_in(at.client(), "ada").status_code == 429


def test_who_came_in_may_mistype_again(throttle: Throttle):
    for _ in range(BY_NAME):
        assert throttle.begin("ada", HERE, NOON) is None
    throttle.succeeded("ada", HERE)
    assert [throttle.begin("ada", HERE, NOON) for _ in range(BY_NAME)] == [None] * BY_NAME


def test_for_a_name_that_nobody_has_a_hash_is_checked_as_well(at: Front, monkeypatch: pytest.MonkeyPatch):
    """It takes as long as for a name that somebody has."""
    at.user("ada")
    monkeypatch.setattr(passwords, "_HASHER", Watched())
    passwords._of_nobody.cache_clear()
    for name in ("ada", "nobody"):
        assert sign_in(at.client(), name, WRONG).status_code == 401
    assert passwords._HASHER.checked == ["$argon2id$v=19$m=64,t=1,p=1"] * 2
    passwords._of_nobody.cache_clear()


class Watched(PasswordHasher):
    """Keeps the parameters of the hashes that it checks."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.checked = list[str]()

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002  # so it is called there
        self.checked.append(str(hash).rsplit("$", 2)[0])
        return super().verify(hash, password)


def test_a_name_that_nobody_has_waits_like_one_that_somebody_has(at: Front):
    at.user("ada")
    for _ in range(BY_NAME):
        assert sign_in(at.client(), "nobody", WRONG).status_code == 401
    assert sign_in(at.client(), "nobody", WRONG).status_code == 429


def test_an_address_is_believed_from_our_own_proxy_alone(tmp_path: Path):
    with front(tmp_path, {"trusted_proxies": ["127.0.0.0/8"]}) as at:
        at.user("ada")
        for number in range(BY_ADDRESS):
            sign_in(at.client(), f"name{number}", WRONG, headers={"X-Forwarded-For": "203.0.113.7"})
        assert sign_in(at.client(), "x", WRONG, headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.7"}).status_code == 429
        assert sign_in(at.client(), "x", WRONG, headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 401


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "203.0.113.7", "unknown"),
    ],
)
def test_who_called(peer: str, forwarded: str, caller: str):
    assert Callers(["10.0.0.0/8"]).caller(peer, forwarded) == caller


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_header_says_a_stranger_is_who_he_is(forwarded: str, more: str):
    assert Callers(["10.0.0.0/8"]).caller("198.51.100.9", f"{forwarded},{more}") == "198.51.100.9"


@given(st.text(max_size=80))
def test_a_name_stays_as_it_is_kept(typed: str):
    try:
        kept = named(typed)
    except Refused:
        return
    assert named(kept) == kept == named(f" {kept}\n")


def test_a_name_holds_no_nul_which_postgresql_would_not_look_for():
    assert folded("\0A\0da\0") == "ada"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("door")) as opened:
        opened.user("ada")
        yield opened


@settings(deadline=None, max_examples=50)  # cores are shared
@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_is_typed_is_answered_in_plain_words(door: Front, name: str, password: str):
    door.watch.on(hours=1)
    answer = sign_in(door.client(), sent(name), sent(password))
    refused = 400 if "\0" in name + password else 401
    assert answer.status_code == (303 if refused == 401 and (folded(name), password) == ("ada", PASSWORD) else refused)


def sent(typed: str) -> str:
    """What a browser can send of it."""
    return typed.encode("utf-8", "replace").decode()
