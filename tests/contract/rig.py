"""One side under test, and the hands to act on it as people do."""

from collections.abc import Mapping
from typing import Protocol

from connector import ports
from connector.core.refs import Ref
from connector.core.values import Value


class Rig(Protocol):
    """One side under test: a people object with a text field, an e-mail, a unique key field and a picklist."""

    crm: ports.Crm
    object: str
    text: str  # a plain text field
    email: str  # the e-mail field
    key: str  # a unique field that may serve as `Write.key`
    number: str  # a numeric field
    choice: str  # a field that accepts "good" choices only
    good: tuple[str, str]  # two values `choice` accepts
    bad: str  # a value `choice` refuses

    def add(self, values: Mapping[str, Value]) -> Ref:
        """A person makes a record."""

    def edit(self, ref: Ref, values: Mapping[str, Value]) -> None:
        """A person changes a record."""

    def archive(self, ref: Ref) -> None:
        """A person archives a record."""

    def merge(self, winner: Ref, loser: Ref) -> Ref:
        """A person merges two records; returns the survivor."""

    def held(self, ref: Ref) -> Mapping[str, Value]:
        """What the side really holds, as canonical values."""

    def pass_time(self, seconds: float) -> None:
        """Time goes by, on the side and in the adapter."""

    def lose_answers(self) -> None:
        """From now on every write takes effect and its answer is lost, until `mend`."""

    def mend(self) -> None:
        """Faults stop."""


def person(rig, name="Ada", email="ada@example.test", **more):
    return {rig.text: name, rig.email: email, **more}


def known_nothing(_object, _start, _before):
    return 0
