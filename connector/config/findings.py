"""What a look at the live CRMs found about the configuration: worth stopping for, worth knowing, or by the way.

A finding is no `Problem`: the files are right in themselves, and what does not fit may be mended on either end, in YAML
or in the CRM. Work goes on with whatever fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters."""

    ERROR = "error"  # the rule or mapping cannot work; it sleeps until mended
    WARNING = "warning"  # some values or records will wait for a person
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how bad, where in YAML, and what to do. `line` is 0 where there is none."""

    severity: Severity
    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} {self.key}: {self.message}" if self.key else f"{where}: {self.message}"
