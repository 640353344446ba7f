"""What the live fields have room for: so many characters, so many decimals, so many digits.

A value that does not fit is cut, rounded or refused here, before it is sent, so that the bridge knows what the other
side will hold and never takes that for somebody's edit. Where one side keeps fewer decimals the two compare at those:
a finer change cannot be told there, and must neither be sent nor come back. Only the side that is written limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from connector.config.mappings import FieldRule
from connector.core.comparison import decimals
from connector.core.mapping import Rule, Translate
from connector.core.refs import Side
from connector.core.transforms import LengthPolicy, chain, limit_decimals, limit_digits, limit_length
from connector.core.values import Kind
from connector.ports import FieldSchema

_CUT = frozenset({Kind.TEXT})  # only plain text survives being cut
_TEXTS = frozenset({Kind.TEXT, Kind.EMAIL, Kind.PHONE})
_NUMBERS = frozenset({Kind.NUMBER, Kind.MONEY})
_CENT_PLACES = 2  # money that keeps these has lost nothing


@dataclass(frozen=True, slots=True)
class Room:
    """A rule, as compiled and as written, with both of its live fields."""

    rule: Rule
    written: FieldRule
    hubspot: FieldSchema
    salesforce: FieldSchema

    def held(self) -> Rule:
        """The rule held to the room of the fields it writes."""
        rule = self.rule
        there, back = tuple(self._limits(Side.SALESFORCE)), tuple(self._limits(Side.HUBSPOT))
        if there:
            rule = replace(rule, to_salesforce=chain(rule.to_salesforce, *there))
        if back:
            rule = replace(rule, to_hubspot=chain(rule.to_hubspot, *back))
        places = self._places()
        return rule if places is None else replace(rule, comparison=decimals(places))

    def short(self) -> str:
        """The Salesforce field and its characters, where longer values wait for a person; else ""."""
        length, source = self.salesforce.length, self.hubspot.length
        longer = length is not None and (source is None or source > length)
        waits = self._too_long() is LengthPolicy.REJECT and self.rule.kind in _TEXTS
        return f"{self.salesforce.name} {length}" if longer and waits and self._goes_there() else ""

    def coarse(self) -> str:
        """The Salesforce field and its decimals, where finer numbers are rounded; else ""."""
        scale, source = self.salesforce.scale, self.hubspot.scale
        if scale is None or self.rule.kind not in _NUMBERS or not self._goes_there():
            return ""
        whole_cents = self.rule.kind is Kind.MONEY and scale >= _CENT_PLACES
        return f"{self.salesforce.name} {scale}" if (source is None or source > scale) and not whole_cents else ""

    def _goes_there(self) -> bool:
        return self.rule.direction.allows(Side.SALESFORCE)

    def _too_long(self) -> LengthPolicy:
        return self.written.too_long if self.rule.kind in _CUT else LengthPolicy.REJECT

    def _limits(self, towards: Side) -> Iterator[Translate]:
        target = self.salesforce if towards is Side.SALESFORCE else self.hubspot
        if not self.rule.direction.allows(towards):
            return
        if self.rule.kind in _TEXTS and target.length is not None:
            yield limit_length(target.length, self._too_long())
        if self.rule.kind in _NUMBERS and target.scale is not None:
            yield limit_decimals(target.scale)
            if target.precision is not None:
                yield limit_digits(target.precision - target.scale)

    def _places(self) -> int | None:
        """The decimals at which both sides compare; None as the kind says. Values by table are names, not amounts."""
        if self.rule.kind not in _NUMBERS or self.written.values is not None:
            return None
        ends = ((Side.HUBSPOT, self.hubspot.scale), (Side.SALESFORCE, self.salesforce.scale))
        scales = [scale for side, scale in ends if scale is not None and self.rule.direction.allows(side)]
        return min(scales, default=None)


def room_findings(obj: str, rooms: Iterable[Room]) -> Iterator[str]:
    """One line on all fields of a Salesforce object that may be too short, one on those that may be too coarse."""
    known = list(rooms)
    short = [told for room in known if (told := room.short())]
    if short:
        taken = f"{obj} takes at most these characters: {', '.join(short)}"
        yield f"{taken}; longer values wait for a person (too_long: reject)"
    coarse = [told for room in known if (told := room.coarse())]
    if coarse:
        yield f"{obj} keeps only these decimals: {', '.join(coarse)}; finer numbers are rounded on the way there"
