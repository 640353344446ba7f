"""What a folder of sources is made from, and the parts it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.errors import Refused
from connector.wanted import Wanted

ACTIVITIES: Final = ("Task", "Event")
"""Objects whose custom fields are those of Activity (Salesforce fact sheet 5.2)."""
MAIN: Final = "force-app/main/default"
SECRET: Final = "SMARKETING_OUTBOUND_SECRET"  # noqa: S105  # the name of an environment variable, in place of the secret
USER: Final = "SMARKETING_INTEGRATION_USER"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration asks of Salesforce.

    Attributes:
        wanted: the fields that shall be made.
        others: fields that are Salesforce's or its admin's and that the bridge needs, as (object, field).
        deletes: objects whose records the bridge deletes.
        api_version: as Salesforce writes it ("67.0").
        notices: the address that outbound messages go to, up to the secret; "" where none are received.
        user: whom outbound messages are sent as; "" where only the deploying admin knows.
    """

    wanted: tuple[Wanted, ...]
    others: tuple[tuple[str, str], ...] = ()
    deletes: frozenset[str] = frozenset()
    api_version: str = "67.0"
    notices: str = ""
    user: str = ""

    def __post_init__(self) -> None:
        for obj, name in (*((one.object, one.name) for one in self.wanted), *self.others):
            for word in (obj, name):
                if not _NAME.fullmatch(word):
                    raise Refused(f"{word!r} is no name that Salesforce gives to an object or a field; mend it")

    @property
    def objects(self) -> tuple[str, ...]:
        """Every object that takes part, in the order of the mappings."""
        named = (*(one.object for one in self.wanted), *(obj for obj, _ in self.others))
        return tuple(dict.fromkeys(named))

    @property
    def records(self) -> tuple[str, ...]:
        """The objects that rights are given on by themselves; those of activities come with a right of their own."""
        return tuple(obj for obj in self.objects if obj not in ACTIVITIES)

    def on(self, obj: str) -> tuple[Wanted, ...]:
        """What one object must have."""
        return tuple(one for one in self.wanted if one.object == obj)

    def told_in(self, obj: str, key: str) -> Wanted | None:
        """The field of an object that the agreement names under a key (`sla.fields.due_at`)."""
        return next((one for one in self.on(obj) if f"{asked_by(one)}.".startswith(f"{key}.")), None)


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that is deployed: its type and name as package.xml has them, its file below the folder, its text."""

    type: str
    member: str
    path: str
    text: str


def asked_by(one: Wanted) -> str:
    """The key that asks for a field, without the line, which moves with every edit."""
    return one.why.rpartition(" ")[2]


def activity(obj: str) -> str:
    """The object that a custom field of an object is kept on."""
    return "Activity" if obj in ACTIVITIES else obj


def each_once(components: Iterator[Component]) -> tuple[Component, ...]:
    """Components by their path, sorted.

    Raises:
        Refused: two of them would be the same file and say different things.
    """
    found: dict[str, Component] = {}
    for one in components:
        if found.setdefault(one.path, one) != one:
            words = (
                "is asked for twice, and not in the same way; let both mappings give it one kind and one set of values"
            )
            raise Refused(f"{one.member} {words}")
    return tuple(found[path] for path in sorted(found))
