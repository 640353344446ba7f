"""The handoff: who gets a person, and what the rep is told about them.

Rules name a pool in their order, and who of it is next is asked for. Nobody who must never own a lead gets one, and
who comes back by the calendar alone goes to somebody else than before: nothing new speaks for them yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connector.core.definition import Definition, Handoff, Pool
from connector.core.journey import Handed, Touched
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Side
from connector.core.situation import Situation
from connector.core.steered import Choose
from connector.core.values import Value
from connector.core.walking import Course

_USER = "005"  # the key prefix of a Salesforce user; a queue's is 00G


def is_due(handoff: Handoff, course: Course) -> bool:
    """Whether they have come to a stage of the handoff, not sent back to it, and nobody was handed them since."""
    if not course.to_hand or course.situation.stage not in handoff.stages:
        return False
    return course.made[-1][1].kind is not Kind.BACKWARD


def handed(handoff: Handoff, course: Course, choose: Choose) -> Handed | None:
    """Who gets them, by which rule, and why they are handed over; None while nobody is free."""
    situation, excluded = course.situation, handoff.never | before(course)
    chosen = next(_chosen(handoff, situation, excluded, choose), None)
    if chosen is None:
        return None
    owner, rule = chosen
    return Handed(owner, rule, tuple(why(handoff, course)))


def before(course: Course) -> frozenset[str]:
    """Who must not get them again: the last owner of who came back by the calendar, without anything new."""
    began = next((one for one in reversed(course.made) if one[1].kind is Kind.RE_ENTER), None)
    if began is None or not course.handoffs:
        return frozenset()
    entry, ruled, _ = began
    by_calendar = ruled.by is Mover.AUTOMATIC and ruled.revisit is not None
    if not by_calendar or course.made[-1][0].at > entry.at:
        return frozenset()
    last = course.handoffs[-1].what
    assert isinstance(last, Handed)
    return frozenset({last.owner, course.situation.owner}) - {""}


def why(handoff: Handoff, course: Course) -> Iterator[str]:
    """The lines of "why this lead": what made them one, who they are, and what marketing wants told."""
    definition, situation = course.definition, course.situation
    brought = next((one for _, one, _ in reversed(course.made) if one.stage in handoff.stages), None)
    if brought is not None:
        known = definition.lifecycle.stages.get(brought.stage)
        name = known.name if known else brought.stage
        yield f"{name}: {brought.evidence}" if brought.by is Mover.AUTOMATIC else f"{name}, says {brought.by.value}"
    if definition.personas and situation.persona:
        yield f"Persona: {definition.personas.names.get(situation.persona, situation.persona)}"
    source = next((value for side, name in definition.source.items() if (value := _field(situation, side, name))), None)
    if source:
        yield f"Source: {source}"
    for words, question in handoff.reasons:
        if question.holds(situation):
            yield words
    for words, side, name in handoff.shown:
        if value := _field(situation, side, name):
            yield f"{words}: {value}"


def touches(handoff: Handoff, course: Course) -> str:
    """The last touches, the latest first, a line each."""
    last = course.touches[-handoff.touches :] if handoff.touches else []
    return "\n".join(_touch(course.definition, at, touch) for at, touch in reversed(last))


def context_fields(handoff: Handoff) -> frozenset[str]:
    """The HubSpot fields that "why this lead" tells or asks about."""
    shown = (name for _, side, name in handoff.shown if side is Side.HUBSPOT)
    asked = (name for _, question in handoff.reasons for name in question.fields.get(Side.HUBSPOT, ()))
    return frozenset((*shown, *asked))


def _chosen(
    handoff: Handoff, situation: Situation, excluded: frozenset[str], choose: Choose
) -> Iterator[tuple[str, str]]:
    for rule in handoff.rules:
        if not rule.when.holds(situation):
            continue
        if rule.keep and situation.owner.startswith(_USER) and situation.owner not in excluded:
            yield situation.owner, rule.name
        elif owner := _next_of(rule.pool, excluded, choose):
            yield owner, rule.name
    if owner := _next_of(handoff.fallback, excluded, choose):
        yield owner, "fallback"


def _next_of(pool: Pool | None, excluded: frozenset[str], choose: Choose) -> str | None:
    return choose(pool, excluded) if pool else None


def _field(situation: Situation, side: Side, name: str | None) -> Value:
    return situation.fields.get(side, {}).get(name) if name else None


def _touch(definition: Definition, at: datetime, touch: Touched) -> str:
    by = f", {definition.person(touch.by)}" if touch.by else ""
    way = "to them" if touch.outbound else "from them"
    return f"{at:%Y-%m-%d %H:%M} UTC: {touch.channel.value} {way}{by}{'' if touch.human else ' (automatic)'}"
