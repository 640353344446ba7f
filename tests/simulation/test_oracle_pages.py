"""The reading copy is judged by the oracle, and can be wrong."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, update

from connector.storage.admin_tables import passes, people
from tests.engine.agreeing import agree, both
from tests.engine.town import Town
from tests.simulation.doctoring import world, wrong
from tests.simulation.oracle.shelves import misshelved


def test_what_is_wrong_with_the_pages_is_told() -> None:
    evidence, *_ = world()
    assert wrong(evidence, "pages") == []
    assert len(wrong(replace(evidence, misshelved=("somebody is not there",)), "pages")) == 1


def test_a_stay_a_row_or_a_word_that_is_lost_is_found() -> None:
    town = Town()
    agree(town)
    contact, _ = both(town, life="lead")
    assert misshelved(town.bridge) == []
    with town.database.begin() as conn:
        conn.execute(delete(passes))
    assert "stays" in misshelved(town.bridge)[0]
    with town.database.begin() as conn:
        conn.execute(update(people).values(digest=1))
    assert "told otherwise" in misshelved(town.bridge)[0]
    with town.database.begin() as conn:
        conn.execute(delete(people))
    assert misshelved(town.bridge) == [f"{contact} is not there"]
