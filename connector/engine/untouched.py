"""Has anybody else touched a record that the bridge made? Only what nobody has is archived again.

A field that the bridge wrote and that says something else now was touched. Of the other fields Salesforce tells only
who saved the record last, which is enough; HubSpot changes records by itself, and is asked for the history of the
mapped fields that hold what the bridge never wrote. Unmapped HubSpot fields and what hangs on a record are not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from connector.core.comparison import comparison
from connector.core.looping import Author, Hand, by_ourselves
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.undoing import written_over
from connector.core.values import Value
from connector.engine.authors import SAVED_BY, Doubt, authors
from connector.engine.bridge import Bridge
from connector.engine.deeds import Deeds

_SKEW = timedelta(minutes=1)  # how far a side's clock may be ahead of ours

Touches = dict[Ref, list[tuple[str, str, datetime | None]]]  # by record: field ("" for the whole), who, when


def touched(bridge: Bridge, known: Deeds, readings: Mapping[Ref, Reading]) -> Touches:
    """The records made by the bridge that somebody else has changed since: which field, who, and when."""
    found: Touches = {}
    doubts: dict[Doubt, Ref] = {}
    for ref in known.made:
        reading = readings.get(ref)
        if reading is None or not reading.present:
            continue
        latest = _latest(known, ref)
        over = [name for name in sorted(known.last.get(ref, ())) if _over(bridge, known, reading, name)]
        for name in over:
            doubts[Doubt(ref, name, latest)] = ref
        if not over and reading.modified_at is not None and reading.modified_at > latest + _SKEW:
            doubts |= {Doubt(ref, name, latest): ref for name in _suspects(bridge, known, reading)}
    told = authors(bridge, doubts) if doubts else {}
    for doubt, ref in doubts.items():
        if doubt.field in known.last.get(ref, ()):
            found.setdefault(ref, []).append((doubt.field, told[doubt].words, told[doubt].at))
        elif _is_news(doubt, told[doubt]):
            field = "" if doubt.field == SAVED_BY else doubt.field
            found.setdefault(ref, []).append((field, told[doubt].words, told[doubt].at))
    return found


def _latest(known: Deeds, ref: Ref) -> datetime:
    """When we last wrote to a record that we made."""
    return max([known.made[ref].at, *(wrote.at for wrote in known.last.get(ref, {}).values())])


def _over(bridge: Bridge, known: Deeds, reading: Reading, name: str) -> bool:
    """Whether a field that we wrote says something else now."""
    if name not in reading.values:
        return name in reading.unreadable
    kinds = bridge.views[reading.ref.side, reading.ref.object].fields
    rules = (rule for pair in bridge.mapping.pairs for rule in pair.rules if rule.field_on(reading.ref.side) == name)
    form = next((rule.comparison for rule in rules), comparison(kinds[name]))
    return written_over(
        known.last[reading.ref][name], reading.values[name], lambda one, other: form(one) == form(other)
    )


def _suspects(bridge: Bridge, known: Deeds, reading: Reading) -> list[str]:
    """The fields to ask about on a record that was changed after our last write."""
    if reading.ref.side is Side.SALESFORCE:
        return [SAVED_BY]
    ids = {pair.key_on(Side.HUBSPOT) for pair in bridge.mapping.pairs}
    written = known.last.get(reading.ref, {})
    said: Mapping[str, Value] = reading.values
    return [name for name, value in said.items() if value is not None and name not in written and name not in ids]


def _is_news(doubt: Doubt, author: Author) -> bool:
    """Whether somebody else did it since: in HubSpot by hand, in Salesforce anybody but the bridge's own user."""
    if author.at is not None and doubt.ours is not None and author.at <= doubt.ours:
        return False
    return author != by_ourselves(author.at) if doubt.field == SAVED_BY else author.hand is Hand.PERSON
