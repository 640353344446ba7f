"""Passwords: Argon2 hashes, and checking one takes as long for a name that nobody has as for one that somebody has.

Two are worked on at a time, whatever is asked: each takes 64 MiB for a moment, and threads that answer webhooks must
not all be busy with guesses.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from connector.errors import Refused, Transient

LEAST, MOST = 12, 1000  # characters; beyond, nobody types but a machine that wants to keep us busy
_AT_ONCE: Final = BoundedSemaphore(2)
_WAIT_S: Final = 3.0
_HASHER: Final = PasswordHasher()


class Busy(Transient):
    """Too many passwords are being checked at this moment; in a few seconds there is room."""

    def __init__(self) -> None:
        super().__init__("too many passwords are being checked at this moment")


def hashed(name: str, password: str) -> str:
    """What is kept of a new password.

    Raises:
        Refused: when it is too short, too long, or the name; Busy.
    """
    plain = _plain(password)
    if len(plain) < LEAST:
        raise Refused(f"the password is too short; take at least {LEAST} characters, a few words are easy to remember")
    if len(plain) > MOST:
        raise Refused(f"the password is too long; take at most {MOST} characters")
    if plain.casefold() == name.casefold():
        raise Refused("the password is the name; take another")
    return _at_work(plain)


def checked(kept: str, password: str) -> bool:
    """Whether it is the password whose hash is kept; `kept` is "" where there is none, which takes as long.

    Raises:
        Busy: when too many are being checked.
    """
    plain = _plain(password)[:MOST]
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise Busy
    try:
        return _HASHER.verify(kept or _of_nobody(), plain) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _AT_ONCE.release()


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def renewed(password: str) -> str:
    """Today's hash of a password that was found right.

    Raises:
        Busy: when too many are being checked.
    """
    return _at_work(_plain(password))


def _at_work(plain: str) -> str:
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise Busy
    try:
        return _HASHER.hash(plain)
    finally:
        _AT_ONCE.release()


@cache
def _of_nobody() -> str:
    return _HASHER.hash("nobody has this password")


def _plain(password: str) -> str:
    """The same for all keyboards that write a letter in one code point or in two."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
