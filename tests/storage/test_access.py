"""Users, sessions, tokens and counts of failed sign-ins, on every kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from connector.storage import attempts, backup, sessions, state, tokens, users
from connector.storage.attempts import Failed
from connector.storage.database import Database, migrate, open_database
from connector.storage.sessions import Session
from connector.storage.tokens import Token
from connector.storage.users import User

HOUR = timedelta(hours=1)


def ada(now: datetime) -> User:
    return User("ada", "Ada L.", "viewer", "$argon2id$x", active=True, added_at=now)


def test_a_user_is_as_she_was_added_and_as_she_was_changed(database: Database, now: datetime):
    with database.begin() as conn:
        assert users.number(conn) == 0
        assert users.add(conn, ada(now))
        assert not users.add(conn, replace(ada(now), role="admin"))
        assert users.get(conn, "ada") == ada(now)
        users.set_role(conn, "ada", "operator")
        users.set_hash(conn, "ada", "other")
        users.set_shown(conn, "ada", "Ada")
        users.set_active(conn, "ada", active=False)
        users.seen(conn, "ada", now + HOUR)
        changed = User("ada", "Ada", "operator", "other", active=False, added_at=now, seen_at=now + HOUR)
        assert users.get(conn, "ada") == changed
        assert users.everyone(conn) == [changed]


def test_who_is_removed_is_not_known_any_more(database: Database, now: datetime):
    with database.begin() as conn:
        users.add(conn, ada(now))
        assert users.remove(conn, "ada")
        assert not users.remove(conn, "ada")
        assert users.get(conn, "ada") is None


def test_a_hash_is_not_shown_where_a_user_is_printed(now: datetime):
    assert "argon2" not in repr(ada(now))


def test_sessions_end_one_by_one_all_but_one_or_all(database: Database, now: datetime):
    with database.begin() as conn:
        for number, key in enumerate("abc"):
            sessions.begin(conn, Session(key, "ada", now, now + number * HOUR))
        sessions.begin(conn, Session("d", "bob", now, now))
        assert [one.key for one in sessions.of_user(conn, "ada")] == ["c", "b", "a"]
        assert sessions.end(conn, "a")
        assert not sessions.end(conn, "a")
        assert sessions.end_all(conn, "ada", but="c") == 1
        assert sessions.get(conn, "c") == Session("c", "ada", now, now + 2 * HOUR)
        assert sessions.end_everybody(conn) == 2
        assert sessions.get(conn, "d") is None


def test_sessions_that_are_not_used_or_too_old_are_forgotten(database: Database, now: datetime):
    with database.begin() as conn:
        for key, began, used in (("idle", 5, 5), ("old", 30, 0), ("fresh", 2, 1)):
            sessions.begin(conn, Session(key, "ada", now - began * HOUR, now - used * HOUR))
        sessions.seen(conn, "fresh", now)
        assert sessions.forget(conn, seen_before=now - 4 * HOUR, began_before=now - 24 * HOUR) == 2
        assert sessions.of_user(conn, "ada") == [Session("fresh", "ada", now - 2 * HOUR, now)]


def test_a_token_is_found_by_its_key_and_its_name_is_its_own(database: Database, now: datetime):
    token = Token("k1", "nightly", "viewer", "ada (web)", now, ends_at=now + HOUR)
    with database.begin() as conn:
        assert tokens.add(conn, token)
        assert not tokens.add(conn, replace(token, key="k2"))
        assert tokens.get(conn, "k1") == token
        assert tokens.get(conn, "k2") is None
        tokens.seen(conn, "k1", now)
        assert tokens.every(conn) == [replace(token, seen_at=now)]
        assert tokens.remove(conn, "nightly")
        assert not tokens.remove(conn, "nightly")
        assert tokens.every(conn) == []


def test_failures_are_counted_by_key_and_forgotten_by_time(database: Database, now: datetime):
    with database.begin() as conn:
        assert attempts.held(conn, ["name:1", "from:2"]) == {}
        attempts.put(conn, {"name:1": Failed(1, now - HOUR), "from:2": Failed(4, now)})
        attempts.put(conn, {"name:1": Failed(2, now - HOUR)})
        assert attempts.held(conn, ["from:2", "name:1"]) == {"from:2": Failed(4, now), "name:1": Failed(2, now - HOUR)}
        assert attempts.forget(conn, now) == 1
        attempts.clear(conn, "from:2")
        assert attempts.held(conn, ["from:2", "name:1"]) == {}


def test_a_restore_signs_everybody_out(database: Database, tmp_path: Path, now: datetime):
    """Or a session that was ended since the backup would be alive again."""
    source = open_database(f"sqlite:///{tmp_path / 'source.db'}")
    migrate(source)
    with source.begin() as conn:
        users.add(conn, ada(now))
        sessions.begin(conn, Session("a", "ada", now, now))
    backup.write(source, tmp_path / "backup.db")
    source.close()
    with backup.opened(tmp_path / "backup.db") as kept, kept.read() as old, database.begin() as conn:
        backup.replace(conn, old)
        assert users.everyone(conn) == [ada(now)]
        assert sessions.of_user(conn, "ada") == []


def test_what_is_offered_stays_once_it_is_there(database: Database):
    with database.begin() as conn:
        assert state.keep(conn, "secret", "first") == "first"
        assert state.keep(conn, "secret", "second") == "first"
