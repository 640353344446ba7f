"""A round of questions: up to five queries in one composite call, and Salesforce's own time when it began.

Polls go on from the time their round began, by Salesforce's clock and to the second below, so that what is stamped
while they ask is met again. Where an org has no composite calls the queries go one after the other, and an hour later
composites are tried again (Salesforce fact sheet 1.5, 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from connector.errors import Transient
from connector.salesforce import faults, soql
from connector.salesforce.api import Api, Call
from connector.salesforce.composite import Part, asking, raise_passing
from connector.salesforce.reads import UNSUPPORTED

LATE: Final = timedelta(seconds=600)  # a transaction may take this long from stamp to commit
SECOND: Final = timedelta(seconds=1)
APART_S: Final = 3_600.0  # how long questions go one by one after composite calls were refused
MULTIPLE: Final = 300  # HTTP: from here on a part has failed
Told = Mapping[str, Any]  # {"httpStatusCode", "body"}, as a composite answers each part


class Rounds:
    """Asks; `operation` is what the calls are counted as."""

    def __init__(self, api: Api, operation: str) -> None:
        self._api = api
        self._operation = operation
        self._clock = api.traffic.clock
        self._apart_until = 0.0  # by the clock's `monotonic`: until then composite calls are not tried

    def now(self) -> datetime:
        """Salesforce's time; any answer tells it. Raises as `Api.send`."""
        try:
            return self._told(Call("GET", "", self._operation))[0]
        except faults.Declined:
            organization = soql.query_path(soql.select(["Id"], "Organization"))
            return self._told(Call("GET", organization, self._operation))[0]

    def ask(self, paths: Sequence[str]) -> tuple[datetime, Sequence[Told]]:
        """When it began, and the answers to at most five queries, in order. Raises as `Api.send`."""
        began, answers = self._answers(paths)
        if len(answers) != len(paths):
            raise Transient("Salesforce did not answer every part of a poll; it is asked again")
        return began, answers

    def checked(self, told: Told, obj: str) -> Mapping[str, Any]:
        """The body of an answer. Raises what a refused part stands for."""
        status = told["httpStatusCode"]
        if status >= MULTIPLE:
            raise faults.raised(
                status, faults.faults_of(told["body"]), self._clock.now(), f"{self._operation} of {obj}"
            )
        body: Mapping[str, Any] = told["body"]
        return body

    def _answers(self, paths: Sequence[str]) -> tuple[datetime, Sequence[Told]]:
        """All in one call; one after the other where there are no composite calls."""
        if self._clock.monotonic() >= self._apart_until:
            try:
                at, body = self._told(self._call(paths))
                return at, body["compositeResponse"]
            except faults.Declined as error:
                if error.status not in UNSUPPORTED:
                    raise
                self._apart_until = self._clock.monotonic() + APART_S
        moments, replies = zip(*map(self._single, paths), strict=True)
        return moments[0], replies

    def _single(self, path: str) -> tuple[datetime, Told]:
        try:
            at, body = self._told(Call("GET", path, self._operation))
        except faults.Declined as error:
            told = [{"errorCode": fault.code, "message": fault.message} for fault in error.faults]
            return self._clock.now() - LATE, {"httpStatusCode": error.status, "body": told}
        return at, {"httpStatusCode": 200, "body": body}

    def _call(self, paths: Sequence[str]) -> Call:
        passing = partial(raise_passing, now=self._clock.now)
        return replace(asking(self._api, self._operation, [Part("GET", path) for path in paths]), checked=passing)

    def _told(self, call: Call) -> tuple[datetime, Any]:
        """Salesforce's time when the successful call began, to the second below, and the body."""
        begun = self._clock.monotonic()
        body, at = self._api.dated(call)
        taken = timedelta(seconds=int(self._clock.monotonic() - begun))
        return (at or self._clock.now() - LATE).replace(microsecond=0) - taken - SECOND, body
