"""Longer troubles: a token revoked in mid-job, and a storm of 401."""

from __future__ import annotations

import pytest

from connector.core.refs import Side
from connector.errors import Unauthorised
from connector.sandbox.services import Fault
from tests.faults.gate import Call, Strike, of_the_api, on
from tests.faults.kinds import KINDS
from tests.faults.scenes import Scene, arrivals
from tests.faults.trial import trial
from tests.misbehaviour.moods import FLOWS, OAUTH
from tests.misbehaviour.storms import status

EVERYDAY = Scene("everyday", (), arrivals)


REFUSALS = {Side.HUBSPOT: KINDS["hubspot 401"].fault, Side.SALESFORCE: KINDS["salesforce 401-policy"].fault}


QUIET = 10  # calls of a side that refuses us: those under way already, and one with a token brought anew


def throughout(side: Side, fault: Fault) -> Strike:
    return lambda call: fault if of_the_api(side, call) else None


@pytest.mark.parametrize("side", Side)
def test_a_storm_of_401_stops_a_side_quietly_and_loses_no_edit_of_either(side: Side) -> None:
    with trial(EVERYDAY, 4) as played:
        for _ in range(3):
            played.act()
            error = played.run(throughout(side, REFUSALS[side]))
            assert isinstance(error, Unauthorised), repr(error)
            assert played.gate.calls(side) <= QUIET, dict(played.gate.names)
            played.stage.clock.advance(600)
        played.recover()
        played.end()


def test_an_access_token_of_oauth_that_expires_in_mid_run_is_renewed_unnoticed() -> None:
    with trial(Scene("oauth", (), arrivals, settings=OAUTH), 4) as played:
        assert played.run() is None  # signed in
        for name in ("hubspot search", "hubspot batch read", "hubspot batch upsert", "hubspot batch update"):
            played.act()
            assert played.run(on(name, [KINDS["hubspot 401-expired"].fault], times=1)) is None
            assert (played.gate.struck, played.gate.names["hubspot token"]) == (1, 1), name
            played.recover()
        played.end()


def test_an_app_of_oauth_that_is_uninstalled_asks_for_a_new_installation() -> None:
    refused = {"status": "BAD_REFRESH_TOKEN", "message": "refresh token is invalid", "error": "invalid_grant"}
    gone = Fault(**status("hubspot", 400, content=refused))
    expired = KINDS["hubspot 401-expired"].fault

    def uninstalled(call: Call) -> Fault | None:
        return None if call.side is Side.SALESFORCE else gone if call.name == "hubspot token" else expired

    with trial(Scene("oauth", (), arrivals, settings=OAUTH), 4) as played:
        for _ in range(2):
            played.act()
            error = played.run(uninstalled)
            assert isinstance(error, Unauthorised)
            assert "put the new refresh token into config.yaml" in str(error)
            assert played.gate.calls(Side.HUBSPOT) <= QUIET
        played.recover()
        played.end()


@pytest.mark.parametrize("flow", FLOWS)
def test_a_session_that_expires_in_mid_run_is_renewed_unnoticed(flow: str) -> None:
    with trial(Scene(flow, (), arrivals, settings=FLOWS[flow]), 4) as played:
        assert played.run() is None  # signed in
        for name in ("salesforce composite", "salesforce collections upsert", "salesforce collections update"):
            played.act()
            assert played.run(on(name, [KINDS["salesforce 401"].fault], times=1)) is None
            assert (played.gate.struck, played.gate.names["salesforce login"]) == (1, 1), name
            played.recover()
        played.end()


GRANTS = (
    "invalid_client_id",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "inactive_user",
    "inactive_org",
)


@pytest.mark.parametrize("flow", ["refresh token", "client credentials"])
def test_a_grant_that_salesforce_takes_back_in_mid_job_is_told_to_a_person(flow: str) -> None:
    expired = KINDS["salesforce 401"].fault

    def revoked(word: str) -> Strike:
        content = {"error": word, "error_description": "expired access/refresh token"}
        gone = Fault(**status("salesforce", 400, content=content))
        begun = "salesforce composite"  # the poll still answers; then the session ends, and no other is given

        def strike(call: Call) -> Fault | None:
            if call.side is Side.HUBSPOT or call.name == begun:
                return None
            return gone if call.name == "salesforce login" else expired

        return strike

    with trial(Scene(flow, (), arrivals, settings=FLOWS[flow]), 4) as played:
        for word in GRANTS:
            played.act()
            error = played.run(revoked(word))
            assert isinstance(error, Unauthorised), f"{word}: {error!r}"
            assert f"Salesforce refuses our credentials: {word}" in str(error)
            assert played.gate.struck <= QUIET * 2, dict(played.gate.names)
            played.lift()
        played.recover()
        played.end()
