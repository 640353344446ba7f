"""One installation with one sandbox for each file of tests; and stores with journeys and no CRM at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import Desk, desk
from tests.cli.desk_of_journeys import Archive, archive


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An empty HubSpot, an empty Salesforce, and a fresh configuration."""
    with desk(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Archive]:
    """The shipped files and an empty store that follows the lifecycle."""
    with archive(tmp_path) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of this test alone."""
    return tmp_path
