"""The matrix of faults: what HubSpot is asked when an installation is opened."""

from __future__ import annotations

import pytest

from connector.core.refs import Side
from tests.faults.matrix import cells, every_fault_is_told_and_then_made_good
from tests.faults.paths import Path
from tests.faults.scenes import Scene


@pytest.mark.parametrize(("scene", "path"), cells(Side.HUBSPOT, opening=True))
def test_every_fault_is_told_and_then_made_good(scene: Scene, path: Path) -> None:
    every_fault_is_told_and_then_made_good(scene, path)
