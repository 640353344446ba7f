"""Which records hang together: associations read in batches of a thousand, page after page (HubSpot fact sheet 7).

A record that is linked to nothing comes as an error entry of a 207, or is left out of a 200: both mean none. The ids it
is linked to are JSON numbers here, texts everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.hubspot.batches import chunks, next_page
from connector.hubspot.wire import RESULTS, Wire, results

LINKS_MAX: Final = 1_000


class Linker:
    """Reads associations."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def linked(self, obj: str, ids: Sequence[str], other: str) -> dict[str, list[str]]:
        """By id of `obj`, the ids of `other` it is linked to; those with none are left out. Raises as `Wire.call`."""
        found: dict[str, list[str]] = {}
        path = self._wire.paths.of("associations", obj, other, "batch", "read")
        waiting: list[Mapping[str, str]] = [{"id": each} for each in dict.fromkeys(ids)]
        while waiting:
            onward: list[Mapping[str, str]] = []
            for part in chunks(waiting, LINKS_MAX):
                for entry in results(self._wire.post("associations", path, {"inputs": part}, RESULTS)):
                    one, following = _ends(entry)
                    found.setdefault(one, []).extend(following)
                    after = next_page(entry)
                    if after:
                        onward.append({"id": one, "after": after})
            waiting = onward
        return found


def _ends(entry: Mapping[str, Any]) -> tuple[str, list[str]]:
    start = entry.get("from") or {}
    return str(start.get("id")), [str(end["toObjectId"]) for end in entry.get("to") or () if end.get("toObjectId")]
