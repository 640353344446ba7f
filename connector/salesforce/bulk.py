"""Sending thousands of rows as one Bulk API 2.0 job: about ten calls, whatever their number.

A job takes CSV of one set of columns. Results come in any order, so each row is recognised by the id or external id
that it carries. A clear is `#N/A`; an empty cell would mean "leave alone". `JobComplete` with failed rows is normal,
and `Failed` does not undo what was done: rows without a result may or may not be written (Salesforce fact sheet 2.1,
2.2). Nothing is processed before the upload is declared complete, so an upload that broke off is begun anew.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from connector.core.refs import id18
from connector.errors import BridgeError, RateLimited, Transient, Unauthorised
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Declined, bulk_fault
from connector.salesforce.rows import csv_value
from connector.salesforce.sending import Action, Row, Sort, Told

ROWS_MAX: Final = 50_000
BYTES_MAX: Final = 90_000_000  # uploads up to 100 MB are safe (fact sheet 2.1)
FIRST_POLL_S: Final = 0.5
LONGEST_POLL_S: Final = 5.0
WAIT_MAX_S: Final = 3_600.0
_TRIES: Final = 3
_ENDED: Final = frozenset({"JobComplete", "Failed", "Aborted"})
_UNKNOWN: Final = "the bulk job ended without saying what became of this row; it is read again"


class Unavailable(Exception):
    """The org opens no bulk job for this: the rows go another way, and if there is something wrong, that tells."""


class Ingest:
    """Runs ingest jobs to their end."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clock = api.traffic.clock

    def sent(self, sort: Sort, rows: Sequence[Row], types: Mapping[str, str]) -> list[Told]:
        """Send rows of one set of columns; one answer each, in order.

        Raises:
            Unavailable: no job was opened and nothing sent; nothing else is raised for what Salesforce does.
        """
        text = sheet(sort, rows, types)
        if len(text) > BYTES_MAX and len(rows) > 1:
            half = len(rows) // 2
            return self.sent(sort, rows[:half], types) + self.sent(sort, rows[half:], types)
        try:
            job = self._uploaded(sort, text)
            ended = self._ended(job, self._closed(job))
            told = self._results(sort, job, ended, rows)
        except BridgeError as error:
            return [Told(error=error)] * len(rows)
        lost = Told(error=Transient(_UNKNOWN))
        return [told.get(_name(sort, row), lost) for row in rows]

    def _uploaded(self, sort: Sort, text: bytes) -> str:
        """The path of a job whose rows are uploaded."""
        for tries_left in reversed(range(_TRIES)):
            job = self._opened(sort)
            try:
                self._api.once(Call("PUT", f"{job}/batches", "bulk", text=text))
                break
            except Transient as error:
                self._abort(job)
                if isinstance(error, RateLimited) or not tries_left:
                    raise
        return job

    def _closed(self, job: str) -> Declined | None:
        """Declare the upload complete; a refusal may mean that a repeat found the job under way, so polling tells."""
        try:
            self._api.send(Call("PATCH", job, "bulk", {"state": "UploadComplete"}))
        except Declined as refusal:
            return refusal
        return None

    def _opened(self, sort: Sort) -> str:
        order = {"object": sort.object, "operation": sort.action.value, "contentType": "CSV"}
        order |= {"lineEnding": "LF", "columnDelimiter": "COMMA"}
        if sort.key:
            order["externalIdFieldName"] = sort.key
        try:
            opened = self._api.json(Call("POST", "jobs/ingest", "bulk", order, expects=("id",)))
        except (Declined, Unauthorised) as error:
            raise Unavailable from error
        return f"jobs/ingest/{opened['id']}"

    def _abort(self, job: str) -> None:
        with suppress(BridgeError):  # an open job dies by itself after a day
            self._api.once(Call("PATCH", job, "bulk", {"state": "Aborted"}))

    def _ended(self, job: str, refusal: Declined | None) -> Mapping[str, Any]:
        """The job when it has ended; asks ever less often, up to every five seconds."""
        waited, pause = 0.0, FIRST_POLL_S
        while waited < WAIT_MAX_S:
            self._clock.sleep(pause)
            waited += pause
            told: Mapping[str, Any] = self._api.json(Call("GET", job, "bulk", expects=("state",)))
            if told["state"] in _ENDED:
                return told
            if told["state"] == "Open":
                self._abort(job)
                raise refusal or Transient("Salesforce did not take the bulk job; its rows are sent again")
            pause = min(LONGEST_POLL_S, pause * 1.5)
        raise Transient("the bulk job takes longer than an hour; its rows are read again")

    def _results(self, sort: Sort, job: str, ended: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Told]:
        failed = int(ended.get("numberRecordsFailed") or 0)
        processed = int(ended.get("numberRecordsProcessed") or 0)
        whole = ended["state"] == "JobComplete" and processed == len(rows)
        if whole and not failed and sort.action is not Action.UPSERT:
            return {_name(sort, row): Told(row.id) for row in rows}
        told = {
            _result_name(sort, result): Told(id18(result["sf__Id"]), result.get("sf__Created", "") == "true")
            for result in self._listed(f"{job}/successfulResults/")
        }
        if failed or not whole:
            for result in self._listed(f"{job}/failedResults/"):
                told[_result_name(sort, result)] = Told(faults=(bulk_fault(result["sf__Error"]),))
        return told

    def _listed(self, path: str) -> Iterator[dict[str, str]]:
        return self._api.repeated(lambda: self._results_once(path))

    def _results_once(self, path: str) -> Iterator[dict[str, str]]:
        content = self._api.once(Call("GET", path, "bulk")).content
        if content and b"sf__Id" not in content.partition(b"\n")[0]:
            raise Transient("the results of a bulk job are not what they should be; they are asked for again")
        return csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))


def sheet(sort: Sort, rows: Sequence[Row], types: Mapping[str, str]) -> bytes:
    """The CSV of a job: the naming column first, then the fields in the order of the first row."""
    fields = [] if sort.action is Action.DELETE else list(rows[0].write.values)
    fields = [name for name in fields if name != sort.key]
    kinds = [types.get(name, "") for name in fields]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([sort.key or "Id", *fields])
    for row in rows:
        values = row.write.values
        cells = [csv_value(values[name], kind) for name, kind in zip(fields, kinds, strict=True)]
        writer.writerow([row.key_value or row.id, *cells])
    return out.getvalue().encode()


def _name(sort: Sort, row: Row) -> str:
    """What a row is recognised by in the results."""
    return row.key_value.casefold() if sort.action is Action.UPSERT else row.id


def _result_name(sort: Sort, result: Mapping[str, str]) -> str:
    if sort.action is Action.UPSERT:
        return (result.get(sort.key) or "").strip().casefold()
    return id18(result.get("Id") or result.get("sf__Id") or "")
