"""What is agreed on comes into force with a run, and every edition of what was promised is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.agreed import Live, agreed
from connector.config.init import write_starter
from connector.config.load import Loaded, load
from connector.core.policy import Edition
from connector.core.refs import Side, hubspot
from connector.engine import commands
from connector.errors import Refused
from connector.storage import editions, timers
from connector.storage.editions import StoredEdition
from tests.engine.agreeing import agree
from tests.engine.town import Town, store

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRETS = {"HUBSPOT_TOKEN": "x", "SALESFORCE_CLIENT_SECRET": "y"}
UNKNOWN = Live(None, None)


def promise(town: Town, version: str, *, open_too: bool = False) -> None:
    """sla.yaml says so now."""
    agreed_on = town.bridge.agreement
    assert agreed_on is not None
    kept = tuple(Edition(one.version, one.since, {}, one.open_too) for one in stored(town))
    latest = () if kept and kept[-1].version == version else (Edition(version, town.clock.now(), {}, open_too),)
    town.bridge = replace(town.bridge, agreement=replace(agreed_on, book=kept + latest), promises=f"body of {version}")


def stored(town: Town) -> list[StoredEdition]:
    with town.database.read() as conn:
        return editions.all(conn)


def followed_since(town: Town) -> datetime | None:
    with town.database.read() as conn:
        return editions.followed_since(conn)


def test_the_lifecycle_is_followed_since_the_first_run_that_knew_it(town: Town) -> None:
    agree(town, since=NOW)
    assert followed_since(town) is None
    town.once()
    agree(town, since=NOW + HOUR)
    town.once()
    assert followed_since(town) == NOW


def test_an_edition_is_in_force_from_the_first_run_on_and_kept_once(town: Town) -> None:
    agree(town)
    promise(town, "v1")
    since = town.bridge.agreement.book[-1].since
    town.once()
    promise(town, "v1")
    town.once()
    (one,) = stored(town)
    assert (one.version, one.since, one.open_too, one.body) == ("v1", since, False, "body of v1")


def test_another_edition_follows_and_everybody_with_a_clock_is_looked_at_again(town: Town) -> None:
    agree(town)
    promise(town, "v1")
    town.once()
    contact = hubspot("contacts", "1")
    with town.database.begin() as conn:
        timers.put(conn, {contact: town.clock.now() + HOUR})
    promise(town, "v2", open_too=True)
    town.once()
    assert [(one.version, one.open_too) for one in stored(town)] == [("v1", False), ("v2", True)]
    with town.database.read() as conn:
        assert timers.next_due(conn) is None


def test_a_person_lets_todays_promises_be_in_force_for_open_clocks_too(town: Town) -> None:
    agree(town)
    promise(town, "v1")
    town.once()
    commands.adopt_edition(town.bridge, "anne", open_too=True)
    assert [(one.version, one.open_too) for one in stored(town)] == [("v1", False), ("v1", True)]
    town.once()
    assert len(stored(town)) == 2


def test_where_nothing_is_promised_nothing_can_be_put_in_force(town: Town) -> None:
    agree(town)
    with pytest.raises(Refused, match="nothing is promised"):
        commands.adopt_edition(town.bridge, "anne", open_too=False)
    town.bridge = replace(town.bridge, agreement=None)
    with pytest.raises(Refused, match="nothing is promised"):
        commands.adopt_edition(town.bridge, "anne", open_too=False)


def test_a_persona_that_is_none_is_refused(town: Town) -> None:
    agree(town)
    with pytest.raises(Refused, match=r"no persona 'king' \(buyer, user\)"):
        commands.name_persona(town.bridge, hubspot("contacts", "1"), "king", "anne")
    agree(town, personas=None)
    with pytest.raises(Refused, match=r"none without personas\.yaml"):
        commands.name_persona(town.bridge, hubspot("contacts", "1"), "buyer", "anne")


# From the files.


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """An installation as `smarketing init` leaves it."""
    write_starter(tmp_path)
    return tmp_path


def loaded(folder: Path) -> Loaded:
    return load(folder / "config.yaml", SECRETS)


def test_the_shipped_files_are_agreed_on_from_the_first_look(shipped: Path) -> None:
    database = store("sqlite://")
    made = agreed(loaded(shipped), database, UNKNOWN, NOW)
    assert made.agreement is not None
    assert made.agreement.since == NOW
    assert [(one.since, bool(one.policies)) for one in made.agreement.book] == [(NOW, True)]
    told = made.agreement.sla_fields.state
    assert told[Side.SALESFORCE] in made.agreement.definition.watched[Side.SALESFORCE, "Lead"]
    database.close()


def test_without_a_lifecycle_nothing_is_agreed_on(shipped: Path) -> None:
    (shipped / "mappings" / "lifecycle.yaml").unlink()
    database = store("sqlite://")
    made = agreed(loaded(shipped), database, UNKNOWN, NOW)
    assert (made.agreement, made.promises) == (None, "")
    database.close()


def test_what_was_promised_before_stays_in_the_book_as_it_was(shipped: Path) -> None:
    database = store("sqlite://")
    first = agreed(loaded(shipped), database, UNKNOWN, NOW)
    with database.begin() as conn:
        editions.put(conn, first.agreement.book[0].version, first.promises, NOW)
    sla = shipped / "mappings" / "sla.yaml"
    sla.write_text(sla.read_text().replace("target: 4 business_hours", "target: 2 business_hours"))
    later = agreed(loaded(shipped), database, UNKNOWN, NOW + HOUR)
    assert [(one.version, one.since) for one in later.agreement.book] == [
        (first.agreement.book[0].version, NOW),
        (later.agreement.book[1].version, NOW + HOUR),
    ]
    assert later.agreement.book[0].policies.keys() == first.agreement.book[0].policies.keys()
    assert later.promises != first.promises
    sla.unlink()
    ended = agreed(loaded(shipped), database, UNKNOWN, NOW + 2 * HOUR)
    assert [(one.since, bool(one.policies)) for one in ended.agreement.book] == [(NOW, True), (NOW + 2 * HOUR, False)]
    database.close()


def test_an_edition_nobody_understands_any_more_is_left_out_and_shown(shipped: Path) -> None:
    database = store("sqlite://")
    with database.begin() as conn:
        editions.put(conn, "old", '{"sla": {"since": "long ago"}}', NOW)
    made = agreed(loaded(shipped), database, UNKNOWN, NOW + HOUR)
    assert [one.since for one in made.agreement.book] == [NOW + HOUR]
    assert ["old" in finding.message for finding in made.findings] == [True]
    database.close()
