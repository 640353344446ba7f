"""What stands in a field that is kept for the other side's id: an id, or something else that somebody wrote there.

People and other software write into such fields too. What has the form of no id is never asked for (Salesforce refuses
a whole query for one of them, fact sheet 1.8) and never taken for a sign of a counterpart; it is shown to a person. An
id of 18 characters tells by its last three which of its letters are capitals, so one that lost its case is understood;
one of 15 characters that lost its case is another id, and is simply not found (Salesforce fact sheet 3.5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Final

from connector.core.mapping import Pair
from connector.core.plan import Issue, IssueKind
from connector.core.readings import Reading
from connector.core.refs import Side

PREFIX_CHARS: Final = 3  # of a Salesforce id: which object it names (Salesforce fact sheet 3.5)
_HUBSPOT = re.compile(r"[1-9][0-9]{0,17}")
_SALESFORCE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")
_SHORT: Final = 15
_SUMS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"  # one for each way of five characters to be capitals
_CAPITALS: Final = str.maketrans({chr(code): "01"[chr(code).isupper()] for code in range(128)})
_SUM_OF: Final = {"".join(bits[::-1]): text for bits, text in zip(product("01", repeat=5), _SUMS, strict=True)}
_BITS_OF: Final = {text: bits for bits, text in _SUM_OF.items()}
_PREFIXES: Final[Mapping[str, str]] = {
    "Account": "001",
    "Campaign": "701",
    "Case": "500",
    "Contact": "003",
    "Event": "00U",
    "Lead": "00Q",
    "Opportunity": "006",
    "Product2": "01t",
    "Task": "00T",
    "User": "005",
}
_PEOPLE: Final = frozenset({"Contact", "Lead"})  # a Lead becomes a Contact, and the other side may still name the Lead


def understood(side: Side, text: str) -> str | None:
    """The id of a record of that side which a text spells, as the side itself spells it; None when it spells none."""
    text = text.strip()
    if side is Side.HUBSPOT:
        return text if _HUBSPOT.fullmatch(text) else None
    if not _SALESFORCE.fullmatch(text):
        return None
    widened = _widened(text[:_SHORT])
    if len(text) == _SHORT or widened == text:
        return widened
    return _recased(text.lower()) if text in {text.lower(), text.upper()} else None


def carried(pair: Pair, reading: Reading) -> str | None:
    """What a record holds where the other side's id belongs, whatever it is."""
    name = pair.key_on(reading.ref.side)
    return reading.values.get(name) or None if name else None


def fits(pair: Pair, reading: Reading) -> bool:
    """Whether what a record carries may be the id of a record of the pair's other object; nothing always may."""
    text, other = carried(pair, reading), reading.ref.side.other
    if text is None:
        return True
    found = understood(other, text)
    if found is None or other is Side.HUBSPOT:
        return found is not None
    own = _PREFIXES.get(pair.salesforce)
    known = {_PREFIXES[name] for name in _PREFIXES if name != pair.salesforce and {name, pair.salesforce} - _PEOPLE}
    return own is None or found[:PREFIX_CHARS] not in known


def misfit(pair: Pair, reading: Reading) -> Issue:
    """What a person is told of a record that carries something else than an id of the pair's other object."""
    side, text = reading.ref.side, carried(pair, reading)
    name, wanted = pair.key_on(side) or "", pair.object_on(side.other)
    return Issue(
        IssueKind.AMBIGUOUS,
        (reading.ref,),
        side=side,
        field=name,
        code="CROSS_ID",
        value=text,
        reason=f"{reading.ref} carries {text!r} in {name}, which is no {side.other.value} id of a {wanted} record, "
        "so nobody can tell whether it has a counterpart",
        hint=f"correct or clear {name} on {reading.ref}; once it is blank, its counterpart is looked for or made",
    )


def _widened(short: str) -> str:
    """The 18 characters of an id of 15: what `refs.id18` says, at a quarter of its price, as every record pays it."""
    capitals = short.translate(_CAPITALS)
    return short + _SUM_OF[capitals[:5]] + _SUM_OF[capitals[5:10]] + _SUM_OF[capitals[10:]]


def _recased(lower: str) -> str | None:
    """An id of 18 lower letters with the capitals that its last three tell of; None when they contradict the rest."""
    sums = lower[_SHORT:].upper()
    capitals = "".join(_BITS_OF[each] for each in sums)
    short = "".join(one.upper() if bit == "1" else one for one, bit in zip(lower, capitals, strict=False))
    return short + sums if _widened(short).endswith(sums) else None
