"""Does a reading of a linked record say anything that could ask for work?

Cheap and on the safe side: a record whose every mapped value stands at base or echoes what was sent has nothing to
say, and costs no further call. Whatever the memory cannot vouch for (a rule that never met, a blank that may end the
scope, another cross id, a field that only conditions look at) counts as news.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from connector.core.changes import edited, said
from connector.core.journey import Entry, Seen
from connector.core.mapping import Pair
from connector.core.matching import cross_id
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.storage import journeys
from connector.storage.journeys import Sights
from connector.storage.links import Link


def says_news(pair: Pair, link: Link, reading: Reading) -> bool:
    """Whether a live record of a link must be looked at."""
    side = reading.ref.side
    if pair.extra_fields.get(side) or reading.unreadable or edited(pair.rules, link.memory, reading):
        return True
    other = link.salesforce if side is Side.HUBSPOT else link.hubspot
    name = pair.key_on(side)
    if name and name in reading.values and cross_id(pair, reading) != other.id:
        return True
    return any(_unvouched(rule.name, rule.field_on(side), link, reading) for rule in pair.rules)


def watched_news(conn: Connection, bridge: Bridge, readings: Sequence[Reading]) -> list[Ref]:
    """The records of which a watched field says otherwise than was last seen or told there.

    What was told and is seen now is noted in the journey, so that a value set back later stands out; that asks for no
    work.
    """
    known = journeys.sights(conn, [reading.ref for reading in readings])
    news: list[Ref] = []
    echoes: list[Entry] = []
    for reading in readings:
        sights = known.get(reading.ref, Sights())
        watched = bridge.watched(reading.ref.side, reading.ref.object)
        said = {name: value for name, value in reading.values.items() if name in watched}
        if any(value != sights.last(name) for name, value in said.items()):
            news.append(reading.ref)
            continue
        echo = {name: value for name, value in said.items() if name in sights.told}
        if echo:
            now = bridge.clock.now()
            echoes.append(Entry(reading.ref, min(reading.modified_at or now, now), now, Seen(echo)))
    journeys.append(conn, echoes)
    return news


def _unvouched(rule: str, name: str, link: Link, reading: Reading) -> bool:
    """Whether a value never met the other side's, or was cleared since it did."""
    agreed, value = link.memory.base.get(rule), reading.values.get(name)
    if agreed is None:
        return value is not None
    return value is None and name in reading.values and said(agreed, reading.ref.side) is not None
