"""Record ids as Salesforce mints them: a key prefix, a base-62 counter, and three characters that guard the case.

Ids of one object rise with time, so sorting by id is sorting by creation; keyset paging by Id rests on that.
(Salesforce fact sheet 3.5.)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

_GUARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_INSTANCE = "5f"
ID_LENGTHS = frozenset({15, 18})


@lru_cache(maxsize=32_768)
def id18(short: str) -> str:
    """The 18-character form of a 15-character id; an 18-character id is returned as it is."""
    if len(short) == 18:  # noqa: PLR2004 - the long form of an id
        return short
    return short + "".join(
        _GUARD[sum(1 << bit for bit in range(5) if "A" <= short[block * 5 + bit] <= "Z")] for block in range(3)
    )


def looks_like_id(text: object) -> bool:
    """Whether `text` could be an id: 15 or 18 letters and digits, with a right checksum if it has one."""
    if not isinstance(text, str) or len(text) not in ID_LENGTHS or not (text.isascii() and text.isalnum()):
        return False
    return len(text) == 15 or id18(text[:15]) == text  # noqa: PLR2004 - the short form of an id


class IdMint:
    """Gives out ids, one counter a prefix. The same acts in the same order give the same ids."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def taken(self) -> dict[str, int]:
        """How many ids have been given out, by prefix."""
        return dict(self._next)

    def resume(self, taken: Mapping[str, int]) -> None:
        """Go on as if so many had been given out."""
        self._next.update(taken)

    def mint(self, prefix: str) -> str:
        """The next 18-character id with that three-character key prefix."""
        number = self._next.get(prefix, 0) + 1
        self._next[prefix] = number
        text = ""
        while number:
            number, digit = divmod(number, 62)
            text = _DIGITS[digit] + text
        return id18(f"{prefix}{_INSTANCE}{text:0>10}")
