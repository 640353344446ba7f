"""HubSpot's answers that are JSON of another shape, pages, or contradict each other: asked again, never believed."""

import pytest

from connector.core.readings import Presence
from connector.errors import Refused, Transient
from connector.hubspot.tokens import OAuthToken
from connector.ports import Done, Unsure, Write
from tests.contract.hubspot_side import answer, scripted
from tests.contract.hubspot_words import VIEW, contact, done
from tests.transport.clocks import ManualClock

STRANGE = [answer(200, {"unexpected": [1, {"two": 3}]}), answer(200, []), answer(200, "later")]
NOBODY = answer(404, {"status": "error", "message": "resource not found"})
PAGE = answer(404, b"<html>not here</html>", **{"Content-Type": "text/html"})
ACCOUNT = {"portalId": 1234567, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD"}
ONE = "GET /crm/v3/objects/contacts/1"


@pytest.mark.parametrize("strange", STRANGE)
def test_a_single_read_of_another_shape_is_no_merged_record(strange):
    with scripted() as (script, crm):
        script.on("batch/read", done()).on(ONE, strange, NOBODY)
        (reading,) = crm.read(VIEW, ["1"])
        assert (reading.presence, reading.moved_to) == (Presence.MISSING, None)
        script.on(ONE, strange)
        with pytest.raises(Transient):
            crm.read(VIEW, ["1"])


@pytest.mark.parametrize("strange", STRANGE)
def test_an_account_of_another_shape_is_asked_again(strange):
    with scripted() as (script, crm):
        script.on("account-info", strange, answer(200, ACCOUNT))
        assert crm.account().id == "1234567"


@pytest.mark.parametrize("strange", STRANGE)
def test_a_token_of_another_shape_is_asked_for_again(strange):
    clock = ManualClock()
    with scripted(clock=clock, tokens=OAuthToken("client", "secret", "na1-refresh", clock)) as (script, crm):
        granted = answer(200, {"access_token": "access-1", "refresh_token": "na1-refresh", "expires_in": 1800})
        script.on("account-info", answer(200, ACCOUNT)).on("oauth", strange, granted)
        assert crm.account().id == "1234567"
        assert script.asked[-1][1].headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize("struck", ["batch/read$", r"batch/read\?archived", ONE])
def test_a_page_with_404_says_of_nobody_that_he_is_gone(struck):
    with scripted() as (script, crm):
        script.on("batch/read", done()).on(ONE, NOBODY).on(struck, PAGE)
        with pytest.raises(Refused):
            crm.read(VIEW, ["1"])


def test_a_record_that_is_there_and_is_not_is_asked_about_again():
    with scripted() as (script, crm):
        script.on("batch/read", done()).on(ONE, answer(200, {"id": "1", "properties": {}}))
        with pytest.raises(Transient, match="contradict"):
            crm.read(VIEW, ["1"])


@pytest.mark.parametrize("strange", STRANGE)
def test_an_archiving_answered_with_something_else_is_not_done(strange):
    with scripted() as (script, crm):
        script.on("batch/archive", strange, answer(204))
        writes = [Write(contact(1), archive=True)]
        assert [type(each) for each in crm.write(VIEW, writes)] == [Unsure]
        assert crm.write(VIEW, writes) == [Done(contact(1))]


@pytest.mark.parametrize(("status", "told"), [(400, False), (409, True), (413, True), (404, False), (405, False)])
def test_a_refused_list_of_archived_records_is_told_unless_there_is_none(status, told):
    with scripted() as (script, crm):
        script.on("account-info", answer(200, ACCOUNT)).on("search", done()).on(
            "archived=true", answer(status, {"message": "no"})
        )
        begun = crm.changes([VIEW], None, lambda *_: 0).cursor
        if told:
            with pytest.raises(Refused):
                crm.changes([VIEW], begun, lambda *_: 0)
        else:
            assert list(crm.changes([VIEW], begun, lambda *_: 0).readings) == []
