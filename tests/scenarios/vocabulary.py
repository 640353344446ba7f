"""How a line of a story finds the function that carries it out.

Every function names the words it answers to as a pattern, whose groups are its arguments. Two patterns must not answer
to one line; a line that no pattern answers to is refused with the nearest one that would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tests.scenarios.stage import Stage
from tests.scenarios.stories import Line, StoryProblem

Step = Callable[..., None]  # (stage, line, *groups)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words people may write (`shown`, as in the README) and what they do."""

    shown: str
    pattern: re.Pattern[str]
    step: Step
    details: bool | None  # whether it takes details; None: as one likes


class Vocabulary:
    """All phrases of one part of a story."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.phrases: list[Phrase] = []

    def phrase(self, shown: str, *, details: bool | None = False) -> Callable[[Step], Step]:
        """Teach a phrase: NAME, FIELD, SIDE, NUMBER, UNIT, WORDS in capitals are its arguments."""
        pattern = re.compile(_HOLE.sub(lambda hole: _HOLES[hole[0]], re.escape(shown).replace(r"\ ", " ")))

        def learn(step: Step) -> Step:
            self.phrases.append(Phrase(shown, pattern, step, details))
            return step

        return learn

    def understand(self, line: Line) -> Callable[[Stage], None]:
        """What a line does.

        Raises:
            StoryProblem: when nobody knows those words, with the nearest ones that somebody does.
        """
        found = [(phrase, match) for phrase in self.phrases if (match := phrase.pattern.fullmatch(line.words))]
        if not found:
            near = get_close_matches(line.words, [phrase.shown for phrase in self.phrases], 1, 0.3)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise line.problem(f"unknown step in {self.part}{hint} tests/scenarios/README.md lists them all")
        phrase, match = found[0]
        if phrase.details is not None and phrase.details != (line.details is not None):
            raise line.problem("details are missing behind a colon" if phrase.details else "takes no details")

        def run(stage: Stage) -> None:
            try:
                phrase.step(stage, line, *match.groups())
            except (LookupError, ValueError, TypeError) as error:
                raise line.problem(str(error)) from error

        return run


_HOLES = {
    "NAME": r"([A-Z][A-Za-z0-9]*)",
    "OTHER": r"([A-Z][A-Za-z0-9]*)",
    "FIELD": r"([A-Za-z_]\w*)",
    "SIDE": r"(hubspot|salesforce)",
    "NUMBER": r"(\d+)",
    "UNIT": r"(seconds?|minutes?|hours?|days?)",
    "ACT": r"([a-z_]+)",
    "OBJECT": r"(lead|contact)",
}
_HOLE = re.compile(r"\b(" + "|".join(_HOLES) + r")\b")

Problem = StoryProblem


def expect(line: Line, told: bool, otherwise: Any) -> None:  # noqa: FBT001  # reads as a sentence
    """A claim: AssertionError with the story's line when it does not hold."""
    if not told:
        raise AssertionError(f"{line.place}: {line.words!r} does not hold: {otherwise}")
