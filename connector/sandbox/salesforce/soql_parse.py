"""SOQL text to tree, by recursive descent over a list of tokens.

A subset: one SELECT of fields and parent paths, FIELDS() or COUNT(), FROM one object, WHERE, ORDER BY, LIMIT, OFFSET.
Mixing AND and OR without parentheses is refused, as Salesforce refuses it. What is not supported is refused by name,
never ignored. (Salesforce fact sheet 1.2.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql_tree import (
    Among,
    Both,
    Compare,
    Condition,
    Either,
    Literal,
    Name,
    Negation,
    Order,
    Query,
)

TEXT_LENGTH_MAX = 100_000
OFFSET_MAX = 2_000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<op>!=|<>|<=|>=|[=<>(),:]))",
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_PLAIN_WORDS = frozenset({"today", "yesterday", "tomorrow"})
_COUNTED_WORDS = frozenset({"last_n_days", "next_n_days", "n_days_ago"})


class Token(NamedTuple):
    """A piece of the text: its kind, itself, where it starts."""

    kind: str
    text: str
    at: int


def malformed(message: str) -> Refusal:
    """MALFORMED_QUERY with Salesforce's style of text."""
    return Refusal("MALFORMED_QUERY", message)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The tree of a query. Raises Refusal MALFORMED_QUERY with what was unexpected."""
    if len(text) > TEXT_LENGTH_MAX:
        raise Refusal("QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {TEXT_LENGTH_MAX} characters.")
    return _Reader(text).query()


@lru_cache(maxsize=512)
def parse_condition(text: str) -> Condition:
    """The tree of a bare condition, as in WHERE: how the sandbox's rules say when they apply."""
    reader = _Reader(text)
    condition = reader.condition()
    reader.expect_end()
    return condition


def tokens(text: str) -> list[Token]:
    """The text in pieces. Raises Refusal at a character that starts none."""
    found: list[Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"unexpected token: '{text[at:].split(maxsplit=1)[0][:40]}'")
        kind = match.lastgroup or ""
        found.append(Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return found


class _Reader:
    """A place in a list of tokens."""

    def __init__(self, text: str) -> None:
        self._source = text
        self._tokens = tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._word("select")
        names, groups, count = self._selection()
        self._word("from")
        sobject = self._take("name").text
        where = self.condition() if self._accept("where") else None
        order = self._ordering() if self._accept("order") else ()
        limit = self._count() if self._accept("limit") else None
        offset = self._count() if self._accept("offset") else 0
        self.expect_end()
        if offset > OFFSET_MAX:
            raise Refusal("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {OFFSET_MAX}")
        return Query(self._source, sobject, names, groups, count, where, order, limit, offset)

    def _selection(self) -> tuple[tuple[Name, ...], tuple[str, ...], bool]:
        names: list[Name] = []
        groups: list[str] = []
        while True:
            token = self._take("name")
            if not self._accept("("):
                names.append(Name(tuple(token.text.split(".")), token.at))
            elif token.text.lower() == "count" and self._accept(")"):
                return (), (), True
            elif token.text.lower() == "fields":
                groups.append(self._take("name").text.lower())
                self._symbol(")")
            else:
                raise malformed(f"unexpected token: '{token.text}('; this sandbox knows COUNT() and FIELDS() only")
            if not self._accept(","):
                return tuple(names), tuple(groups), False

    def condition(self) -> Condition:
        first = self._term()
        word = self._peek_word()
        if word not in {"and", "or"}:
            return first
        terms = [first]
        while self._accept(word):
            terms.append(self._term())
        if self._peek_word() in {"and", "or"}:
            raise malformed(f"unexpected token: '{self._tokens[self._at].text}'")
        return Both(tuple(terms)) if word == "and" else Either(tuple(terms))

    def _term(self) -> Condition:
        if self._accept("not"):
            return Negation(self._term())
        if self._accept("("):
            inner = self.condition()
            self._symbol(")")
            return inner
        token = self._take("name")
        name = Name(tuple(token.text.split(".")), token.at)
        negated = self._accept("not")
        for word, includes, flips in (("in", False, negated), ("includes", True, False), ("excludes", True, True)):
            if self._accept(word):
                return Among(name, self._literals(), flips, includes)
        if self._accept("like"):
            compare = Compare(name, "like", Literal("pattern", pattern(self._take("text").text[1:-1])))
            return Negation(compare) if negated else compare
        op = self._take("op").text
        if op not in _COMPARISONS:
            raise malformed(f"unexpected token: '{op}'")
        return Compare(name, "!=" if op == "<>" else op, self._literal())

    def _literals(self) -> tuple[Literal, ...]:
        self._symbol("(")
        found = [self._literal()]
        while self._accept(","):
            found.append(self._literal())
        self._symbol(")")
        return tuple(found)

    def _literal(self) -> Literal:
        token = self._next()
        match token.kind:
            case "text":
                return Literal("text", _unescape(token.text[1:-1]))
            case "number":
                return Literal("number", float(token.text))
            case "date" | "datetime":
                return Literal(token.kind, token.text)
            case "name":
                return self._word_literal(token)
        raise malformed(f"unexpected token: '{token.text}'")

    def _word_literal(self, token: Token) -> Literal:
        word = token.text.lower()
        if word == "null":
            return Literal("null", None)
        if word in {"true", "false"}:
            return Literal("boolean", word == "true")
        if word in _PLAIN_WORDS:
            return Literal("dateword", word)
        if word in _COUNTED_WORDS:
            self._symbol(":")
            return Literal("dateword", f"{word}:{self._count()}")
        raise malformed(f"unexpected token: '{token.text}'")

    def _ordering(self) -> tuple[Order, ...]:
        self._word("by")
        keys = [self._order_key()]
        while self._accept(","):
            keys.append(self._order_key())
        return tuple(keys)

    def _order_key(self) -> Order:
        token = self._take("name")
        descending = self._accept("desc")
        if not descending:
            self._accept("asc")
        nulls_last = False
        if self._accept("nulls"):
            nulls_last = self._accept("last")
            if not nulls_last:
                self._word("first")
        return Order(Name(tuple(token.text.split(".")), token.at), descending, nulls_last)

    def _count(self) -> int:
        token = self._take("number")
        if not token.text.isdigit():
            raise malformed(f"unexpected token: '{token.text}'")
        return int(token.text)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise malformed(f"unexpected token: '{self._tokens[self._at].text}'")

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise malformed("unexpected token: '<EOF>'")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str) -> Token:
        token = self._next()
        if token.kind != kind:
            raise malformed(f"unexpected token: '{token.text}'")
        return token

    def _peek_word(self) -> str:
        return self._tokens[self._at].text.lower() if self._at < len(self._tokens) else ""

    def _accept(self, word: str) -> bool:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind in {"name", "op"} and token.text.lower() == word:
                self._at += 1
                return True
        return False

    def _word(self, word: str) -> None:
        if not self._accept(word):
            raise malformed(f"unexpected token: '{self._next().text}'")

    _symbol = _word


def pattern(text: str) -> str:
    """The regular expression of a LIKE: `%` any text, `_` any character, either of them itself after a backslash."""
    found, escaped = "", False
    for char in text:
        if escaped:
            found += re.escape(_ESCAPES.get(char, char))
        elif char != "\\":
            found += {"%": ".*", "_": "."}.get(char) or re.escape(char)
        escaped = char == "\\" and not escaped
    return found


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)
