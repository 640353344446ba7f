"""Who a webhook of ours comes from, and when it was sent.

`Smarketing-Signature: t=1793607330,v1=<hex>`: the second of sending, and HMAC-SHA256 under the webhook's secret of
`<t>.<raw body>`. The time is signed as well, so that nobody can send an old message again as a new one. Whoever checks
compares the raw bytes, in constant time, and takes nothing that is older, or newer, than a few minutes.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

HEADER = "Smarketing-Signature"
TOLERANCE = timedelta(minutes=5)


def signature(secret: str, body: bytes, now: datetime) -> str:
    """What stands in the header."""
    second = int(now.timestamp())
    return f"t={second},v1={_hmac(secret, str(second), body)}"


def verified(secret: str, body: bytes, header: str, now: datetime, tolerance: timedelta = TOLERANCE) -> bool:
    """Whether this body was signed with that secret, and not long ago."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    second, given = parts.get("t", ""), parts.get("v1", "")
    if not (second.isascii() and second.isdigit()):
        return False
    fresh = abs(now.timestamp() - int(second)) <= tolerance.total_seconds()
    return hmac.compare_digest(given.encode(), _hmac(secret, second, body).encode()) and fresh


def _hmac(secret: str, second: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256).hexdigest()
