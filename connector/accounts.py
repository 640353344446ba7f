"""What the live accounts are like: their objects and fields, who can own records, whom we are connected to.

Told by either side in words of its own, kept here in one form; part of `connector.ports`, by which name all others know
it. A limit that a side does not set or has not told is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.core.values import Kind


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field as the live CRM defines it. `type` is the side's own word; `kinds` are the kinds it can carry.

    A limit that is None is one the side does not set or has not told.
    """

    name: str
    label: str
    type: str
    kinds: frozenset[Kind]
    creatable: bool = True
    updatable: bool = True
    required: bool = False  # needed on create and not defaulted
    length: int | None = None  # characters
    scale: int | None = None  # of a number: digits kept after the point
    precision: int | None = None  # of a number: digits kept in all, those after the point included
    options: tuple[Option, ...] = ()
    restricted: bool = False  # whether values outside `options` are refused
    unique: bool = False
    external_id: bool = False


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One object as the live CRM defines it, as far as our credentials can see."""

    object: str
    fields: Mapping[str, FieldSchema]


@dataclass(frozen=True, slots=True)
class Owner:
    """Someone or something a record can belong to."""

    id: str
    email: str
    name: str
    active: bool = True
    queue: bool = False
    ours: bool = False  # the user the bridge signs in as: who owns only what nobody was given


@dataclass(frozen=True, slots=True)
class Account:
    """The portal or org behind the credentials. State is bound to it: another account is refused."""

    id: str
    name: str
    time_zone: str
    currency: str = ""
