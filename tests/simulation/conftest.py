"""What every test of the oracle begins with: the evidence of a world in step, and two of its people."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.simulation.doctoring import world
from tests.simulation.oracle import Evidence


@pytest.fixture
def evidence() -> Evidence:
    return replace(world()[0], excused=Counter())


@pytest.fixture
def ada() -> str:
    return world()[1]


@pytest.fixture
def lead() -> str:
    return world()[2]
