"""Does a reading of a linked record say anything that could ask for work?

Cheap and on the safe side: a record whose every mapped value stands at base or echoes what was sent has nothing to
say, and costs no further call. Whatever the memory cannot vouch for (a rule that never met, a blank that may end the
scope, another cross id, a field that only conditions look at) counts as news.
"""

from __future__ import annotations

from connector.core.changes import edited, said
from connector.core.mapping import Pair
from connector.core.matching import cross_id
from connector.core.readings import Reading
from connector.core.refs import Side
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


def _unvouched(rule: str, name: str, link: Link, reading: Reading) -> bool:
    """Whether a value never met the other side's, or was cleared since it did."""
    agreed, value = link.memory.base.get(rule), reading.values.get(name)
    if agreed is None:
        return value is not None
    return value is None and name in reading.values and said(agreed, reading.ref.side) is not None
