"""What a page of HubSpot's journal tells, as the duty keeps it."""

import orjson
import pytest

from connector.core.refs import Side, hubspot
from webhooks.journal import events

PORTAL = "1234567"


def told(*found, sweep="", unreadable="", portal=PORTAL):
    page = {"journalEvents": found, "sweep": sweep, "unreadable": unreadable}
    return events(portal, {}, orjson.dumps(page))


def event(action="UPDATE", **more):
    return {"type": "OBJECT", "action": action, "portalId": 1234567, "objectTypeId": "0-1", "objectId": 33451, **more}


@pytest.mark.parametrize(
    "action", ["CREATE", "UPDATE", "DELETE", "RESTORE", "SNAPSHOT", "ADDED_TO_LIST", "REMOVED_FROM_LIST"]
)
def test_every_action_on_an_object_says_to_look_at_it(action):
    found = told(event(action))
    assert [ref for ref, _ in found.look_at] == [hubspot("contacts", "33451")]
    assert found.look_at[0][1].startswith("journal, object.")
    assert (found.sweep, found.unknown, found.erased) == ((), (), ())


def test_a_merge_tells_of_all_who_took_part():
    merge = event("MERGE", primaryObjectId=33451, mergedObjectIds=[33460], newObjectId=33470, objectId=33470)
    assert {ref.id for ref, _ in told(merge).look_at} == {"33451", "33460", "33470"}


@pytest.mark.parametrize("action", ["ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"])
def test_an_association_tells_of_both_ends_by_word_or_by_type(action):
    ends = {"fromObjectId": 1, "toObjectId": 2}
    both = {hubspot("contacts", "1"), hubspot("companies", "2")}
    by_word = event(action, associationType="CONTACT_TO_COMPANY", **ends)
    by_type = event(action, fromObjectTypeId="0-1", toObjectTypeId="0-2", **ends)
    assert {ref for ref, _ in told(by_word).look_at} == both
    assert {ref for ref, _ in told(by_type).look_at} == both


def test_a_privacy_deletion_erases():
    found = told(event("GDPR_DELETE", type="GDPR_PRIVACY_DELETION"))
    assert found.erased == (hubspot("contacts", "33451"),)


def test_an_object_nobody_has_a_name_for_keeps_its_own():
    assert told(event(objectTypeId="2-98765")).look_at[0][0] == hubspot("2-98765", "33451")


@pytest.mark.parametrize(
    ("strange", "words"),
    [
        (event("APP_UNINSTALL", type="APP_LIFECYCLE_EVENT"), "APP_LIFECYCLE_EVENT.APP_UNINSTALL"),
        (event("TELEPORTED"), "OBJECT.TELEPORTED"),
        (event(objectId=None), "objectId is no id"),
        (event(objectTypeId=None), "does not say of which object"),
        (7, "no object"),
        ({}, "of portal None"),
        (event(portalId=77), "of portal 77"),
    ],
)
def test_what_is_not_understood_is_named_and_polled_around_and_the_rest_is_taken(strange, words):
    found = told(strange, event())
    assert [ref for ref, _ in found.look_at] == [hubspot("contacts", "33451")]
    assert words in found.unknown[0]
    assert found.sweep == ((Side.HUBSPOT, "*"),)


def test_a_file_that_could_not_be_read_is_kept_and_polled_around():
    found = told(unreadable="a file of the journal holds no journalEvents")
    assert found.unknown == ("a file of the journal holds no journalEvents",)
    assert found.sweep == ((Side.HUBSPOT, "*"),)


def test_a_reader_who_was_away_too_long_asks_for_a_poll_and_keeps_nothing():
    found = told(event(), sweep="nothing was read for more than the 3 days that the journal keeps")
    assert found.sweep == ((Side.HUBSPOT, "*"),)
    assert found.unknown == ()
    assert found.look_at


@pytest.mark.parametrize("body", [b"", b"7", b"{}", b'{"journalEvents": 7}', b"\xff"])
def test_what_is_no_page_is_said_to_be_none(body):
    assert events(PORTAL, {}, body).unknown
