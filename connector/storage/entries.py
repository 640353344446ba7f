"""How an entry of a journey looks in the store: what it says as a JSON list, led by nothing the columns tell already.

Enumerations are their values, moments and dates ISO text, tuples lists. Every decoder is the exact inverse of its
encoder. A kind this version does not know (a later one wrote it) decodes to None and stays in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date

import orjson

from connector.core.journey import (
    Answered,
    Asked,
    Channel,
    Dealt,
    Fired,
    Handed,
    Named,
    Ruled,
    Seen,
    Told,
    Touched,
    Verdict,
    What,
)
from connector.core.lifecycle import Kind, Mover

KINDS: Mapping[type[What], str] = {
    Seen: "seen",
    Told: "told",
    Touched: "touched",
    Dealt: "dealt",
    Ruled: "ruled",
    Answered: "answered",
    Asked: "asked",
    Handed: "handed",
    Named: "named",
    Fired: "fired",
}
_PARTS = {kind: tuple(part.name for part in fields(kind)) for kind in KINDS}


def what_bytes(what: What) -> bytes:
    """What an entry says: its parts in their order."""
    return orjson.dumps([getattr(what, name) for name in _PARTS[type(what)]])


def what(kind: str, stored: bytes) -> What | None:
    """The inverse; None for a kind this version does not know."""
    made = _MAKING.get(kind)
    return None if made is None else made(*orjson.loads(stored))


def _ruled(  # noqa: PLR0913, PLR0917  # as many parts as it has
    stage: str,
    by: str,
    kind: str | None,
    refused: str,
    evidence: str,
    reason: str,
    revisit: str | None,
    comment: str,
    version: str,
) -> Ruled:
    moved = None if kind is None else Kind(kind)
    return Ruled(stage, Mover(by), moved, refused, evidence, reason, _date(revisit), comment, version)


def _answered(verdict: str, reason: str, comment: str, revisit: str | None, by: str) -> Answered:
    return Answered(Verdict(verdict), reason, comment, _date(revisit), by)


def _touched(channel: str, outbound: bool, human: bool, by: str) -> Touched:  # noqa: FBT001  # parts in their order
    return Touched(Channel(channel), outbound, human, by)


def _asked(verdict: str, missing: Sequence[str]) -> Asked:
    return Asked(Verdict(verdict), tuple(missing))


def _handed(owner: str, rule: str, why: Sequence[str], policy: str) -> Handed:
    return Handed(owner, rule, tuple(why), policy)


def _date(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)


_MAKING: Mapping[str, Callable[..., What]] = {
    "seen": Seen,
    "told": Told,
    "touched": _touched,
    "dealt": Dealt,
    "ruled": _ruled,
    "answered": _answered,
    "asked": _asked,
    "handed": _handed,
    "named": Named,
    "fired": Fired,
}
