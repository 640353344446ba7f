"""A store that an earlier version left is brought up to date with all it holds, and work goes on as if nothing were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.storage import journeys, links
from connector.storage.database import migrate, open_database
from tests.engine.agreeing import agree, both, hand_over
from tests.engine.town import Town
from tests.storage.older_stores import OLDER, at_revision


@pytest.mark.parametrize("its_kind", ["file", "postgres"])
@pytest.mark.parametrize("revision", OLDER)
def test_an_older_store_keeps_all_it_knows_and_the_next_sync_goes_on(
    town: Town, new_database_url: Callable[[str], str], its_kind: str, revision: str
) -> None:
    agree(town)
    contact, lead = both(town, life="lead")
    hand_over(town, contact)
    other = town.contact(email="bob@x.com", lastname="Bobson")
    town.once()
    with town.database.read() as conn:
        before = links.page(conn, 0, 10), journeys.of_refs(conn, [contact, lead])
    url = new_database_url(its_kind)
    at_revision(url, revision, town.database)
    upgraded = open_database(url)
    migrate(upgraded)
    assert upgraded.problem() is None
    with upgraded.read() as conn:
        assert (links.page(conn, 0, 10), journeys.of_refs(conn, [contact, lead])) == before
    town.bridge = replace(town.bridge, database=upgraded)
    written = town.writes()
    assert town.sync("full").counts["considered"] >= 2
    assert town.writes() == written, "both sides are in step already"
    town.hubspot.edit(contact, lastname="Archer-Smith")
    new = town.contact(email="cy@x.com", lastname="Cyrus")
    town.once()
    assert town.salesforce.rows[lead].values["LastName"] == "Archer-Smith"
    with upgraded.read() as conn:
        found = links.by_refs(conn, [contact, other, new])
        assert set(found) == {contact, other, new}
        assert len({link.id for link in found.values()}) == 3
    upgraded.close()
