"""Who is asking, and what they may do: viewers look, operators act on records, admins change the agreement and people.

Each view says the least role it needs; the lower one is told so with 403, a stranger is sent to sign in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from flask import abort, g

P = ParamSpec("P")
R = TypeVar("R")


class Role(IntEnum):
    """What somebody may do; each may do all that the ones below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As it is stored and written in settings."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking.

    Attributes:
        name: how they sign in; acts are recorded under it.
        shown: how they are called on the page.
    """

    name: str
    shown: str
    role: Role


def visitor() -> Visitor:
    """Who is asking; only behind `needs`."""
    found: Visitor = g.visitor
    return found


def needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those through who have this role at least; the doorkeeper has said before who is asking."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            asking: Visitor | None = g.get("visitor")
            if asking is None:
                abort(HTTPStatus.UNAUTHORIZED)
            if asking.role < role:
                abort(HTTPStatus.FORBIDDEN, f"this needs the role {role.word}; you are {asking.role.word}")
            return view(*args, **kwargs)

        return guarded

    return guard
