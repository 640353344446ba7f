"""What pydantic says about a document, said to an admin: file, line, key, the value found, what would be right.

Values are repeated only where a choice or a number was expected and the key does not sound like a secret, so that a
token that slipped into the wrong line is not printed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.config.yaml import Document, KeyPath
from connector.errors import Problem

Model = TypeVar("Model", bound=BaseModel)
Fault = tuple[KeyPath, str]  # a path below the validated model, and what is wrong there
_SHOWN_MAX = 60
_SECRETIVE = re.compile(r"token|secret|password|key|url", re.IGNORECASE)


class Faults(ValueError):
    """Several faults found by one validator, each with its path below the validated model."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message in self.faults))


def validated(model: type[Model], document: Document, context: Any, problems: list[Problem]) -> Model | None:
    """The document as a model, or None with every fault added to `problems`."""
    try:
        return model.model_validate(document.data, context=context)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.extend(_problems(detail, model, document))
        return None


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """`; did you mean 'newest'?` when something known is near, else nothing."""
    names = sorted(map(str, known))
    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(found.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def _problems(detail: ErrorDetails, model: type[BaseModel], document: Document) -> Iterator[Problem]:
    path = _written(detail["loc"], document.data)
    fault = detail.get("ctx", {}).get("error")
    if isinstance(fault, Faults):
        for below, message in fault.faults:
            yield document.problem((*path, *below), message)
    else:
        yield document.problem(path, _message(detail, path, model))


def _written(loc: tuple[int | str, ...], data: Any) -> KeyPath:
    """A location without what pydantic adds to it (names of union members, `[key]`)."""
    path: list[str | int] = []
    here = data
    for number, part in enumerate(loc):
        inside = isinstance(here, dict) and part in here
        inside = inside or (isinstance(here, list) and isinstance(part, int) and part < len(here))
        if inside:
            path.append(part)
            here = here[part]
        elif number == len(loc) - 1 and part != "[key]" and isinstance(part, str) and isinstance(here, dict):
            path.append(part)  # a key that is missing
    return tuple(path)


def _message(detail: ErrorDetails, path: KeyPath, model: type[BaseModel]) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        known = _keys_at(model, path[:-1])
        near = did_you_mean(str(path[-1]), known)
        return f"is not known here{near or f'; known are {_listed(known)}'}"
    if found is None and kind != "missing":
        return "is empty; give it a value or remove the line"
    if kind in ("literal_error", "enum"):
        choices = [word.strip("'") for word in re.split(r", | or ", detail["ctx"]["expected"])]
        near = did_you_mean(str(found), choices)
        return f"{_shown(found, path)} is not one of {_listed(choices)}{near}"
    if kind in _BELONGS:
        return f"{_sort(found)} stands where {_BELONGS[kind]} belongs"
    plain = _PLAIN.get(kind)
    if plain:
        return plain(_shown(found, path), detail.get("ctx", {}))
    return str(detail["ctx"]["error"]) if kind == "value_error" else detail["msg"]


_Plain = Callable[[str, Mapping[str, Any]], str]
_PLAIN: Mapping[str, _Plain] = {
    "missing": lambda _found, _limits: "is missing",
    "int_type": lambda found, _limits: f"{found} is not a whole number",
    "int_parsing": lambda found, _limits: f"{found} is not a whole number",
    "int_from_float": lambda found, _limits: f"{found} is not a whole number",
    "float_type": lambda found, _limits: f"{found} is not a number",
    "float_parsing": lambda found, _limits: f"{found} is not a number",
    "bool_type": lambda found, _limits: f"{found} is neither true nor false",
    "bool_parsing": lambda found, _limits: f"{found} is neither true nor false",
    "string_type": lambda found, _limits: f"{found} is not text; put it in quotes",
    "string_too_short": lambda _found, _limits: "is empty; give it a value or remove the line",
    "too_short": lambda _found, _limits: "is empty; give it at least one entry",
    "greater_than": lambda found, limits: f"{found} is too small; it must be more than {limits['gt']:g}",
    "greater_than_equal": lambda found, limits: f"{found} is too small; the least is {limits['ge']:g}",
    "less_than_equal": lambda found, limits: f"{found} is too large; the most is {limits['le']:g}",
}

_GROUP, _LIST = "a group of settings (`name: value` lines)", "a list (`[a, b]`, or lines starting with -)"
_BELONGS = {"model_type": _GROUP, "dict_type": _GROUP, "list_type": _LIST, "tuple_type": _LIST}


def _sort(found: Any) -> str:
    if isinstance(found, dict):
        return "a group of settings"
    if isinstance(found, list):
        return "a list"
    return "text" if isinstance(found, str) else "a single value"


def _shown(found: Any, path: KeyPath) -> str:
    if isinstance(found, dict | list):
        return _sort(found)
    if any(_SECRETIVE.search(str(part)) for part in path[-1:]) or len(str(found)) > _SHOWN_MAX:
        return "the value"
    return repr(found) if isinstance(found, str) else str(found).lower()


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "none"


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys a model knows at a path."""
    here: list[Any] = [model]
    for part in path:
        here = [inner for outer in here for inner in _inside(outer, part)]
    models = [found for found in here if _is_model(found)]
    return sorted({field.alias or name for found in models for name, field in found.model_fields.items()})


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                yield from _members(field.annotation)
    else:
        for member in get_args(annotation)[-1:]:
            yield from _members(member)


def _members(annotation: Any) -> Iterator[Any]:
    """The models and containers an annotation allows, unions and Annotated unfolded."""
    if _is_model(annotation) or getattr(annotation, "__origin__", None) in (dict, list, tuple):
        yield annotation
    else:
        for member in get_args(annotation):
            yield from _members(member)


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)
