"""Logs of the service: one line of JSON an event on standard error; in plain words where a person watches a terminal.

Everything goes through one pipe: our own lines (`structlog.get_logger()`, or `logging.getLogger(__name__)` with
`extra`) and those of every library. Each line has `at`, `level`, `service`, `event` and `logger`; where they are known
also `request_id`, `run`, `side` and `refs`, which `bound` adds to every line within. What a line may hold is
`scrubbing`'s to say; an event is a fixed text, what varies stands under keys.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

import orjson
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.stdlib import BoundLogger, LoggerFactory, ProcessorFormatter, filter_by_level

from connector.ports import Clock
from connector.service.scrubbing import Scrubber, filled, numbers_only, of_error

Line = MutableMapping[str, Any]

OURS = ("connector", "webhooks", "smarketing", "__main__")
OF_PROCESSES = ("gunicorn", "procrastinate", "py")  # they tell of processes and jobs; py.warnings of our own code
_FIRST = ("at", "level", "service", "event", "logger", "request_id", "run", "side", "refs")
_INNER = frozenset({"_record", "_from_structlog", "positional_args", "stack_info", "exc_info", "event"})
_OF_A_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "_logger", "_name"}


def configure(
    service: str, clock: Clock, secrets: Collection[str] = (), *, stream: TextIO | None = None, level: str = "info"
) -> None:
    """Send every log line of this process through our pipe, from now on.

    Args:
        service: what this process is: run, web, worker, pubsub.
        clock: tells when a line was written.
        secrets: taken out wherever they turn up (`scrubbing.secrets_of(settings)`).
        stream: where to; standard error when None. A terminal gets words instead of JSON.
        level: the least of our own lines that is told; libraries are heard from warnings on.
    """
    into = stream or sys.stderr
    handler = logging.StreamHandler(into)
    handler.addFilter(_worth_telling)
    handler.setFormatter(_Pipe(service, clock, Scrubber(secrets), terminal=into.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in ("gunicorn", "procrastinate"):
        logging.getLogger(name).setLevel(logging.INFO)
    structlog.configure(
        processors=[filter_by_level, merge_contextvars, ProcessorFormatter.wrap_for_formatter],
        logger_factory=LoggerFactory(ignore_frame_names=["structlog"]),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=False,
    )


@contextmanager
def bound(**keys: Any) -> Iterator[None]:
    """Within it every line of this thread carries these keys: request_id, run, side, refs, duty."""
    with bound_contextvars(**keys):
        yield


def _worth_telling(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or _of(record.name, (*OURS, *OF_PROCESSES))


def _of(name: str, families: Collection[str]) -> bool:
    return name.split(".", 1)[0] in families


class _Pipe(ProcessorFormatter):
    """One line, however it was said and by whom."""

    def __init__(self, service: str, clock: Clock, scrubber: Scrubber, *, terminal: bool) -> None:
        self._service, self._clock, self._scrubber = service, clock, scrubber
        last = structlog.dev.ConsoleRenderer(timestamp_key="at", sort_keys=False) if terminal else _as_json
        pipe: Any = [self._told, last]
        ahead: Any = [merge_contextvars]
        super().__init__(processors=pipe, foreign_pre_chain=ahead, pass_foreign_args=True, use_get_message=False)

    def _told(self, _logger: Any, _method: str, said: Line) -> Line:
        record: logging.LogRecord = said["_record"]
        ours = _of(record.name, OURS)
        found = {name: value for name, value in said.items() if name not in _INNER}
        if ours:
            found |= {name: value for name, value in record.__dict__.items() if name not in _OF_A_RECORD}
        if (error := _error(said.get("exc_info"))) is not None:
            found |= of_error(error)
        line: Line = {"at": self._clock.now().isoformat(), "level": record.levelname.lower(), "service": self._service}
        line["event"] = self._scrubber.text(_words(record, said))
        line["logger"] = record.name
        line.update({name: self._scrubber.value(name, value) for name, value in found.items()})
        return {name: line[name] for name in (*_FIRST, *(key for key in line if key not in _FIRST)) if name in line}


def _words(record: logging.LogRecord, said: Line) -> str:
    """What was said; of what a stranger fills in only the numbers."""
    trusted = _of(record.name, (*OURS, *OF_PROCESSES))
    return filled(said.get("event", ""), said.get("positional_args"), _as_it_is if trusted else numbers_only)


def _as_it_is(found: Any) -> Any:
    return found


def _error(found: Any) -> BaseException | None:
    """The error of a log call, in any of the ways in which it may be given."""
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        given: tuple[Any, BaseException | None, TracebackType | None] = found
        return given[1]
    return sys.exc_info()[1] if found else None


def _as_json(_logger: Any, _method: str, line: Line) -> str:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
