"""Every operation of the API, reads first."""

from __future__ import annotations

from typing import Final

from connector.admin.api import acts, numbers, reads, taking_back
from connector.admin.api.operations import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *reads.OPERATIONS,
    *numbers.OPERATIONS,
    *acts.OPERATIONS,
    *taking_back.OPERATIONS,
)
