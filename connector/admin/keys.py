"""Keys that let people and scripts in: made by the system's generator, and kept as nothing but their SHA-256.

A key has 256 bits, so that its plain hash can be looked up: nobody finds the key of a hash, and nobody learns anything
from how long the look-up took. The store has one secret of its own, made by whichever process needs it first and the
same for all of them, under which short-lived things are signed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import Lock
from typing import Final

from connector.storage import state
from connector.storage.database import Database

OF_TOKENS: Final = "smk_"  # what a token begins with, so that people and scanners recognise one
_KEPT: Final = "web_secret"  # in storage.state
_BYTES: Final = 32


def fresh() -> str:
    """A new key: 43 letters, digits, - and _."""
    return secrets.token_urlsafe(_BYTES)


def fresh_token() -> str:
    """A new token for a script."""
    return OF_TOKENS + fresh()


def fresh_password() -> str:
    """A password that is handed to somebody once, who changes it: four groups that can be read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def digest(key: str) -> str:
    """What is kept of a key, in hexadecimal."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Secret:
    """The store's own secret; read when first needed, because a web process starts before its store answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: bytes | None = None
        self._lock = Lock()

    def __call__(self) -> bytes:
        """It, 256 bits; made now if nobody has made it before."""
        if self._known is None:
            with self._lock:
                self._known = self._known or bytes.fromhex(self._kept())
        return self._known

    def signed(self, use: str, text: str) -> str:
        """What nobody can say of a text who does not know the secret, in hexadecimal; another for each use."""
        message = f"{use}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self(), message, hashlib.sha256).hexdigest()

    def _kept(self) -> str:
        with self._database.read() as conn:
            known = state.get(conn, _KEPT)
        if known is None:
            with self._database.begin() as conn:
                known = state.keep(conn, _KEPT, secrets.token_hex(_BYTES))
        return str(known)
