"""Does a request come from who it says, and was it sent just now? Pure: the moment, the bytes and the secrets come in.

HubSpot signs with the app's client secret (HubSpot fact sheet 11.4): v3 is an HMAC of method, address, body and time,
v1 and v2 are plain hashes without a time and are accepted only where an installation says so. Our own signature, for a
Flow or Apex, is an HMAC of time and body. Several secrets may be valid at once, while one is being replaced. Every
comparison takes the same time whatever is compared, and all secrets are always tried.

A time is refused when it is older than five minutes, as HubSpot asks. HubSpot's may be one minute ahead of our clock,
which is more than clocks differ that are set by the network; ours five, for an org's clock is nobody's to set.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

OLDEST_MS: Final = 300_000
AHEAD_MS: Final = 60_000
TIMESTAMP_DIGITS_MAX: Final = 16

V3, V3_TIME = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"
V1_OR_V2, WHICH = "X-HubSpot-Signature", "X-HubSpot-Signature-Version"
OURS, OUR_TIME = "X-Smarketing-Signature", "X-Smarketing-Timestamp"

_ESCAPES: Final[Mapping[str, str]] = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_ESCAPE: Final = re.compile("|".join(_ESCAPES), re.IGNORECASE)


class Unsigned(Exception):
    """A request that is not believed.

    Attributes:
        reason: one word for counting: missing, stale, early, signature.
    """

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as its sender signed it. `header` answers a header by its name, whatever its case; None: not there."""

    method: str
    url: str
    header: Callable[[str], str | None]
    body: bytes = field(repr=False)


def check_hubspot(sent: Sent, secrets: Sequence[str], versions: Collection[str], now: datetime) -> None:
    """Believe a request of HubSpot's: by v3 where it carries one and v3 is accepted, else by v1 or v2 where accepted.

    Raises:
        Unsigned: when it is not to be believed.
    """
    given = sent.header(V3)
    if "v3" in versions and given is not None:
        stamp = _stamp(sent.header(V3_TIME), now, unit_ms=1, ahead_ms=AHEAD_MS)
        return _agree(given, [v3(secret, sent, stamp) for secret in secrets])
    given, which = sent.header(V1_OR_V2), sent.header(WHICH)
    made = {"v1": v1, "v2": v2}.get(which or "")
    if made and which in versions and given is not None:
        return _agree(given, [made(secret, sent) for secret in secrets])
    raise Unsigned("missing", f"no signature of a version that is accepted here ({', '.join(sorted(versions))})")


def check_ours(sent: Sent, secrets: Sequence[str], now: datetime) -> None:
    """Believe a request of a Flow or Apex: hex HMAC-SHA256 of `<epoch seconds>.<raw body>`.

    Raises:
        Unsigned: when it is not to be believed.
    """
    stamp = _stamp(sent.header(OUR_TIME), now, unit_ms=1000, ahead_ms=OLDEST_MS)
    given = sent.header(OURS)
    if given is None:
        raise Unsigned("missing", "no signature")
    _agree(given.lower(), [ours(secret, stamp, sent.body) for secret in secrets])


def check_shared(given: str, secrets: Sequence[str]) -> None:
    """Believe whoever knows the secret itself.

    Raises:
        Unsigned: when it is none of them.
    """
    _agree(_digest(given), [_digest(secret) for secret in secrets])


def v1(secret: str, sent: Sent) -> str:
    """Hex SHA-256 of secret and body: says nothing about when, or to which address."""
    return hashlib.sha256(secret.encode() + sent.body).hexdigest()


def v2(secret: str, sent: Sent) -> str:
    """Hex SHA-256 of secret, method, address as it came, and body."""
    return hashlib.sha256(
        f"{secret}{sent.method.upper()}{sent.url}".encode(errors="surrogatepass") + sent.body
    ).hexdigest()


def v3(secret: str, sent: Sent, stamp: str) -> str:
    """Base64 HMAC-SHA256 of method, address, body and time in milliseconds."""
    signed = f"{sent.method.upper()}{decoded(sent.url)}".encode(errors="surrogatepass") + sent.body + stamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def ours(secret: str, stamp: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of time in seconds, a dot, and body."""
    return hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()


def decoded(url: str) -> str:
    """The address with the twelve escapes decoded that HubSpot decodes before it signs, and nothing else."""
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0].upper()], url)


def _stamp(found: str | None, now: datetime, *, unit_ms: int, ahead_ms: int) -> str:
    """The time of sending as it was signed, if it is one and near enough to now."""
    if found is None:
        raise Unsigned("missing", "no time of sending")
    if not (found.isascii() and found.isdigit() and len(found) <= TIMESTAMP_DIGITS_MAX):
        raise Unsigned("missing", "the time of sending is no number")
    age_ms = now.timestamp() * 1000 - int(found) * unit_ms
    if age_ms > OLDEST_MS:
        raise Unsigned("stale", "sent more than five minutes ago; is the clock of this machine right?")
    if age_ms < -ahead_ms:
        raise Unsigned("early", "sent in the future; is the clock of this machine right?")
    return found


def _agree(given: str, expected: Sequence[str]) -> None:
    """Whether one of the expected was given; all are tried. Bytes, because texts beyond ASCII cannot be compared."""
    known = given.encode("utf-8", "surrogatepass")
    if not any([hmac.compare_digest(known, one.encode()) for one in expected]):  # noqa: C419  # all, always
        raise Unsigned("signature", "the signature does not match")


def _digest(secret: str) -> str:
    """Of one length, so that comparing tells nothing of the secret's own."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
