"""What tests of the service share: a town on PostgreSQL in which crews of workers work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.service.crews import Place


@pytest.fixture
def place(new_database_url: Callable[[str], str]) -> Iterator[Place]:
    place = Place(new_database_url("postgres"))
    yield place
    place.database.close()
