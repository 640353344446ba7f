"""What people may do about who comes in: users, passwords, sessions, tokens. Pages and command line both call it.

Every act is recorded with who did it; what is secret stands in none. Whoever gets another role or password, or is kept
out, is signed out everywhere at once.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from connector.admin import keys, passwords
from connector.admin.roles import Role
from connector.engine.story import ACT
from connector.errors import Refused
from connector.ports import Clock
from connector.storage import events, sessions, tokens, users
from connector.storage.database import Database
from connector.storage.events import Event
from connector.storage.tokens import Token
from connector.storage.users import User

DAYS_MAX: Final = 3650
_NAME: Final = re.compile(r"\w[\w.@+-]{0,63}")
_TOKEN_NAME: Final = re.compile(r"\w[\w .@+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Accounts:
    """Acts of one person. by: who they are, for the record."""

    database: Database
    clock: Clock
    by: str

    def add(self, name: str, role: Role, password: str) -> User:
        """Let somebody sign in with a password.

        Raises:
            Refused: when the name or the password cannot be used, or the name is taken.
        """
        known = named(name)
        user = User(known, name.strip(), role.word, passwords.hashed(known, password), True, self.clock.now())
        with self.database.begin() as conn:
            if not users.add(conn, user):
                raise Refused(f"there is a user {known} already")
            self._tell(conn, "user add", user=known, role=role.word)
        return user

    def set_role(self, name: str, role: Role) -> None:
        """Give somebody another role.

        Raises:
            Refused: when there is no such user, or their identity provider says the role.
        """
        with self.database.begin() as conn:
            user = _found(conn, name)
            _refuse_foreign(user, "their role follows from their groups there")
            if user.role != role.word:
                users.set_role(conn, user.name, role.word)
                sessions.end_all(conn, user.name)
                self._tell(conn, "user role", user=user.name, role=role.word, before=user.role)

    def set_active(self, name: str, *, active: bool) -> None:
        """Keep somebody out, or let them in again.

        Raises:
            Refused: when there is no such user.
        """
        with self.database.begin() as conn:
            user = _found(conn, name)
            if user.active != active:
                users.set_active(conn, user.name, active=active)
                sessions.end_all(conn, user.name)
                self._tell(conn, "user let in" if active else "user keep out", user=user.name)

    def set_password(self, name: str, password: str, but: str = "") -> None:
        """Give somebody another password, and sign them out everywhere but in the session of the key `but`.

        Raises:
            Refused: when there is no such user, they have no password here, or it cannot be used.
        """
        with self.database.read() as conn:
            user = _found(conn, name)
        _refuse_foreign(user, "they have no password here")
        kept = passwords.hashed(user.name, password)
        with self.database.begin() as conn:
            users.set_hash(conn, user.name, kept)
            sessions.end_all(conn, user.name, but)
            self._tell(conn, "user password", user=user.name)

    def sign_out(self, name: str) -> int:
        """Sign somebody out everywhere; in how many places that was.

        Raises:
            Refused: when there is no such user.
        """
        with self.database.begin() as conn:
            user = _found(conn, name)
            ended = sessions.end_all(conn, user.name)
            self._tell(conn, "user sign out", user=user.name, sessions=ended)
        return ended

    def remove(self, name: str) -> None:
        """Forget a user.

        Raises:
            Refused: when there is no such user.
        """
        with self.database.begin() as conn:
            user = _found(conn, name)
            users.remove(conn, user.name)
            sessions.end_all(conn, user.name)
            self._tell(conn, "user remove", user=user.name)

    def add_token(self, name: str, role: Role, days: int | None) -> str:
        """A new token for a script, which is told here and never again; `days` it is good for, None: for ever.

        Raises:
            Refused: when the name cannot be used or is taken, or it would be good for no time or too long.
        """
        called, now = name.strip(), self.clock.now()
        if not _TOKEN_NAME.fullmatch(called):
            raise Refused("name the token after what uses it: up to 64 letters, digits, spaces and . _ - @ +")
        if days is not None and not 1 <= days <= DAYS_MAX:
            raise Refused(f"a token is good for 1 to {DAYS_MAX:,} days, or for ever")
        made = keys.fresh_token()
        ends_at = None if days is None else now + timedelta(days=days)
        with self.database.begin() as conn:
            if not tokens.add(conn, Token(keys.digest(made), called, role.word, self.by, now, None, ends_at)):
                raise Refused(f"there is a token {called} already; remove it first, or take another name")
            self._tell(conn, "token add", token=called, role=role.word)
        return made

    def remove_token(self, name: str) -> None:
        """Refuse a token from now on.

        Raises:
            Refused: when there is no such token.
        """
        with self.database.begin() as conn:
            if not tokens.remove(conn, name):
                raise Refused(f"there is no token {name}")
            self._tell(conn, "token remove", token=name)

    def _tell(self, conn: Connection, act: str, **payload: Any) -> None:
        tell(conn, self.clock.now(), self.by, act, **payload)


def tell(conn: Connection, now: datetime, by: str, act: str, **payload: Any) -> None:
    """Record an act for the audit."""
    events.append(conn, [Event(now, ACT, payload={"act": act, "by": by, **payload})])


def named(typed: str) -> str:
    """The name under which somebody is kept who types this: small letters, however they were typed.

    Raises:
        Refused: when nobody can be called so.
    """
    known = folded(typed)
    if not _NAME.fullmatch(known):
        raise Refused("a name has up to 64 letters, digits and . _ - @ +, and begins with a letter or digit")
    return known


def folded(typed: str) -> str:
    """What was typed as a name, as it would be kept; without NUL, which PostgreSQL does not take."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold()).replace("\0", "").strip()


def _found(conn: Connection, name: str) -> User:
    user = users.get(conn, name) or users.get(conn, folded(name))
    if user is None:
        raise Refused(f"there is no user {name}; see smarketing user list")
    return user


def _refuse_foreign(user: User, why: str) -> None:
    if not user.hash:
        raise Refused(f"{user.shown} comes in by the identity provider: {why}")
