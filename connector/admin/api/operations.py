"""What an operation of the API is: an address, who may ask, what it takes, what it answers, and what does it.

Whatever it takes is a model that knows all its keys: a key or a value that it does not know is refused, all problems
at once, and nothing is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from connector.admin.desk import Desk
from connector.admin.roles import Role
from connector.core.refs import Ref
from connector.errors import Refused

_PART: Final = re.compile(r"<(?:(\w+):)?(\w+)>")


class Shape(BaseModel):
    """Something that travels as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Shape):
    """Nothing more than the address says."""


Asked = TypeVar("Asked", bound=Shape)


@dataclass(frozen=True)
class Call(Generic[Asked]):
    """One request: what stands in its address, and what it asks for."""

    desk: Desk
    place: dict[str, Any]
    asked: Asked
    by: str  # who asks, as acts are recorded

    @property
    def ref(self) -> Ref:
        """The record that the address names.

        Raises:
            Refused: when it is no ref.
        """
        return parsed(str(self.place["ref"]))


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        name: in camel case, as generated clients call it.
        path: below /api/v1, with Flask's `<converter:name>`.
        takes: the query of a GET, the JSON body of a POST.
        tag: under which heading the document has it.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    role: Role
    tag: str
    summary: str
    takes: type[Shape]
    answers: type[Shape]
    does: Callable[[Call[Any]], Shape]

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it."""
        return _PART.sub(r"{\2}", self.path)

    @property
    def parts(self) -> Iterator[tuple[str, str]]:
        """Names in the path, with the types they have there."""
        for kind, name in _PART.findall(self.path):
            yield name, "integer" if kind == "int" else "string"


class Absent(Exception):
    """There is nothing at this address."""


def parsed(text: str) -> Ref:
    """A ref as people write it: hubspot:contacts:33451.

    Raises:
        Refused: saying what would be one.
    """
    try:
        return Ref.parse(text)
    except ValueError as error:
        raise Refused(f"{text!r} is no ref; write it like hubspot:contacts:33451") from error


def told(moment: datetime | None) -> str | None:
    """A moment as JSON has it."""
    return None if moment is None else moment.isoformat()
