"""Signatures of HubSpot's webhooks, as HubSpot makes them (HubSpot fact sheet 11.4).

v1 is what CRM events carry, v3 is sent alongside. The sandbox signs with code of its own, so that a mistake in the
bridge's verification cannot hide behind the same mistake here; both are held to the published vectors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_DECODED = {
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
}  # fmt: skip - exactly the escapes the documentation lists, as it lists them


def v1(secret: str, body: bytes) -> str:
    """Hex SHA-256 over secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v3(secret: str, method: str, url: str, body: bytes, timestamp_ms: int) -> str:
    """Base64 HMAC-SHA256 over method, decoded URL, body and timestamp."""
    signed = method.upper().encode() + decoded(url).encode() + body + str(timestamp_ms).encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def decoded(url: str) -> str:
    """The URL with the twelve listed escapes decoded and nothing else."""
    for escape, mark in _DECODED.items():
        url = url.replace(escape, mark).replace(escape.lower(), mark)
    return url


def headers(secret: str, url: str, body: bytes, timestamp_ms: int) -> dict[str, str]:
    """What a delivery to `url` carries; the timestamp is that of the attempt, not of the event."""
    return {
        "Content-Type": "application/json",
        "X-HubSpot-Signature": v1(secret, body),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Request-Timestamp": str(timestamp_ms),
        "X-HubSpot-Signature-v3": v3(secret, "POST", url, body, timestamp_ms),
    }
