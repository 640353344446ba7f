"""The town every engine test plays in."""

import pytest

from tests.engine.town import Town


@pytest.fixture
def town() -> Town:
    return Town()
