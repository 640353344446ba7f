"""Questions in CEL about a person's situation, compiled once for journeys that are walked a million times.

They know everything that a mapping's conditions know (`conditions`), and the words of the shared definition: `stage`,
`band`, `persona`, `owner`, `loops`, `handed`. Three words are about one moment and null at every other: `touch`
(channel, outbound, human), `answer` (verdict, reason), `deal` (stage, closed, won, amount). A question that has no
answer (is null more than 50?) counts as no.

An answer depends on nothing but the values that are asked for, so it is kept by exactly those and CEL is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from connector.config.conditions import (
    ANSWERS_MAX,
    NULL_AFTER,
    Fault,
    Kinds,
    Mention,
    blanked,
    cel_value,
    fault_at,
    field_faults,
    mentioned,
    name_faults,
    sample,
    syntax_faults,
    trial,
)
from connector.config.problems import did_you_mean
from connector.core.refs import Side
from connector.core.situation import Question, Situation
from connector.core.values import Kind

Scales = Mapping[str, Collection[str]]
"""The values a word can take (`stage`, `band`, `persona`, `answer.verdict`, `touch.channel`, ...); others take any."""

PLAIN = ("stage", "band", "persona", "owner", "loops", "handed")
MOMENTS: Mapping[str, tuple[str, ...]] = {
    "touch": ("channel", "outbound", "human"),
    "answer": ("verdict", "reason"),
    "deal": ("stage", "closed", "won", "amount"),
}
_NAMES = frozenset({"hubspot", "salesforce", "in_hubspot", "in_salesforce", *PLAIN, *MOMENTS})
_WORD = re.compile(r"(?<![.\w])(" + "|".join((*PLAIN, *MOMENTS)) + r")\b(?:\s*\.\s*([A-Za-z_]\w*))?")
_IN_SIDE = re.compile(r"\bin_(hubspot|salesforce)\b")
_COMPARED = re.compile(r"\s*(?:[!=]=\s*|in\s*\[)")
_LITERAL = re.compile(r"""\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)')\s*(,?)""")
_SAMPLES: Mapping[str, Any] = {
    "stage": "1",
    "band": "1",
    "persona": "1",
    "owner": "1",
    "loops": 1,
    "handed": True,
    "touch": {"channel": "call", "outbound": True, "human": True},
    "answer": {"verdict": "accept", "reason": "1"},
    "deal": {"stage": "1", "closed": True, "won": True, "amount": 1.0},
}

_Look = Callable[[Situation], Any]  # what of a situation the answer hangs on; hashable


def question(source: str, kinds: Kinds, scales: Scales | None = None) -> Question | list[Fault]:
    """A question from its CEL text, or everything that is wrong with it.

    Args:
        source: as written; `true` and `false` are questions too.
        kinds: the fields that may be asked for on each side.
        scales: the values that words can take, to find misspelt ones.
    """
    if source.strip() in ("true", "false"):
        answer = source.strip() == "true"
        return Question(source.strip(), lambda _situation: answer)
    import cel  # noqa: PLC0415  # brings a command line of its own along; most installations have no condition to ask

    try:
        program = cel.compile(source)
    except ValueError as error:
        return list(syntax_faults(str(error)))
    words = tuple(_WORD.finditer(blanked(source)))
    faults = [*name_faults(source, program, _NAMES), *field_faults(source, kinds)]
    faults += [*_word_faults(source, words), *_scale_faults(source, words, scales or {})]
    if faults:
        return faults
    mentions = tuple(mentioned(source, kinds))
    fault = trial(program, {**sample(mentions), **_SAMPLES})
    if fault:
        return [fault]
    fields: dict[Side, dict[str, Kind]] = {}
    for mention in mentions:
        fields.setdefault(mention.side, {})[mention.field] = mention.kind
    asked = frozenset(found[1] for found in words)
    look = _look(mentions, asked, frozenset(map(Side, _IN_SIDE.findall(blanked(source)))))
    return Question(
        " ".join(source.split()), _remembering(program, mentions, look), fields, bool(asked & set(MOMENTS)), asked
    )


def _remembering(program: Any, mentions: Sequence[Mention], look: _Look) -> Callable[[Situation], bool]:
    """The program as a predicate that asks CEL once for each combination of what it can tell apart."""
    answers: dict[Any, bool] = {}
    known = answers.get

    def holds(situation: Situation) -> bool:
        seen = look(situation)
        answer = known(seen)
        if answer is None:
            if len(answers) >= ANSWERS_MAX:
                answers.clear()
            answer = answers[seen] = _answer(program, mentions, situation)
        return answer

    return holds


