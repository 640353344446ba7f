"""An erased person leaves nothing behind, on any database, not even in the free pages of its file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.engine import apply, commands, sweep, sync
from connector.storage import tables
from tests.engine.town import Town

SECRETS = ("ada.byron", "Enchantress")


@pytest.fixture(params=["file", "postgres"])
def town(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> Town:
    made = Town(new_database_url(request.param))
    yield made
    made.database.close()


def _kept(town: Town) -> bytes:
    """Everything that every table holds."""
    with town.database.read() as conn:
        rows = [row for table in tables.metadata.sorted_tables for row in conn.execute(text(f"SELECT * FROM {table}"))]
    return b"".join(
        value if isinstance(value, bytes) else bytes(value) if isinstance(value, memoryview) else str(value).encode()
        for row in rows
        for value in row
    )


def _files(town: Town) -> bytes:
    path = town.database._engine.url.database
    if town.database.dialect != "sqlite" or path is None:
        return b""
    return b"".join(file.read_bytes() for file in Path(path).parent.glob("bridge.db*"))


def _live_through(town: Town):
    """A contact and a lead who were linked, refused, edited, quarrelled over, and in a sweep that crashed."""
    contact = town.contact(email="ada.byron@x.test", jobtitle="Enchantress")
    lead = town.lead(Email="ada.byron@x.test", LastName="Byron")
    other = town.contact(email="other@x.test")
    town.sync()
    town.sync()
    town.hubspot.edit(contact, jobtitle="Enchantress of Numbers")
    town.salesforce.edit(lead, Title="Enchantress at large")
    town.sync()
    crashed = sync.start(town.bridge, "full", "a test")
    sweep.fill(town.bridge, crashed.id)
    assert all(secret.encode() in _kept(town) for secret in SECRETS)
    return contact, lead, other


def test_nothing_personal_stays_of_who_was_erased_in_hubspot(town: Town) -> None:
    contact, lead, other = _live_through(town)
    town.hubspot.erase(contact)
    town.sync()
    kept = _kept(town) + _files(town)
    assert [secret for secret in SECRETS if secret.encode() in kept] == []
    assert [here for here, _ in town.links()] == [other]
    assert [one.issue.refs[0] for one in town.issues()] == [lead]


def test_nothing_personal_stays_of_who_was_forgotten(town: Town) -> None:
    contact, lead, _ = _live_through(town)
    town.hubspot.erase(contact)
    town.salesforce.erase(lead)
    commands.forget(town.bridge, lead)
    kept = _kept(town) + _files(town)
    assert [secret for secret in SECRETS if secret.encode() in kept] == []
    town.contact(email="ADA.byron@x.test")
    town.sync()
    assert len(town.salesforce.live("Lead")) == 1


def test_what_a_crashed_sweep_left_goes_with_the_next_one_after_a_day(town: Town) -> None:
    _live_through(town)
    town.clock.sleep(2 * 86_400)
    town.sync("full")
    with town.database.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM spool")).scalar() == 0
        assert conn.execute(text("SELECT count(*) FROM spool_marks")).scalar() == 0


@pytest.mark.parametrize("frozen", ["hubspot.read_many", "salesforce.read_many", "salesforce.write"])
def test_who_slept_while_somebody_was_erased_writes_nothing_of_them_down(
    town: Town, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has read the person, or written to them already, when another one is told to forget them."""
    contact = town.contact(email="ada.byron@x.test", jobtitle="Enchantress")
    if frozen.endswith("read_many"):
        town.sync()
        town.hubspot.edit(contact, jobtitle="Enchantress of Numbers")
    side, operation = frozen.split(".")
    crm = getattr(town, side)
    call = getattr(crm, operation)

    def sleeping(*args: object) -> object:
        answer = [*call(*args)]
        monkeypatch.setattr(crm, operation, call)
        town.hubspot.erase(contact)
        commands.forget(town.bridge, contact)
        return answer

    kept: list[bytes] = []
    conclude = apply._conclude

    def looking(*args: object) -> None:
        conclude(*args)
        kept.append(_kept(town))

    monkeypatch.setattr(crm, operation, sleeping)
    monkeypatch.setattr(apply, "_conclude", looking)
    town.sync()
    assert [secret for secret in SECRETS if any(secret.encode() in each for each in kept[-2:])] == []
    assert town.links() == []
    asked = [one.issue.refs for one in town.issues()]
    assert asked == ([(lead,) for lead in town.salesforce.live("Lead")] if operation == "write" else [])
    assert len(town.salesforce.live("Lead")) == 1
