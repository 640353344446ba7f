"""Bulk jobs and where they stand.

Open -> UploadComplete -> InProgress -> JobComplete, Failed or Aborted. A job belongs to the API version it was made
with, and its results are kept for a week. (Salesforce fact sheet 2.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.salesforce.fields import Field, Row
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.table import Table

BATCH_ROWS = 10_000
FINISHED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(slots=True)
class Job:
    """One bulk job, ingest or query. Times in epoch seconds."""

    id: str
    kind: str
    version: int
    user_id: str
    made: float
    created: str
    operation: str
    sobject: str = ""
    table: Table | None = None
    key: Field | None = None
    line_ending: str = "LF"
    delimiter: str = "COMMA"
    assignment_rule: str | None = None
    query: str = ""
    state: str = "Open"
    content: bytes | None = None
    due: float = 0.0
    error: str = ""
    header: list[str] = field(default_factory=list)
    succeeded: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    cells: Any = None

    def told(self) -> dict[str, Any]:
        """The job as GET tells it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.sobject,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }


class Jobs:
    """All jobs of the org."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self.batches_used = 0

    def add(self, job: Job) -> None:
        """Take a new job in."""
        self._jobs[job.id] = job

    def remove(self, job: Job) -> None:
        """Forget a job."""
        del self._jobs[job.id]

    def find(self, job_id: str, kind: str, version: int) -> Job:
        """The job of that id. Raises Refusal NOT_FOUND, or 409 when it belongs to another API version."""
        job = self._jobs.get(job_id)
        if job is None or job.kind != kind:
            raise not_found()
        if job.version != version:
            text = (
                f"The job was created with API version {job.version}.0 and must be used with it, not with {version}.0"
            )
            raise Refusal("API_ERROR", text, http=409)
        return job

    def expire(self, now: float, retention_s: float) -> None:
        """Forget jobs older than the retention."""
        for job in [job for job in self._jobs.values() if now - job.made > retention_s]:
            del self._jobs[job.id]

    def all(self, kind: str) -> list[Job]:
        """Every job of one kind, oldest first."""
        return [job for job in self._jobs.values() if job.kind == kind]
