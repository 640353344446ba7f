"""The town every engine test plays in: on a store in memory, or, where a module asks for it, on every kind of store."""

from collections.abc import Callable, Iterator

import pytest

from tests.engine.agreeing import agree
from tests.engine.town import Town


@pytest.fixture
def kind() -> str:
    """The kind of store; a module whose tests depend on what databases do overrides it with all of them."""
    return "memory"


@pytest.fixture
def town(kind: str, new_database_url: Callable[[str], str]) -> Iterator[Town]:
    town = Town(new_database_url(kind))
    yield town
    town.database.close()


@pytest.fixture
def agreed(town: Town) -> Town:
    """Both teams agreed on the small definition."""
    agree(town)
    return town
