"""What needs a person, alike things together: 544 records with one refused owner are one thing to mend, not 544.

What is alike, `core.alike` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from connector.core.alike import likeness
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref
from connector.storage import issues
from connector.storage.issues import StoredIssue

FREQUENT_MAX = 5
_PAGE = 1_000


@dataclass(slots=True)
class Group:
    """Alike issues, and the first of them. `example_number` is 0 where the issue is not in the store."""

    example: Issue
    example_number: int = 0
    number: int = 0
    values: Counter[str] = field(default_factory=Counter)

    @property
    def frequent(self) -> list[tuple[str, int]]:
        """The values that several of the issues share, the most frequent first."""
        return [(value, number) for value, number in self.values.most_common(FREQUENT_MAX) if number > 1]

    @property
    def kind(self) -> str:
        """What kind of thing waits."""
        return self.example.kind.value

    @property
    def side(self) -> str:
        """The side that refuses; empty for what concerns both."""
        return self.example.side.value if self.example.side else ""

    @property
    def field(self) -> str:
        """The field that is refused; empty for what concerns the record."""
        return self.example.field

    @property
    def rule(self) -> str:
        """The rule concerned."""
        return self.example.rule

    @property
    def code(self) -> str:
        """The side's own code of a refusal."""
        return self.example.code

    @property
    def reason(self) -> str:
        """Why, as said of the example."""
        return self.example.reason

    @property
    def hint(self) -> str:
        """What a person can do."""
        return self.example.hint

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "count": self.number,
            "side": self.side or None,
            "field": self.field,
            "rule": self.rule,
            "code": self.code,
            "reason": self.reason,
            "hint": self.hint,
            "frequent_values": [{"value": value, "count": number} for value, number in self.frequent],
            "example": {"id": self.example_number or None, "refs": [str(ref) for ref in self.example.refs]},
        }


class Groups:
    """Issues as they come, put together."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    def add(self, issue: Issue, number: int = 0) -> None:
        """One more."""
        group = self._groups.setdefault(likeness(issue), Group(issue, number))
        group.number += 1
        if issue.kind is IssueKind.PARKED and issue.value is not None:
            group.values[issue.value] += 1

    def all(self) -> list[Group]:
        """What holds everything up first, then the most frequent."""
        return sorted(self._groups.values(), key=_weight)


def _weight(group: Group) -> tuple[Any, ...]:
    return group.example.kind is not IssueKind.HELD, -group.number, group.kind, group.field, group.rule


@dataclass(frozen=True, slots=True)
class Asked:
    """Which open issues are meant; nothing named means all."""

    kinds: Collection[IssueKind] | None = None
    field: str = ""  # of either side, or a rule's name
    refs: Collection[Ref] | None = None

    def takes(self, stored: StoredIssue) -> bool:
        """Whether an issue is among them."""
        return not self.field or self.field in (stored.issue.field, stored.issue.rule)


def open_issues(conn: Connection, asked: Asked) -> Iterator[StoredIssue]:
    """Every open issue that is meant, by number; read page by page, so that a hundred thousand are no trouble."""
    after = 0
    while page := issues.open_issues(conn, kinds=asked.kinds, refs=asked.refs, limit=_PAGE, after=after):
        yield from filter(asked.takes, page)
        after = page[-1].id
