"""Other people's automation: a rule that rewrites a field whenever it changes, as a workflow or another app would.

The trap a bridge must survive: its write is answered by another write. A rule acts on every change that is not its own,
at the earliest a millisecond later, and its writes show as `AUTOMATION_PLATFORM` (HubSpot fact sheet 2.3). This file
decides; writes.py carries out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connector.sandbox.hubspot.records import Source

REWRITES: Mapping[str, Callable[[str, str], str]] = {
    "upper": lambda value, _: value.upper(),
    "lower": lambda value, _: value.lower(),
    "title": lambda value, _: value.title(),
    "strip": lambda value, _: value.strip(),
    "digits": lambda value, _: re.sub(r"\D", "", value),
    "phone": lambda value, _: ("+" if value.lstrip().startswith("+") else "") + re.sub(r"\D", "", value),
    "prefix": lambda value, text: value if value.startswith(text) else text + value,
    "suffix": lambda value, text: value if value.endswith(text) else value + text,
    "append": lambda value, text: value + text,  # with a second such rule it never comes to rest
    "set": lambda _, text: text,
    "fill": lambda value, text: value or text,  # the only one that also acts on a field that was cleared
}


@dataclass(frozen=True, slots=True)
class Rule:
    """When `watched` of `object` changes, write its rewritten value into `target` (or back), `delay_s` later."""

    number: int
    object: str
    watched: str
    rewrite: str
    text: str = ""
    target: str = ""
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if self.rewrite not in REWRITES:
            raise ValueError(f"rewrite {self.rewrite!r} is none of {', '.join(REWRITES)}")

    @property
    def fills(self) -> bool:
        """Whether it acts on a blank."""
        return self.rewrite == "fill"

    @property
    def delay_ms(self) -> int:
        """At least one, so that two rules that provoke each other still let time pass."""
        return max(1, int(self.delay_s * 1000))

    @property
    def source(self) -> Source:
        """How its writes are signed."""
        return Source("AUTOMATION_PLATFORM", f"enrollmentId:{self.number}", "automation")

    def rewritten(self, value: str) -> dict[str, str]:
        """What it writes when its property says `value`."""
        return {self.target or self.watched: REWRITES[self.rewrite](value, self.text)}


def provoked(rules: Iterable[Rule], object_name: str, changed: Iterable[str], source: Source) -> list[Rule]:
    """The rules that a change by `source` concerns."""
    names = set(changed)
    return [rule for rule in rules if rule.object == object_name and rule.watched in names and source != rule.source]