def _look(mentions: Sequence[Mention], asked: Collection[str], presence: Collection[Side]) -> _Look:
    """What of a situation can change the answer."""
    parts: list[_Look] = [_presence(side) for side in sorted(presence)]
    for side in Side:
        fields = tuple((mention.field, mention.only_blank) for mention in mentions if mention.side is side)
        if fields:
            parts.append(_values(side, fields))
    plain = [word for word in PLAIN if word in asked and word != "handed"]
    if plain:
        parts.append(attrgetter(*plain))
    if "handed" in asked:
        parts.append(lambda situation: situation.handed_at is not None)
    parts += [_moment(word) for word in MOMENTS if word in asked]
    if len(parts) == 1:
        return parts[0]
    several = tuple(parts)
    return lambda situation: tuple([part(situation) for part in several])


def _presence(side: Side) -> _Look:
    return lambda situation: side in situation.fields


def _values(side: Side, fields: tuple[tuple[str, bool], ...]) -> _Look:
    nothing: Mapping[str, Any] = {}
    if len(fields) == 1:
        name, only_blank = fields[0]
        if only_blank:
            return lambda situation: situation.fields.get(side, nothing).get(name) is None
        return lambda situation: situation.fields.get(side, nothing).get(name)

    def look(situation: Situation) -> Any:
        get = situation.fields.get(side, nothing).get
        return tuple([(get(name) is None) if only_blank else get(name) for name, only_blank in fields])

    return look


def _moment(word: str) -> _Look:
    whole, parts = attrgetter(word), attrgetter(*MOMENTS[word])

    def look(situation: Situation) -> Any:
        moment = whole(situation)
        return None if moment is None else parts(moment)

    return look


def _answer(program: Any, mentions: Sequence[Mention], situation: Situation) -> bool:
    try:
        return program.execute(_told(mentions, situation)) is True
    except (TypeError, ValueError, KeyError, RuntimeError, ArithmeticError):
        return False


def _told(mentions: Sequence[Mention], situation: Situation) -> dict[str, Any]:
    """The situation as CEL sees it."""
    told: dict[str, Any] = {side.value: {} for side in Side}
    told.update({f"in_{side.value}": side in situation.fields for side in Side})
    for mention in mentions:
        value = situation.fields.get(mention.side, {}).get(mention.field)
        told[mention.side.value][mention.field] = cel_value(mention.kind, value)
    told.update({word: getattr(situation, word) or None for word in ("stage", "band", "persona", "owner")})
    told.update(loops=situation.loops, handed=situation.handed_at is not None)
    touch, answer, deal = situation.touch, situation.answer, situation.deal
    told["touch"] = touch and {"channel": str(touch.channel), "outbound": touch.outbound, "human": touch.human}
    told["answer"] = answer and {"verdict": str(answer.verdict), "reason": answer.reason or None}
    told["deal"] = deal and {
        "stage": deal.stage or None,
        "closed": deal.closed,
        "won": deal.won,
        "amount": cel_value(Kind.MONEY, deal.amount),
    }
    return told


def _word_faults(source: str, words: Iterable[re.Match[str]]) -> Iterator[Fault]:
    """Parts that a word does not have."""
    bare = blanked(source)
    for found in words:
        word, part = found[1], found[2]
        known = MOMENTS.get(word, ())
        if part is None and known and not NULL_AFTER.match(bare, found.end()):
            message = f"'{word}' alone is no value; write {word}.{known[0]}, or {word} != null for there being one"
            yield fault_at(source, found.start(), message)
        elif part is not None and known and part not in known:
            near = did_you_mean(part, known) or f"; there are {', '.join(known)}"
            yield fault_at(source, found.start(2), f"{word!r} has no {part!r}{near}")


def _scale_faults(source: str, words: Iterable[re.Match[str]], scales: Scales) -> Iterator[Fault]:
    """Literals that a word is compared with and can never be."""
    for found in words:
        name = f"{found[1]}.{found[2]}" if found[1] in MOMENTS else found[1]
        compared = _COMPARED.match(source, found.end()) if name in scales else None
        if compared is None:
            continue
        known = [str(value) for value in scales[name]]
        at, several = compared.end(), compared[0].endswith("[")
        while literal := _LITERAL.match(source, at):
            value = literal[1] if literal[1] is not None else literal[2]
            if value not in known:
                near = did_you_mean(value, known) or (f"; there are {', '.join(known)}" if known else "; there is none")
                yield fault_at(
                    source, at + len(literal[0]) - len(literal[0].lstrip()), f"{name} is never {value!r}{near}"
                )
            at = literal.end()
            if not (several and literal[3]):
                break
