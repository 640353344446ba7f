"""personas.yaml as checked values: who we sell to, as rules in their order, and how each side spells the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from connector.config.lifecycle import Id, SideFields
from connector.config.mappings import Names
from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Strict, Text
from connector.core.refs import Side


class PersonaWritten(Strict):
    """One persona. `when`: a condition, or several of which any will do; none: only people name it."""

    name: Text
    when: Names | None = None


class PersonasWritten(Strict):
    """What stands under `personas:`."""

    fields: SideFields
    rules: dict[Id, PersonaWritten]
    values: dict[Side, dict[Text, Text]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> PersonasWritten:
        faults = list(self._faults())
        if faults:
            raise Faults(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        for side, values in self.values.items():
            claimed: dict[str, str] = {}
            for persona, value in values.items():
                path = ("values", side.value, persona)
                if persona not in self.rules:
                    yield path, f"there is no persona {persona!r}{did_you_mean(persona, self.rules)}"
                first = claimed.setdefault(value, persona)
                if first != persona:
                    yield path, f"{value!r} already stands for {first!r}; nobody could tell the two apart there"


class PersonasFile(Strict):
    """mappings/personas.yaml."""

    extends: Literal["default"] | None = None
    personas: PersonasWritten
