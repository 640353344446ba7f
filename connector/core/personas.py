"""Who somebody is to us: the first rule that holds, unless a person has chosen."""

from __future__ import annotations

from connector.core.definition import Personas
from connector.core.refs import Side
from connector.core.situation import Situation
from connector.core.values import Value


def persona_of(personas: Personas | None, situation: Situation) -> str:
    """The persona by the rules; "" where none holds."""
    if personas is None:
        return ""
    return next((rule.persona for rule in personas.rules if rule.when.holds(situation)), "")


def told(personas: Personas, side: Side, persona: str) -> Value:
    """The value a side holds for a persona; blank for none."""
    return personas.values.get(side, {}).get(persona, persona) or None


def chosen(personas: Personas, side: Side, value: Value) -> str | None:
    """The persona that a value of a side means, "" for blank; None where it means none that there is."""
    if value is None:
        return ""
    named = next((id_ for id_, told in personas.values.get(side, {}).items() if told == value), value)
    return named if named in personas.names else None
