"""What a SOQL query says, before anybody asks what it means: names as written, literals by kind.

Each name remembers where it stood in the text, because Salesforce points at it when it is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A field path such as `Owner.Name`, and its place (from 0) in the query text."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written. `kind`: null, text, pattern (of LIKE, a regular expression), number, boolean, date, ..."""

    kind: str
    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`name op literal`, op one of = != < <= > >= like."""

    name: Name
    op: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Among:
    """`name [NOT] IN (...)`, or for multi-picklists `INCLUDES` and `EXCLUDES`."""

    name: Name
    literals: tuple[Literal, ...]
    negated: bool = False
    includes: bool = False


@dataclass(frozen=True, slots=True)
class Both:
    """All of these (AND)."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of these (OR)."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Not this."""

    term: Condition


Condition = Compare | Among | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY. Nulls come first unless said otherwise."""

    name: Name
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `names` holds paths; `groups` the words inside FIELDS(...); `count` stands for COUNT()."""

    text: str
    sobject: str
    names: tuple[Name, ...] = ()
    groups: tuple[str, ...] = ()
    count: bool = False
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
