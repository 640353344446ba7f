"""Conditions as people read them: `hubspot.hubspotscore >= 80 && loops < 3` is "HubSpot hubspotscore is at least 80,
and loops is less than 3".

Only the usual operators are put into words, and nothing inside quotes is touched, so that a condition never says less
than it does; whoever wants to be sure reads the condition itself beside it.
"""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_WORDS: Final = (
    (re.compile(r"!\s*deal\.closed\b"), " a deal is open"),
    (re.compile(r"\bdeal\.closed\b"), "a deal is closed"),
    (re.compile(r"\bdeal\.won\b"), "a deal is won"),
    (re.compile(r"\.matches\("), " matches ("),
    (re.compile(r"\.contains\("), " contains ("),
    (re.compile(r"\.startsWith\("), " begins with ("),
    (re.compile(r"!=\s*null\b"), " is filled in"),
    (re.compile(r"==\s*null\b"), " is blank"),
    (re.compile(r"\bnull\s*!=\s*"), " not blank: "),
    (re.compile(r"&&"), ", and "),
    (re.compile(r"\|\|"), ", or "),
    (re.compile(r">="), " is at least "),
    (re.compile(r"<="), " is at most "),
    (re.compile(r"=="), " is "),
    (re.compile(r"!="), " is not "),
    (re.compile(r"(?<!-)>"), " is more than "),
    (re.compile(r"<"), " is less than "),
    (re.compile(r"\bin\s*(?=\[)"), " is one of "),
    (re.compile(r"!(?=[\w(])"), " not "),
    (re.compile(r"\bhubspot\."), "HubSpot "),
    (re.compile(r"\bsalesforce\."), "Salesforce "),
)
_SPACES: Final = re.compile(r"\s+")


def in_words(text: str) -> str:
    """A condition in words; quoted values and unusual parts as they are written."""
    parts = _QUOTED.split(text)
    told = "".join(part if number % 2 else _worded(part) for number, part in enumerate(parts))
    return told.replace(" ,", ",").strip()


def _worded(part: str) -> str:
    for sign, words in _WORDS:
        part = sign.sub(words, part)
    return _SPACES.sub(" ", part)
