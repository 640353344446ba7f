"""What can go wrong, by what happens next.

BridgeError
 + Transient          try again soon; it is unknown whether a write happened
 |  + RateLimited     not before `until`
 + Unauthorised       stop this side and tell a person
 + Misconfigured      refuse to start; lists every problem with its file and line
 + Refused            what a person asked for cannot be done, and why

Refusals of single records and fields are values (`ports.Refusal...`), not exceptions: the rest of the batch goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core.refs import Side


class BridgeError(Exception):
    """Everything the bridge raises on purpose."""


class Transient(BridgeError):
    """A fault that passes: the same call may succeed soon."""


class RateLimited(Transient):
    """The side asks to wait until a moment (UTC), which may be as far as tomorrow for a daily limit."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Unauthorised(BridgeError):
    """Credentials, scopes or permissions do not suffice; only a person can mend that.

    `side` is noted by whoever asked the side; None where nobody knows.
    """

    side: Side | None = None


class Refused(BridgeError):
    """A person asked for something that cannot be done; the message says what to do instead."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a configuration: where, what was found, what would be right."""

    file: str
    line: int
    key: str
    message: str  # "'newst' is not one of hubspot, salesforce, newest, manual; did you mean 'newest'?"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class Misconfigured(BridgeError):
    """The configuration cannot be used. Carries every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
