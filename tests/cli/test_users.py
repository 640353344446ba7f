"""user and token: who may come in, said on the command line; passwords come by terminal, pipe or file alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.admin import keys, passwords
from connector.cli import main
from connector.engine.story import ACT
from connector.storage import events, sessions, tokens, users
from connector.storage.sessions import Session
from tests.cli.desk import SECRETS, Said
from tests.cli.desk_of_journeys import MONDAY, Archive

PASSWORD = "correct horse battery"


def typed(past: Archive, *arguments: str, piped: str = f"{PASSWORD}\n") -> Said:
    """Type a command, with something in the pipe."""
    config = ["--config", str(past.folder / "config.yaml")]
    said = CliRunner().invoke(main, [*arguments, *config], input=piped, env=dict(SECRETS), catch_exceptions=False)
    return Said(said.exit_code, said.stdout, said.stderr)


def user(past: Archive, name: str) -> users.User:
    with past.database.read() as conn:
        found = users.get(conn, name)
    assert found
    return found


def test_somebody_is_added_with_a_password_from_a_pipe(past: Archive):
    said = typed(past, "user", "add", "Ada", "--role", "admin")
    assert (said.code, said.err) == (0, "ada can sign in as admin.\n")
    ada = user(past, "ada")
    assert (ada.shown, ada.role, ada.active, ada.seen_at) == ("Ada", "admin", True, None)
    assert passwords.checked(ada.hash, PASSWORD)
    assert not passwords.checked(ada.hash, PASSWORD + "\n")


def test_a_password_may_come_from_a_file(past: Archive, tmp_path: Path):
    file = tmp_path / "secret.txt"
    file.write_text("the first line of it\r\nthe second\n")
    assert typed(past, "user", "add", "ada", "--password-file", str(file), piped="").code == 0
    assert passwords.checked(user(past, "ada").hash, "the first line of it")
    assert user(past, "ada").role == "viewer"


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(past: Archive, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("connector.cli.users._on_terminal", lambda: True)
    said = typed(past, "user", "add", "ada", piped=f"{PASSWORD}\nanother\n{PASSWORD}\n{PASSWORD}\n")
    assert said.code == 0
    assert said.err.count("Password:") == said.err.count("Once more:") == 2
    assert PASSWORD not in said.out + said.err
    assert passwords.checked(user(past, "ada").hash, PASSWORD)


@pytest.mark.parametrize(
    ("name", "piped", "why"),
    [
        ("ada", "short\n", "the password is too short; take at least 12 characters"),
        ("ada", "", "no password came"),
        ("ada.lovelace", "Ada.Lovelace\n", "the password is the name"),
        ("a b", f"{PASSWORD}\n", "a name has up to 64 letters"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(past: Archive, name: str, piped: str, why: str):
    said = typed(past, "user", "add", name, piped=piped)
    assert said.code == 1
    assert f"Not done: {why}" in said.err
    with past.database.read() as conn:
        assert users.number(conn) == 0


def test_a_name_is_taken_once_and_who_is_not_there_cannot_be_changed(past: Archive):
    typed(past, "user", "add", "ada")
    assert "there is a user ada already" in typed(past, "user", "add", "ADA").err
    for arguments in (("role", "bob", "admin"), ("password", "bob"), ("remove", "bob")):
        said = typed(past, "user", *arguments)
        assert (said.code, "there is no user bob" in said.err) == (1, True)


def test_another_role_or_password_signs_out_and_removing_forgets(past: Archive):
    typed(past, "user", "add", "ada")
    for number, arguments in enumerate((("role", "Ada", "operator"), ("password", "ada"), ("remove", "ada"))):
        with past.database.begin() as conn:
            sessions.begin(conn, Session(f"key{number}", "ada", MONDAY, MONDAY))
        assert typed(past, "user", *arguments, piped="a wholly new password\n").code == 0
        with past.database.read() as conn:
            assert sessions.of_user(conn, "ada") == []
            found = users.get(conn, "ada")
        if arguments[0] == "role":
            assert found
            assert found.role == "operator"
        if arguments[0] == "password":
            assert found
            assert passwords.checked(found.hash, "a wholly new password")
    assert found is None
    with past.database.read() as conn:
        told = [one.payload for one in events.since(conn, MONDAY, 100) if one.kind == ACT]
    assert [(one["act"], one["by"], one["user"]) for one in told] == [
        (act, "grace", "ada") for act in ("user add", "user role", "user password", "user remove")
    ]


def test_everybody_is_listed(past: Archive):
    assert past.run("user", "list").out == "Nobody can sign in yet: smarketing user add NAME --role admin\n"
    typed(past, "user", "add", "Ada")
    with past.database.begin() as conn:
        users.add(conn, users.User("https://idp x", "Bob", "admin", "", active=False, added_at=MONDAY, seen_at=MONDAY))
    assert past.run("user", "list").out.splitlines() == [
        "ada (Ada)  viewer  password, never signed in",
        "https://idp x (Bob)  admin  identity provider, last signed in 2026-11-02 09:00 UTC  kept out",
    ]
    ada, bob = past.data("user", "list")
    assert {**ada, "added_at": ""} == {
        "name": "ada", "shown": "Ada", "role": "viewer", "by": "password", "active": True, "added_at": "",
        "seen_at": None,
    }  # fmt: skip
    assert (bob["by"], bob["active"], bob["seen_at"]) == ("openid", False, "2026-11-02T09:00:00+00:00")


def test_a_token_is_printed_once_alone_on_a_line_and_kept_as_its_hash(past: Archive):
    said = past.run("token", "add", "nightly report", "--role", "operator", "--days", "30")
    assert said.code == 0
    made = said.out.strip()
    assert made.startswith("smk_")
    with past.database.read() as conn:
        kept = tokens.get(conn, keys.digest(made))
    assert kept
    assert (kept.name, kept.role, kept.added_by) == ("nightly report", "operator", "grace")
    assert kept.ends_at
    assert (kept.ends_at - kept.added_at).days == 30
    assert made not in past.run("token", "list").out


def test_tokens_are_listed_and_removed(past: Archive):
    assert past.run("token", "list").out == "There is no token: smarketing token add NAME --role viewer\n"
    past.run("token", "add", "nightly", "--role", "viewer")
    assert past.run("token", "list").out == "nightly  viewer  by grace, never used, never ends\n"
    (row,) = past.data("token", "list")
    assert (row["name"], row["role"], row["seen_at"], row["ends_at"]) == ("nightly", "viewer", None, None)
    assert past.run("token", "remove", "nightly").code == 0
    assert past.data("token", "list") == []
    again = past.run("token", "remove", "nightly")
    assert (again.code, "there is no token nightly" in again.err) == (1, True)
