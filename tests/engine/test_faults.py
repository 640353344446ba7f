"""A side that fails, limits or refuses us: nothing is lost, nothing spins, and whoever started the run hears of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised
from connector.storage import dirty
from tests.engine.town import Town


@pytest.fixture
def linked(town: Town) -> Town:
    town.contact(email="a@x.test")
    town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    (town.ada, town.lead_a) = town.links()[0]
    town.hubspot.edit(town.ada, jobtitle="CTO")
    return town


def _next_due(town: Town):
    with town.database.read() as conn:
        return dirty.next_due(conn)


@pytest.mark.parametrize("operation", ["read", "write"])
def test_a_limit_until_tomorrow_ends_the_run_and_keeps_the_work(linked: Town, operation: str) -> None:
    tomorrow = linked.clock.now() + timedelta(days=1)
    linked.salesforce.fail(operation, RateLimited("the day's calls are spent", tomorrow), times=1000)
    with pytest.raises(RateLimited, match="calls are spent"):
        linked.sync()
    assert linked.runs()[0].outcome == "cut short"
    assert _next_due(linked) == tomorrow
    linked.salesforce.faults.clear()
    linked.clock.at = tomorrow
    linked.sync()
    assert linked.salesforce.values(linked.lead_a)["Title"] == "CTO"


@pytest.mark.parametrize("operation", ["read", "write"])
def test_a_short_limit_is_waited_out(linked: Town, operation: str) -> None:
    linked.salesforce.fail(operation, RateLimited("slow down", linked.clock.now() + timedelta(seconds=30)), times=1)
    linked.sync()
    assert linked.salesforce.values(linked.lead_a)["Title"] == "CTO"


@pytest.mark.parametrize("operation", ["read", "write"])
def test_refused_credentials_end_the_run_at_once(linked: Town, operation: str) -> None:
    linked.salesforce.fail(operation, Unauthorised("the token was revoked"), times=1000)
    with pytest.raises(Unauthorised):
        linked.sync()
    assert linked.salesforce.calls[operation] <= 3
    linked.salesforce.faults.clear()
    linked.clock.sleep(60)
    linked.sync()
    assert linked.salesforce.values(linked.lead_a)["Title"] == "CTO"


def test_a_side_that_keeps_failing_is_told_after_our_patience(linked: Town) -> None:
    linked.salesforce.fail("write", Transient("the line broke"), times=1000)
    with pytest.raises(Transient, match="line broke"):
        linked.sync()
    assert linked.dirty() == 1


def test_a_call_that_is_declined_ends_the_run_and_keeps_the_work(linked: Town) -> None:
    linked.salesforce.fail("read", Refused("Salesforce declines the call"), times=1)
    with pytest.raises(Refused):
        linked.sync()
    linked.sync()
    assert linked.salesforce.values(linked.lead_a)["Title"] == "CTO"


@pytest.mark.parametrize("fault", [Unauthorised("revoked"), None])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_first_sync_that_may_not_write_on_is_owed_in_full(
    town: Town, fault: BridgeError | None, threads: int
) -> None:
    fault = fault or RateLimited("spent", town.clock.now() + timedelta(days=1))
    for number in range(120):
        town.contact(email=f"p{number}@x.test")
    town.salesforce.fail("write", fault, times=1000)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        town.bridge = replace(town.bridge, executor=pool if threads else None)
        with pytest.raises(type(fault)):
            town.sync()
        assert town.salesforce.calls["write"] <= 2
        town.salesforce.faults.clear()
        town.clock.sleep(86_400)
        town.sync()
    assert len(town.salesforce.live("Lead")) == len(town.links()) == 120
    assert town.dirty() == 0


@pytest.mark.parametrize("operation", ["scan", "changes"])
@pytest.mark.parametrize("threads", [0, 1, 2, 8])
def test_a_scan_that_breaks_ends_the_run_without_hanging(town: Town, operation: str, threads: int) -> None:
    town.hubspot.page = town.salesforce.page = 1
    for number in range(40):
        town.contact(email=f"p{number}@x.test")
        town.lead(Email=f"q{number}@x.test", LastName="Q")
    town.salesforce.fail(operation, Transient("the line broke"))
    with ThreadPoolExecutor(max(1, threads)) as pool:
        town.bridge = replace(town.bridge, executor=pool if threads else None)
        with pytest.raises(Transient):
            town.sync()
        town.sync()
    assert len(town.links()) == 80


def test_an_unknown_outcome_in_a_full_pass_is_looked_at_again_after_a_pause(town: Town) -> None:
    town.contact(email="a@x.test")
    town.salesforce.fail("write", Transient("the line broke"), times=3, after_commit=True)
    town.sync()
    assert len(town.links()) == 1
    assert town.dirty() == 0
