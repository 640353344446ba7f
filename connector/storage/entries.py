"""How an entry of a journey looks in the store: the parts of what it says, as a JSON list in their order.

Enumerations are their values, dates ISO text, tuples lists. Every decoder is the exact inverse of its encoder, and a
part that a later version adds has its default in what an earlier one wrote. A kind this version does not know (a later
one wrote it) decodes to None and stays in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any

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
_OF_KIND = {name: kind for kind, name in KINDS.items()}
_PARTS = {kind: tuple(part.name for part in fields(kind)) for kind in KINDS}
_TOLD = {kind: attrgetter(*names, names[0]) for kind, names in _PARTS.items()}  # twice the first: always a tuple
_RICHER: Mapping[type[What], Mapping[str, Callable[[Any], Any]]] = {  # parts that JSON has no form for
    Touched: {"channel": Channel},
    Ruled: {"by": Mover, "kind": Kind, "revisit": date.fromisoformat},
    Answered: {"verdict": Verdict, "revisit": date.fromisoformat},
    Asked: {"verdict": Verdict, "missing": tuple},
    Handed: {"why": tuple},
}
_MADE = {kind: [(_PARTS[kind].index(name), made) for name, made in richer.items()] for kind, richer in _RICHER.items()}


def what_bytes(what: What) -> bytes:
    """What an entry says: its parts in their order."""
    return orjson.dumps(_TOLD[type(what)](what)[:-1])


def what(kind: str, stored: bytes) -> What | None:
    """The inverse; None for a kind this version does not know."""
    known = _OF_KIND.get(kind)
    if known is None:
        return None
    parts = orjson.loads(stored)
    for place, made in _MADE.get(known, ()):
        if parts[place] is not None:
            parts[place] = made(parts[place])
    return known(*parts)
