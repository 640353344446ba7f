"""What an address asks for: a window of days that ends now, and one of a few ways to look at numbers.

What nobody offers is taken for the usual; an address that somebody has changed by hand shows a page all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from flask import abort, make_response, render_template, request

from connector.core.refs import Ref

DAYS: Final = (7, 30, 90, 365)
USUAL: Final = 30
_LARGEST: Final = 2**63 - 1  # number that databases keep
_DIGITS: Final = len(str(_LARGEST))
_NUMBERS: Final = re.compile(r"[0-9]{1,1000}")


@dataclass(frozen=True, slots=True)
class Window:
    """The last so many days."""

    days: int
    since: datetime
    until: datetime


def window(now: datetime) -> Window:
    """The days that are asked for."""
    asked = request.args.get("days", "")
    days = int(asked) if asked in {str(one) for one in DAYS} else USUAL
    return Window(days, now - timedelta(days=days), now)


def one_of(name: str, known: Sequence[str]) -> str:
    """A choice that is offered; the first one where none is asked for, or an unknown one."""
    asked = request.args.get(name, "")
    return asked if asked in known else known[0]


def texts(*names: str) -> dict[str, str]:
    """What is asked for by name, "" where nothing is; without what no database takes as text."""
    return {name: request.args.get(name, "").replace("\0", "").strip() for name in names}


def ref_of(text: str) -> Ref:
    """The record an address names; what is no ref is nowhere."""
    try:
        ref = Ref.parse(text)
    except ValueError:
        abort(HTTPStatus.NOT_FOUND)
    return abort(HTTPStatus.NOT_FOUND) if "\0" in text else ref


def place() -> str:
    """Where a list goes on, as a page before said; what no page says is nowhere."""
    after = request.args.get("after", "")
    if "\0" in after or any(int(number) > _LARGEST for number in _NUMBERS.findall(after)):
        abort(HTTPStatus.NOT_FOUND)
    return after


def is_number(typed: str) -> bool:
    """Whether a row could have this number."""
    return typed.isascii() and typed.isdigit() and len(typed) <= _DIGITS and int(typed) <= _LARGEST


@contextmanager
def in_list() -> Iterator[None]:
    """What cannot be a place in the list is a page that is not there."""
    try:
        yield
    except ValueError:
        abort(HTTPStatus.NOT_FOUND)


def is_part() -> bool:
    """Whether htmx asks for a part of the page, and not for all of it again."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def partly(whole: str, part: str, **shown: Any) -> Any:
    """The page, or that part of it for which htmx asks."""
    answer = make_response(render_template(part if is_part() else whole, **shown))
    answer.vary.add("HX-Request")
    return answer
