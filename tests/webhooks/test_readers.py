"""What requests tell: where to look again. Whatever a CRM sends, a reader answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.refs import Ref, Side
from connector.engine.told import Told
from connector.sandbox import outbound as soap
from tests.webhooks.doorstep import LEAD, ORG, ORG_18, message
from webhooks.readers import READERS, readers
from webhooks.salesforce import DEPTH_MAX, NotUnderstood, opened

PORTAL = 1234567
# As HubSpot's documentation shows them (HubSpot fact sheet 11.3)
PUBLISHED = b"""
[{"eventId":1001,"subscriptionId":686627,"portalId":1234567,"appId":7906213,"occurredAt":1767322800123,
  "subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":33451,
  "propertyName":"lifecyclestage","propertyValue":"opportunity","changeSource":"CRM_UI","sourceId":"userId:864745280"},
 {"eventId":1002,"subscriptionId":686628,"portalId":1234567,"appId":7906213,"occurredAt":1767322800456,
  "subscriptionType":"contact.creation","attemptNumber":0,"objectId":33460,"changeFlag":"NEW",
  "changeSource":"INTEGRATION"},
 {"eventId":1003,"subscriptionId":686629,"portalId":1234567,"appId":7906213,"occurredAt":1767322801000,
  "subscriptionType":"contact.merge","attemptNumber":0,"objectId":33470,"primaryObjectId":33451,
  "mergedObjectIds":[33460],"newObjectId":33470,"numberOfPropertiesMoved":4,"changeSource":"CRM_UI"},
 {"eventId":1004,"subscriptionId":686630,"portalId":1234567,"appId":7906213,"occurredAt":1767322802000,
  "subscriptionType":"contact.associationChange","attemptNumber":0,"associationType":"CONTACT_TO_COMPANY",
  "fromObjectId":33451,"toObjectId":5790939450,"associationRemoved":false,"isPrimaryAssociation":true}]"""


def told(*events: Any) -> Told:
    return READERS["hubspot"]({}, orjson.dumps(list(events)))


def looks(found: Told) -> list[str]:
    return [str(ref) for ref, _ in found.look_at]


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"subscriptionType": kind, "portalId": PORTAL, **more}


def test_the_published_sample_tells_of_all_its_records():
    found = READERS["hubspot"]({}, PUBLISHED)
    assert dict(found.look_at) == {
        Ref(Side.HUBSPOT, "contacts", "33451"): "contact.associationChange",
        Ref(Side.HUBSPOT, "contacts", "33460"): "contact.merge",
        Ref(Side.HUBSPOT, "contacts", "33470"): "contact.merge",
        Ref(Side.HUBSPOT, "companies", "5790939450"): "contact.associationChange",
    }
    assert (found.erased, found.sweep, found.unknown) == ((), (), ())


@pytest.mark.parametrize("verb", ["creation", "deletion", "restore", "propertyChange"])
@pytest.mark.parametrize(
    ("word", "obj"),
    [("contact", "contacts"), ("company", "companies"), ("deal", "deals"), ("ticket", "tickets"),
     ("product", "products"), ("line_item", "line_items")],
)  # fmt: skip
def test_every_kind_of_event_of_every_object_is_a_place_to_look(word: str, obj: str, verb: str):
    assert told(event(f"{word}.{verb}", objectId=7)) == Told(((Ref(Side.HUBSPOT, obj, "7"), f"{word}.{verb}"),), ())


@pytest.mark.parametrize(
    ("type_id", "obj"),
    [("0-1", "contacts"), ("0-2", "companies"), ("0-3", "deals"), ("0-136", "leads"), ("2-3812345", "2-3812345")],
)
def test_a_generic_event_says_of_which_object_it_is(type_id: str, obj: str):
    assert looks(told(event("object.propertyChange", objectId=7, objectTypeId=type_id))) == [f"hubspot:{obj}:7"]


def test_older_portals_call_a_kind_otherwise():
    assert looks(told({"eventType": "contact.creation", "objectId": 7})) == ["hubspot:contacts:7"]


def test_everyone_who_took_part_in_a_merge_is_looked_at():
    merge = event("object.merge", objectTypeId="0-2", primaryObjectId=1, mergedObjectIds=[2, 3], newObjectId=9)
    assert looks(told(merge)) == [f"hubspot:companies:{number}" for number in (2, 3, 1, 9)]
    assert looks(told(event("contact.merge", objectId=5))) == ["hubspot:contacts:5"]
    assert told(event("contact.merge")).unknown == ("a merge that names no record",)


def test_both_ends_of_a_generic_association_are_looked_at():
    change = event(
        "object.associationChange", fromObjectId=1, toObjectId=2, fromObjectTypeId="0-3", toObjectTypeId="0-1"
    )
    assert looks(told(change)) == ["hubspot:deals:1", "hubspot:contacts:2"]
    other = event("deal.associationChange", fromObjectId=1, toObjectId=2, associationType="DEAL_TO_LINE_ITEM")
    assert looks(told(other)) == ["hubspot:deals:1", "hubspot:line_items:2"]


def test_a_privacy_deletion_erases():
    found = told(event("contact.privacyDeletion", objectId=7), event("contact.deletion", objectId=7))
    assert found.erased == (Ref(Side.HUBSPOT, "contacts", "7"),)
    assert looks(found) == ["hubspot:contacts:7"]


def test_what_is_not_known_is_named_and_the_rest_is_taken():
    found = told(
        event("conversation.newMessage", objectId=1, messageId="x"),
        event("conversation.newMessage", objectId=2),
        event("contact.creation", objectId=7),
        event("contact.levitation", objectId=8),
    )
    assert looks(found) == ["hubspot:contacts:7"]
    assert found.unknown == (
        "conversation.newMessage is not a kind of event the bridge knows (2 times)",
        "contact.levitation is not a kind of event the bridge knows",
    )


def test_events_of_another_portal_are_named_and_not_believed():
    mine = readers({Side.HUBSPOT: str(PORTAL)})["hubspot"]
    other = {**event("contact.privacyDeletion", objectId=8), "portalId": 999}
    found = mine({}, orjson.dumps([event("contact.creation", objectId=7), other]))
    assert (looks(found), found.erased) == (["hubspot:contacts:7"], ())
    assert found.unknown == ("of portal 999; the bridge belongs to portal 1234567",)


@pytest.mark.parametrize(
    "strange",
    [
        7,
        None,
        [],
        {},
        {"subscriptionType": 7, "objectId": 1},
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "contact.creation", "objectId": True},
        {"subscriptionType": "contact.creation", "objectId": -1},
        {"subscriptionType": "contact.creation", "objectId": 1.5},
        {"subscriptionType": "contact.creation", "objectId": "٣"},
        {"subscriptionType": "contact.creation", "objectId": "1" * 21},
        {"subscriptionType": "contact.creation", "objectId": "1:2"},
        {"subscriptionType": "object.creation", "objectId": 1},
        {"subscriptionType": "object.creation", "objectId": 1, "objectTypeId": "a:b"},
        {"subscriptionType": "contact.associationChange", "fromObjectId": 1, "toObjectId": 2},
        {"subscriptionType": "contact.associationChange", "fromObjectId": 1, "associationType": "CONTACT_TO_COMPANY"},
        {"subscriptionType": "contact.merge", "mergedObjectIds": [None]},
    ],
)
def test_a_strange_event_is_named_and_disturbs_no_other(strange: Any):
    found = told(strange, event("contact.creation", objectId=7))
    assert looks(found) == ["hubspot:contacts:7"]
    assert len(found.unknown) == 1


def test_words_about_what_is_not_understood_quote_no_strange_text():
    found = told(event("zoë.krüger\n@acme", objectId=1), event("x" * 500, objectId=1))
    assert found.unknown == (
        "of a strange name is not a kind of event the bridge knows",
        "x" * 60 + " is not a kind of event the bridge knows",
    )


def test_the_published_outbound_message_tells_of_its_record():
    assert READERS["outbound"]({}, message()) == Told(((Ref(Side.SALESFORCE, "Lead", LEAD), "outbound message"),))


def test_a_hundred_notifications_are_a_hundred_records_each_once():
    records = [("Contact", f"003{number:012d}") for number in range(99)] + [("Contact", "003000000000000")]
    found = READERS["outbound"]({}, message(ORG_18, *records))
    assert len(looks(found)) == 99
    assert all(len(ref.id) == 18 for ref, _ in found.look_at), "short ids are widened"


def test_a_notification_whose_record_has_no_id_is_named():
    body = message(ORG_18, ("Lead", LEAD), ("Lead", "nonsense"), ("", LEAD))
    nameless = soap.envelope(ORG_18, "a", "https://x", [soap.notification("n", "Lead", {"Name": "Zoë"})])
    assert READERS["outbound"]({}, body).unknown == ("2 of 3 records do not say which they are",)
    assert READERS["outbound"]({}, nameless).unknown == ("1 of 1 records do not say which they are",)


def test_values_that_are_called_id_elsewhere_in_a_message_are_no_records():
    inner = b"<sf:Account xmlns:sf='urn:x'><sf:Id>001000000000000</sf:Id></sf:Account></sObject>"
    found = READERS["outbound"]({}, message().replace(b"</sObject>", inner))
    assert looks(found) == [f"salesforce:Lead:{LEAD}"]


def test_messages_and_events_of_another_org_are_named_and_not_believed():
    mine = readers({Side.SALESFORCE: ORG})
    assert looks(mine["outbound"]({}, message(ORG_18))) == [f"salesforce:Lead:{LEAD}"]
    other = b'{"organization":"00D5f000000zzzz","records":[{"object":"Lead","id":"00Q5f000005bwLF"}]}'
    for found in (mine["outbound"]({}, message("00D5f000000zzzz")), mine["events"]({}, other)):
        assert looks(found) == []
        assert found.unknown == (f"of another org than {ORG_18}, to which the bridge belongs",)


def test_events_of_a_flow_name_records_with_short_or_long_ids():
    body = b'{"records":[{"object":"Lead","id":"00Q5f000005bwLF"},{"object":"My__c","id":"a005f000005bwLFEAY"},7,{}]}'
    found = READERS["events"]({}, body)
    assert looks(found) == [f"salesforce:Lead:{LEAD}", "salesforce:My__c:a005f000005bwLFEAY"]
    assert found.unknown == ("2 of 4 records do not say which they are",)


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(BILLION_LAUGHS, id="entities that grow"),
        pytest.param(b'<!DOCTYPE a SYSTEM "http://x.example/a.dtd"><a/>', id="a DTD from elsewhere"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', id="a file of ours"),
        pytest.param(message().replace(b"<Id>", b"<Id>&x;"), id="an entity nobody knows"),
        pytest.param(b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1), id="too deep"),
        pytest.param(b"<a>" * 1_000_000, id="far too deep"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><a/>', id="an encoding nobody knows"),
        pytest.param(b'<?xml version="1.0" encoding="idna"?><a/>', id="an encoding of something else"),
        pytest.param(message().replace(b"Lead", b"L\xff"), id="no UTF-8"),
        pytest.param(message().replace(b"Lead", b"L\0"), id="NUL"),
        pytest.param(message()[:-5], id="cut short"),
        pytest.param(message() + b"<", id="more behind it"),
        pytest.param(b"", id="empty"),
        pytest.param(message().replace(b"soap.sforce.com/2005/09/outbound", b"example.com"), id="another namespace"),
    ],
)
def test_a_hostile_message_is_no_message(hostile: bytes):
    with pytest.raises(NotUnderstood, match="no outbound message"):
        opened(hostile)
    assert len(READERS["outbound"]({}, hostile).unknown) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["contact.merge", "object.creation", "object.associationChange", "deal.associationChange", "contact.propertyChange"]
)
NAMES = st.sampled_from(
    ["subscriptionType", "eventType", "portalId", "objectId", "objectTypeId", "mergedObjectIds", "primaryObjectId",
     "newObjectId", "fromObjectId", "toObjectId", "fromObjectTypeId", "toObjectTypeId", "associationType"]
)  # fmt: skip
EVENTS = st.dictionaries(NAMES, JSON | KINDS | st.sampled_from(["0-1", "CONTACT_TO_COMPANY", 7, "7"]), max_size=9)


def bodies() -> st.SearchStrategy[bytes]:
    records = st.fixed_dictionaries({"records": st.lists(JSON | st.fixed_dictionaries({"object": JSON, "id": JSON}))})
    return st.binary(max_size=200) | (JSON | st.lists(EVENTS, max_size=5) | records).map(orjson.dumps)


@given(bodies(), st.sampled_from(["hubspot", "events", "outbound"]), st.booleans())
def test_a_reader_answers_whatever_it_is_given(body: bytes, source: str, bound: bool):  # noqa: FBT001  # drawn
    reader = (readers({Side.HUBSPOT: "7", Side.SALESFORCE: ORG}) if bound else READERS)[source]
    found = reader({}, body)
    assert all(Ref.parse(str(ref)) == ref for ref, _ in found.look_at), "every ref can be stored and read again"
    assert all(why.isprintable() for why in found.unknown)
    assert found.look_at or found.unknown or body.strip() == b"[]" or b'"records":[]' in body


@given(st.lists(EVENTS, max_size=8), st.randoms())
def test_neither_order_nor_repetition_changes_what_is_told(batch: list[dict[str, Any]], random: Any):
    once = told(*batch)
    shuffled = batch * 2
    random.shuffle(shuffled)
    again = told(*shuffled)
    assert {ref for ref, _ in again.look_at} == {ref for ref, _ in once.look_at}
    assert set(again.erased) == set(once.erased)


@given(st.binary(max_size=60), st.integers(0, 700))
def test_a_message_that_was_tampered_with_never_breaks_its_reader(noise: bytes, place: int):
    body = message()
    found = READERS["outbound"]({}, body[:place] + noise + body[place + len(noise) :])
    assert found.look_at or found.unknown
