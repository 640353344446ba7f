"""Housekeeping puts away who can no longer be signed in, and failed sign-ins that no longer count."""

from __future__ import annotations

from datetime import timedelta

from connector.engine.doing import DUTIES
from connector.engine.duties import HOUSEKEEPING, Work
from connector.engine.stretch import Stretch
from connector.storage import attempts, sessions
from connector.storage.attempts import Failed
from connector.storage.sessions import Session
from tests.engine.town import Town

DAY = timedelta(days=1)


def test_sessions_and_failed_sign_ins_that_are_over_are_forgotten(town: Town):
    now = town.clock.now()
    with town.database.begin() as conn:
        sessions.begin(conn, Session("dead", "ada", now - 31 * DAY, now - 31 * DAY))
        sessions.begin(conn, Session("live", "ada", now - 29 * DAY, now - DAY))
        attempts.put(conn, {"name:0001": Failed(7, now - 2 * DAY), "name:0002": Failed(7, now)})
    keep_house = next(one.act for one in DUTIES if one.name == HOUSEKEEPING)
    assert keep_house(Work(town.bridge, Stretch(town.bridge, "a test")), now, {}).did == 2
    with town.database.begin() as conn:
        assert [one.key for one in sessions.of_user(conn, "ada")] == ["live"]
        assert list(attempts.held(conn, ["name:0001", "name:0002"])) == ["name:0002"]
