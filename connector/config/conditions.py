"""Conditions in CEL, compiled once into predicates over the two readings.

`hubspot.NAME` and `salesforce.NAME` are the fields by name, numbers and booleans as such, everything else as text; a
blank field, and every field of a side where the record is not there, is null. `in_hubspot` and `in_salesforce` tell
whether it is there. A question that has no answer (is null more than 50?) counts as no.

CEL costs about 6 microseconds. An answer depends only on the fields mentioned, and of a field that is only ever
compared with null only on whether it is blank; so answers are kept by exactly that, and most questions are asked once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.config.problems import did_you_mean
from connector.core.mapping import Condition
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Kind, Value

Kinds = Mapping[Side, Mapping[str, Kind]]

ANSWERS_MAX = 4096
_TEXT = re.compile(r"""r?("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
_SIDE = re.compile(r"(?<![.\w])(hubspot|salesforce)\b(?:\s*\.\s*([A-Za-z_]\w*))?")
_CALL = re.compile(r"\s*\(")
NULL_AFTER = re.compile(r"\s*[!=]=\s*null\b")
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_FUNCTIONS = frozenset(
    ("bool", "contains", "double", "duration", "endsWith", "int", "matches", "max", "min", "size", "startsWith")
) | {"string", "timestamp", "uint"}
_NAMES = frozenset({"hubspot", "salesforce", "in_hubspot", "in_salesforce"})
_SAMPLES = {Kind.NUMBER: 1.0, Kind.MONEY: 1.0, Kind.BOOLEAN: True, Kind.DATE: "2026-11-23"}
_SAMPLES[Kind.DATETIME] = "2026-11-23T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a condition cannot be used, and where in it (line and character, from 1)."""

    line: int
    character: int
    message: str


@dataclass(frozen=True, slots=True)
class Mention:
    """One field that a condition asks for; `only_blank` when it matters only whether it has a value."""

    side: Side
    field: str
    kind: Kind
    only_blank: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition ready to ask, and the fields it reads on each side."""

    holds: Condition
    fields: Mapping[Side, Mapping[str, Kind]]


def always(answer: bool) -> Compiled:  # noqa: FBT001  # the answer is all there is to it
    """The condition `true` or `false`."""
    return Compiled(lambda _hubspot, _salesforce: answer, {})


def compiled(source: str, kinds: Kinds) -> Compiled | list[Fault]:
    """A condition from its CEL text, given the known fields; or everything that is wrong with it."""
    if source.strip() in ("true", "false"):
        return always(source.strip() == "true")
    import cel  # noqa: PLC0415  # brings a command line of its own along; most installations have no condition to ask

    try:
        program = cel.compile(source)
    except ValueError as error:
        return list(syntax_faults(str(error)))
    faults = [*name_faults(source, program, _NAMES), *field_faults(source, kinds)]
    if faults:
        return faults
    mentions = tuple(mentioned(source, kinds))
    fault = trial(program, sample(mentions))
    if fault:
        return [fault]
    fields: dict[Side, dict[str, Kind]] = {}
    for mention in mentions:
        fields.setdefault(mention.side, {})[mention.field] = mention.kind
    return Compiled(_remembering(program, mentions), fields)


def _remembering(program: Any, mentions: Sequence[Mention]) -> Condition:
    """The program as a predicate that asks CEL once for each combination of what it can tell apart."""
    answers: dict[Any, bool] = {}
    hubspot = tuple((mention.field, mention.only_blank) for mention in mentions if mention.side is Side.HUBSPOT)
    salesforce = tuple((mention.field, mention.only_blank) for mention in mentions if mention.side is Side.SALESFORCE)

    def holds(left: Reading | None, right: Reading | None) -> bool:
        known = (_seen(left, hubspot), _seen(right, salesforce))
        answer = answers.get(known)
        if answer is None:
            if len(answers) >= ANSWERS_MAX:
                answers.clear()
            answer = answers[known] = _answer(program, mentions, left, right)
        return answer

    return holds


def _seen(reading: Reading | None, fields: tuple[tuple[str, bool], ...]) -> Any:
    if reading is None or not reading.present:
        return None
    get = reading.values.get
    if len(fields) == 1:
        name, only_blank = fields[0]
        value = get(name)
        return (value is None) if only_blank else (value,)
    return tuple([(get(name) is None) if only_blank else get(name) for name, only_blank in fields])


def _answer(program: Any, mentions: Sequence[Mention], left: Reading | None, right: Reading | None) -> bool:
    readings = {Side.HUBSPOT: left, Side.SALESFORCE: right}
    there = {side: reading.values if reading and reading.present else None for side, reading in readings.items()}
    sides: dict[str, Any] = {side.value: {} for side in Side}
    sides.update({f"in_{side.value}": there[side] is not None for side in Side})
    try:
        for mention in mentions:
            value = (there[mention.side] or {}).get(mention.field)
            sides[mention.side.value][mention.field] = cel_value(mention.kind, value)
        return program.execute(sides) is True
    except (TypeError, ValueError, KeyError, RuntimeError, ArithmeticError):
        return False


def cel_value(kind: Kind, value: Value) -> Any:
    """A canonical value as CEL sees it."""
    if value is None:
        return None
    if kind is Kind.BOOLEAN:
        return value == "true"
    return float(value) if kind in (Kind.NUMBER, Kind.MONEY) else value


def sample(mentions: Iterable[Mention]) -> dict[str, Any]:
    """What a program may be asked about, with a value in every field."""
    sides: dict[str, Any] = {"hubspot": {}, "salesforce": {}, "in_hubspot": True, "in_salesforce": True}
    for mention in mentions:
        sides[mention.side.value][mention.field] = _SAMPLES.get(mention.kind, "1")
    return sides


def trial(program: Any, asked: Mapping[str, Any]) -> Fault | None:
    """Ask once about samples: what fails then, always fails."""
    try:
        answer = program.execute(dict(asked))
    except (TypeError, RuntimeError):  # every name is known, so an unknown overload is a wrong kind
        return Fault(1, 1, "compares or combines different kinds of value; convert one with double(x) or string(x)")
    except (ValueError, KeyError, ArithmeticError) as error:
        return Fault(1, 1, f"cannot be answered: {error}")
    if answer not in (True, False) or not isinstance(answer, bool):
        return Fault(1, 1, "does not ask a question; its answer must be true or false")
    return None


def syntax_faults(message: str) -> Iterator[Fault]:
    """What the compiler says, in plain words."""
    first = _ERROR.search(message)
    if not first:
        yield Fault(1, 1, message.rpartition(": ")[2])
        return
    line, column, reason = int(first[1]), int(first[2]), first[3]
    reason = re.sub(r" expecting \{.*\}$", "", reason).replace("'<EOF>'", "the end").replace("<EOF>", "the end")
    reason = reason.replace("mismatched input the end", "it ends too early")
    if "recognition error at: '= " in reason:
        reason = "'=' compares nothing; write '==' for equal"
    yield Fault(line, column, reason)


def name_faults(source: str, program: Any, names: frozenset[str]) -> Iterator[Fault]:
    """Names and functions that are not known; fields are not looked at."""
    named = program.references()
    bound = set(re.findall(r"\.(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,", source))
    for name in named["variables"]:
        if name not in names | bound and not name.startswith("@"):
            near = did_you_mean(name, names)
            yield _at(source, name, f"{name!r} is unknown; fields are hubspot.NAME or salesforce.NAME{near}")
    for name in named["functions"]:
        if name[0].isalpha() and name not in _FUNCTIONS:
            yield _at(source, name, f"the function {name!r} is unknown{did_you_mean(name, _FUNCTIONS)}")


def field_faults(source: str, kinds: Kinds) -> Iterator[Fault]:
    """Fields that are not known, and sides that are asked about as a whole."""
    for found in _SIDE.finditer(blanked(source)):
        side, name = Side(found[1]), found[2]
        start = found.start()
        if name is None or _CALL.match(source, found.end()):
            yield fault_at(
                source, start, f"'{side}' alone is no value; write {side}.FIELD, or in_{side} for being there"
            )
        elif name not in kinds.get(side, {}):
            near = did_you_mean(name, kinds.get(side, {}))
            message = f"no rule maps '{side}.{name}' and also_read does not list it{near}"
            yield fault_at(source, found.start(2), message)


def mentioned(source: str, kinds: Kinds) -> Iterator[Mention]:
    """The fields that a condition without faults asks for."""
    only_blank: dict[tuple[Side, str], bool] = {}
    bare = blanked(source)
    for found in _SIDE.finditer(bare):
        where = (Side(found[1]), found[2])
        only_blank[where] = only_blank.get(where, True) and NULL_AFTER.match(bare, found.end()) is not None
    for (side, name), blank in only_blank.items():
        yield Mention(side, name, kinds[side][name], blank)


def blanked(source: str) -> str:
    """The source with every literal text replaced by as many spaces, so that positions stay."""
    return _TEXT.sub(lambda found: " " * len(found[0]), source)


def _at(source: str, name: str, message: str) -> Fault:
    found = re.search(rf"\b{re.escape(name)}\b", blanked(source))
    return fault_at(source, found.start() if found else 0, message)


def fault_at(source: str, position: int, message: str) -> Fault:
    """A fault with what stands at a position of the text."""
    line = source.count("\n", 0, position) + 1
    return Fault(line, position - (source.rfind("\n", 0, position) + 1) + 1, message)
