"""A webhook of ours: one POST of JSON, signed (`signatures`), with the effect's key as `Idempotency-Key`.

Redirects are not followed: the address in config.yaml was checked, one that an answer names was not. Nothing but the
bridge's own headers goes along, whatever a `.netrc` says. What the answer holds beyond its status is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson
import requests
from requests.auth import AuthBase

from connector.delivery import Delivered, Delivery, Undelivered, Unheard
from connector.notify.channels import quiet
from connector.notify.faults import answered, never_left
from connector.notify.signatures import HEADER, signature

_SUCCESSES, _REDIRECTS = range(200, 300), range(300, 400)
_PLAIN = " !#$&'()*+,/:;=?@[]|"  # in a header as it is; everything but ASCII is written as in a URL


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes where, signed with what."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    key: str
    payload: Mapping[str, Any] = field(repr=False)


def post(letter: Letter, now: datetime, timeout_s: float) -> Delivery:
    """Send it, once."""
    quiet()
    body = orjson.dumps(letter.payload)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "smarketing",
        "Idempotency-Key": quote(letter.key, safe=_PLAIN),
        HEADER: signature(letter.secret, body, now),
    }
    how: dict[str, Any] = {"auth": _Nobody(), "timeout": timeout_s, "allow_redirects": False, "stream": True}
    try:
        with requests.post(letter.url, data=body, headers=headers, **how) as answer:  # noqa: S113  # in `how`
            return _told(answer.status_code)
    except requests.RequestException as error:
        return never_left(repr(error)) or Unheard("no answer came that says whether it was taken")


class _Nobody(AuthBase):
    """No sign-in, not even one that a file on this machine knows."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _told(status: int) -> Delivery:
    if status in _SUCCESSES:
        return Delivered()
    if status in _REDIRECTS:
        hint = "redirects are not followed; write the final address into config.yaml"
        return Undelivered(f"answered with {status}: it is somewhere else", hint, lasting=True)
    return answered(status)
