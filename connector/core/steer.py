"""All that follows for one person from the agreement, their journey and two fresh readings.

Pure; the engine carries it out.

First what the readings say that the journey does not (`observing`), then what follows from it (`deciding`), again and
again until nothing new does; then what the SLA sets off, and at last what each side shall say (`wishes`).
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.core.journey import Entry
from connector.core.steered import Agreement, Choose, Now, Steered


def steer(agreement: Agreement, journey: Sequence[Entry], readings: Now, choose: Choose) -> Steered:
    """What follows now.

    Args:
        agreement: in force now.
        journey: the entries of all records the person has and had, in order (`course.in_order`).
        readings: the two records as they are.
        choose: who of a pool is next.
    """
    del agreement, journey, readings, choose
    return Steered()
