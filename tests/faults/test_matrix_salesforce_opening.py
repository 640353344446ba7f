"""The matrix of faults: what Salesforce is asked when an installation is opened, and by a first sync."""

from __future__ import annotations

import pytest

from connector.core.refs import Side
from tests.faults.matrix import cells, every_fault_is_told_and_then_made_good, first_sync
from tests.faults.paths import Path
from tests.faults.scenes import Scene


@pytest.mark.parametrize(("scene", "path"), cells(Side.SALESFORCE, opening=True))
def test_every_fault_is_told_and_then_made_good(scene: Scene, path: Path) -> None:
    every_fault_is_told_and_then_made_good(scene, path)


@pytest.mark.parametrize("last", ["salesforce 404", "salesforce 405-html", "salesforce other-shape"])
def test_what_only_a_first_sync_asks_may_fail_in_every_way_too(last: str) -> None:
    first_sync(last)
