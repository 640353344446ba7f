"""How a value of one side becomes a value of the other.

A transform goes there (the way it is written in YAML) and, unless it is one-way, back. Going there and back need not
give the same text, but it must give the *same* value: after either has been carried, `merge.same` finds the pair in
agreement, so that a lossy map never plays ping-pong. Blank stays blank through every transform; a value that has no
counterpart is refused with a reason, never replaced in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.core.mapping import Refusal, Translate
from connector.core.values import Value, rounded

UNKNOWN_OWNER = "UNKNOWN_OWNER"


@dataclass(frozen=True, slots=True)
class Transform:
    """Both ways of a transform; `back` is None when it is one-way."""

    there: Translate
    back: Translate | None


class Unmapped(StrEnum):
    """What a value map does with a value it does not list."""

    REFUSE = "refuse"
    KEEP = "keep"  # it travels as it is
    BLANK = "blank"
    DEFAULT = "default"


class LengthPolicy(StrEnum):
    """What becomes of a text too long for the other side."""

    TRUNCATE = "truncate"
    REJECT = "reject"


def identity(value: Value) -> Value | Refusal:
    """The value as it is."""
    return value


def chain(*translates: Translate) -> Translate:
    """One after the other. Blank passes through as blank; a refusal stops the chain."""
    steps = tuple(step for step in translates if step is not identity)
    if not steps:
        return identity

    def chained(value: Value) -> Value | Refusal:
        for step in steps:
            if value is None:
                return None
            found = step(value)
            if isinstance(found, Refusal):
                return found
            value = found
        return value

    return chained


def value_map(
    to_right: Mapping[str, str], unmapped: Unmapped = Unmapped.REFUSE, default: str | None = None
) -> Transform:
    """Values by table. Several may become one; on the way back that one becomes the first of them.

    `default` is a value of the right side, used where the table does not list one and `unmapped` says so; the way back
    has no default and refuses instead.
    """
    to_left: dict[str, str] = {}
    for left, right in to_right.items():
        to_left.setdefault(right, left)
    back = Unmapped.REFUSE if unmapped is Unmapped.DEFAULT else unmapped
    default = default if unmapped is Unmapped.DEFAULT else None
    return Transform(_table(to_right, unmapped, default), _table(to_left, back, None))


_NOT_LISTED = Refusal(
    "UNMAPPED", "the value is not in the rule's value map", "add it to `values` of the rule, or correct the record"
)


def _table(table: Mapping[str, str], unmapped: Unmapped, default: Value) -> Translate:
    known = dict(table)

    def mapped(value: Value) -> Value | Refusal:
        if value is None:
            return None
        found = known.get(value)
        if found is not None:
            return found
        if unmapped is Unmapped.REFUSE:
            return _NOT_LISTED
        return value if unmapped is Unmapped.KEEP else default

    return mapped


def owner_map(table: Mapping[str, Value], fallback: Value = None, everyone: Collection[str] | None = None) -> Translate:
    """Owner ids by table; one without counterpart goes to the fallback, or is refused when there is none.

    One whose counterpart is None is nobody: records of theirs count as not owned. One who is not among `everyone`
    (None: nobody asks) has joined since, perhaps, and is refused: a fallback would take what is not its own.
    """
    known = dict(table)

    def owner(value: Value) -> Value | Refusal:
        if value is None or (value in known and known[value] is None):
            return None
        found = known.get(value)
        if found is None and everyone is not None and value not in everyone:
            return _JOINED_SINCE
        return found or fallback or _NO_OWNER

    return owner


_NO_OWNER = Refusal(
    "NO_OWNER", "this owner has no active counterpart", "add the pair to owners.yaml, or name a fallback there"
)
_JOINED_SINCE = Refusal(
    UNKNOWN_OWNER,
    "this owner was not there when the owners were last read",
    "nothing to do: the next run reads them anew",
)


def limit_length(length: int, policy: LengthPolicy) -> Translate:
    """Texts of at most `length` characters."""

    def limited(value: Value) -> Value | Refusal:
        if value is None or len(value) <= length:
            return value
        if policy is LengthPolicy.TRUNCATE:
            return value[:length].rstrip() or None
        return Refusal(
            "TOO_LONG",
            f"{len(value)} characters; the other side takes {length}",
            "shorten it, lengthen the field, or set `too_long: truncate` on the rule",
        )

    return limited


def limit_decimals(places: int) -> Translate:
    """Numbers of at most so many decimals: rounded here, so that what the other side will hold is known beforehand."""
    return lambda value: value if value is None else rounded(value, places)


def limit_digits(digits: int) -> Translate:
    """Numbers of at most so many digits before the point."""

    def limited(value: Value) -> Value | Refusal:
        if value is None or len(value.partition(".")[0].lstrip("-")) <= digits:
            return value
        hint = "correct the number, or widen the field"
        return Refusal("TOO_LARGE", f"more than the {digits} digits before the point that the other side takes", hint)

    return limited


def _of_text(change: Callable[[str], str]) -> Translate:
    def changed(value: Value) -> Value | Refusal:
        return value if value is None else change(value) or None

    return changed


def _title_case(text: str) -> str:
    """Words in one case only get a capital; a word that already mixes them (McDonald) knows better."""
    return " ".join(word[:1].upper() + word[1:].lower() if word in {word.lower(), word.upper()} else word
                    for word in text.split(" "))  # fmt: skip


def _digits_only(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())


def _domain(text: str) -> str:
    """The bare domain of a web address or an e-mail."""
    host = text.rpartition("@")[2] if "://" not in text else text.partition("://")[2]
    return host.partition("/")[0].partition(":")[0].lower().removeprefix("www.")


def _as_words(true: str, false: str) -> Transform:
    """A box as words in a text; a text that is read as a box comes back as true and false already."""
    back = {true: "true", false: "false", "true": "true", "false": "false"}
    return Transform(_table({"true": true, "false": false}, Unmapped.REFUSE, None), _table(back, Unmapped.REFUSE, None))


TRANSFORMS: Mapping[str, Transform] = {
    "trim": Transform(_of_text(str.strip), identity),
    "lower": Transform(_of_text(str.lower), identity),
    "upper": Transform(_of_text(str.upper), identity),
    "collapse_spaces": Transform(_of_text(lambda text: " ".join(text.split())), identity),
    "title_case": Transform(_of_text(_title_case), None),
    "digits_only": Transform(_of_text(_digits_only), None),
    "domain": Transform(_of_text(_domain), None),
    # The day in UTC, as it stands in the canonical text.
    "date_of_datetime": Transform(_of_text(lambda text: text[:10]), None),
    "yes_no": _as_words("Yes", "No"),
    "one_zero": _as_words("1", "0"),
}
