"""Two lanes: people who wait for a rep's call go first; everything else takes what is left."""

from __future__ import annotations

from enum import StrEnum


class Lane(StrEnum):
    """Whose call it is, for the throttle and the day's budget."""

    HOT = "hot"  # a lead inside its SLA: may use the reserve
    BULK = "bulk"
