"""On PostgreSQL: a death at every point that leaves something new; its connections break."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crashes.conftest import Staged
from tests.crashes.matrix import dies_everywhere, least
from tests.crashes.stories import STORIES, Story


@pytest.mark.parametrize("kind", STORIES)
def test_a_death_at_any_point_loses_and_doubles_nothing(
    kind: type[Story], staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    stage = staged(kind, "postgres")
    deaths = dies_everywhere(stage, stage.points(durable=True))
    record_property("crash points", deaths)
    assert deaths >= least(kind, durable=True)
