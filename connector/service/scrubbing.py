"""What may stand in a log: words of ours, numbers, ids of records; never people's data, never secrets.

Three sieves, because no single one suffices. Our own lines may carry words only under keys known to hold no personal
data; another key's words are withheld. What libraries say is taken without the values they fill in, unless the library
speaks of processes and jobs only. Whatever is left is searched for addresses, tokens and the secrets of this
installation. Of an unexpected error nothing is told but its kind and where it arose, for its text may quote a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from types import TracebackType
from typing import Any

from pydantic import BaseModel

from connector.config.secrets import Secret
from connector.core.refs import Ref
from connector.errors import BridgeError

WORDS_MAX, REFS_MAX, FRAMES_MAX, SECRET_MIN = 300, 20, 8, 6
WITHHELD = "<withheld>"
# Keys of our own lines whose words are the code's or an admin's, never a person's.
KEYS = frozenset(
    {
        "action", "again_at", "at", "because", "code", "duty", "endpoint", "error", "event", "field", "host",
        "job", "jobs", "kind", "lane", "level", "logger", "method", "mode", "object", "outcome", "process",
        "queue", "reason", "request_id", "run", "said", "service", "side", "signal", "since", "source", "state",
        "status", "task", "version", "where", "worker",
    }
)  # fmt: skip
_REF = re.compile(r"(hubspot|salesforce):[\w.-]{1,80}:[\w.-]{1,80}")
_SPACES = re.compile(r"[\r\n\t]+")
_ASSIGNED = r"(?i)\b(\w*(?:token|secret|password|passwd|api_?key)\w*)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",}&]+"
_RULES = (
    (re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s'\"<>]+", re.IGNORECASE), r"\1://<address>"),
    (re.compile(r"/outbound/[^\s/'\"?]+"), "/outbound/<secret>"),
    (re.compile(r"[^\s@'\"<>(),;:=]+@[^\s@'\"<>(),;:=]+"), "<e-mail>"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=!-]+"), r"\1 <token>"),
    (re.compile(r"\bpat-[a-z]{2}\d-[\w-]+|\b00D\w{12,15}![\w.]+|\beyJ[\w-]+\.[\w.-]+"), "<token>"),
    (re.compile(_ASSIGNED), r"\1\2<secret>"),
    (re.compile(r"\+\d[\d ()./-]{6,}\d"), "<number>"),
)  # fmt: skip
_FILLED_IN = re.compile(r"%(\([\w.{}-]*\))?[-#0 +]*(\d+|\*)?(\.\d+)?[a-zA-Z]")


class Scrubber:
    """Takes out of texts what a log must not hold; `secrets` are those of this installation."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({one for one in secrets if len(one) >= SECRET_MIN}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, said: str) -> str:
        """The text on one line, without addresses, tokens and secrets, cut to what a person reads."""
        if self._secrets:
            said = self._secrets.sub("<secret>", said)
        for rule, instead in _RULES:
            said = rule.sub(instead, said)
        said = _SPACES.sub(" ", said)
        return said if len(said) <= WORDS_MAX else said[:WORDS_MAX] + "..."

    def value(self, key: str, found: Any) -> Any:
        """What of a value of our own line is told."""
        if found is None or isinstance(found, bool | int | float):
            return found
        if key in ("ref", "refs"):
            return refs(found)
        if key not in KEYS:
            return WITHHELD
        if isinstance(found, Mapping):
            return {self.text(str(name)): self.value(key, one) for name, one in found.items()}
        if isinstance(found, list | tuple | set | frozenset):
            return [self.value(key, one) for one in found]
        return self.text(str(found))


def refs(found: Ref | str | Iterable[Ref | str]) -> list[str]:
    """Refs by their ids, at most 20 and then how many more; what is no ref is withheld."""
    each = [found] if isinstance(found, Ref | str) else list(found)
    told = [text if _REF.fullmatch(text := str(one)) else WITHHELD for one in each[:REFS_MAX]]
    return told if len(each) <= REFS_MAX else [*told, f"and {len(each) - REFS_MAX} more"]


def filled(template: object, values: object, keep: Callable[[Any], Any]) -> str:
    """A library's message with each value as `keep` leaves it; without any where that does not work out."""
    text = str(template)
    try:
        if isinstance(values, Mapping):
            return text % {name: keep(one) for name, one in values.items()}
        if isinstance(values, tuple) and values:
            return text % tuple(keep(one) for one in values)
    except (TypeError, ValueError, KeyError):
        return _FILLED_IN.sub("...", text)
    return text


def numbers_only(found: Any) -> Any:
    """A number as it is; of anything else nothing."""
    return found if isinstance(found, int | float) else "..."


def of_error(error: BaseException) -> dict[str, Any]:
    """An error's kind and where it arose; its words too when it is one of ours, which hold no personal data."""
    told: dict[str, Any] = {"error": type(error).__name__, "where": _frames(error.__traceback__)}
    if isinstance(error, BridgeError):
        told["said"] = str(error)
    elif isinstance(error, OSError) and error.strerror:
        told["said"] = error.strerror
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["because"] = type(cause).__name__
    return told


def _frames(trace: TracebackType | None) -> list[str]:
    found: list[str] = []
    while trace is not None:
        frame = trace.tb_frame
        found.append(f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno} {frame.f_code.co_name}")
        trace = trace.tb_next
    return found[-FRAMES_MAX:]


def secrets_of(part: BaseModel) -> Collection[str]:
    """Every secret of a part of the settings, to be taken out wherever it turns up."""
    return {text for _, value in part for text in _secrets(value)}


def _secrets(value: Any) -> Iterable[str]:
    match value:
        case Secret():
            return [value.reveal()]
        case BaseModel():
            return secrets_of(value)
        case Mapping():
            return [text for one in value.values() for text in _secrets(one)]
        case list() | tuple():
            return [text for one in value for text in _secrets(one)]
    return ()
