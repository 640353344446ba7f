"""The short way for who was there before the lifecycle and is met for the first time: they stand where they are shown.

A first sync meets everybody at once, and next to nothing follows for them: no clock starts, nobody is handed over, no
answer is open. So only what was seen, the stage that counts and what both sides shall say of it is told. Whoever has
more to tell goes the long way, and who takes both comes to the same end, which a law holds (`tests/laws`).
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

from connector.core.definition import Definition
from connector.core.journey import Entry, Seen
from connector.core.ledger import Ledger
from connector.core.observing import meet
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.sighting import history, shown
from connector.core.steered import Agreement, Now, Steered
from connector.core.wishes import placed

_AT = attrgetter("at")


def only_history(agreement: Agreement, there: Mapping[Side, Reading], readings: Now) -> Steered | None:
    """What follows for somebody without a journey; None where it takes the long way to find out.

    Args:
        agreement: in force now.
        there: the records that are there, by side, the leading one first.
        readings: the two records as they are.
    """
    definition = agreement.definition
    if any(_somebody_speaks(definition, reading) for reading in there.values()):
        return None
    seen = [meet(agreement, reading, readings.at) for reading in there.values()]
    if len(seen) > 1:
        if seen[0].at == seen[1].at:
            return None  # what was said at one moment is judged together
        seen.sort(key=_AT)
    ledger = Ledger(definition, (), next(iter(there.values())).ref, readings.at)
    for entry in seen:
        ledger.course.take(entry)
        if not _placed(ledger, entry):
            return None
    situation = ledger.course.situation
    for question in definition.criteria.values():
        if not question.momentary and question.holds(situation):
            return None
    told = {}
    for side, reading in ((Side.HUBSPOT, readings.hubspot), (Side.SALESFORCE, readings.salesforce)):
        if reading is None or side in there:
            told[side] = placed(ledger, side, reading)
    return Steered(entries=(*seen, *ledger.new), wishes=told)


def _somebody_speaks(definition: Definition, reading: Reading) -> bool:
    """Whether there is an answer, or a persona that somebody chose."""
    values = reading.values
    for name in definition.spoken_fields[reading.ref.side]:  # noqa: SIM110  # a generator takes three times as long
        if values.get(name) is not None:
            return True
    return False


def _placed(ledger: Ledger, entry: Entry) -> bool:
    """Take in the stage a record has shown before; whether that is all there is to it."""
    what, place = entry.what, (entry.ref.side, entry.ref.object)
    if not isinstance(what, Seen) or not what.first:
        return False
    definition, fields = ledger.definition, what.fields
    if definition.stage_fields.get(place, frozenset()).isdisjoint(fields):
        return True
    found = shown(definition, entry, fields)
    if found.stage:
        history(ledger, found)
    return bool(found.stage) or not any(fields.get(name) for name in definition.leading_fields[place])
