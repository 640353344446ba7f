"""How many API calls a plan will cost, by each side's batch sizes.

HubSpot takes 100 records a call (fact sheet 2.1); Salesforce 200 a collections call, or about ten calls a Bulk job of
up to 10,000 rows from `bulk_from_rows` on (fact sheet 2.5). A forecast counts full batches, so it is a floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.core.refs import Side

HUBSPOT_BATCH, SALESFORCE_BATCH, BULK_ROWS, BULK_CALLS = 100, 200, 10_000, 10
SALESFORCE_PAGE = 2_000  # rows of a listing


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls that some work takes, by side."""

    hubspot: int
    salesforce: int

    def of(self, side: Side) -> int:
        """The calls of one side."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(self.hubspot + other.hubspot, self.salesforce + other.salesforce)


def forecast(counts: Mapping[str, int], bulk_from_rows: int) -> Forecast:
    """The calls that these counts (of a run: created_hubspot, updated_salesforce, ...) will take to write."""
    hubspot = sum(_ceil(counts.get(f"{act}_hubspot", 0), HUBSPOT_BATCH) for act in ("created", "updated", "archived"))
    hubspot += _ceil(counts.get("created_salesforce", 0), HUBSPOT_BATCH)  # each learns the other's id
    salesforce = sum(
        _salesforce(counts.get(f"{act}_salesforce", 0), bulk_from_rows) for act in ("created", "updated", "archived")
    )
    salesforce += _salesforce(counts.get("created_hubspot", 0), bulk_from_rows)
    return Forecast(hubspot, salesforce)


def scanning(people: int) -> Forecast:
    """The calls that reading everybody takes on both sides."""
    return Forecast(_ceil(people, HUBSPOT_BATCH), _ceil(people, SALESFORCE_PAGE))


def _salesforce(rows: int, bulk_from_rows: int) -> int:
    return _ceil(rows, BULK_ROWS) * BULK_CALLS if rows >= bulk_from_rows else _ceil(rows, SALESFORCE_BATCH)


def _ceil(rows: int, size: int) -> int:
    return -(-rows // size)
