"""Several objects in one composite call, and the ways back to one call each."""

import json
from urllib.parse import unquote

import pytest

from connector.core.readings import Presence
from connector.core.refs import salesforce
from connector.core.values import Kind
from connector.errors import Transient
from connector.ports import View
from connector.salesforce.gathering import Gatherer
from connector.salesforce.reads import Reader
from connector.salesforce.shapes import Shapes
from connector.transport.pool import Calls
from tests.salesforce.wire import ROOT, Wire, api_over

FIELDS = {"Email": Kind.EMAIL, "Key__c": Kind.TEXT}
LEAD, CONTACT = View("Lead", FIELDS), View("Contact", FIELDS)
L1, L2 = (salesforce("Lead", f"00Q5f000000000{number}").id for number in (1, 2))
C1 = salesforce("Contact", "0035f0000000001").id


class Org:
    """Answers reads of single objects by `rows`, composites part by part; `spoil` may answer a part or call first."""

    def __init__(self, spoil, fields=("Id", *FIELDS)):
        self.fields, self.spoil, self.rows = fields, spoil, {}
        self.wire = Wire(lambda request: self.answer(request.method, request.path_url, request.body))
        api = api_over(self.wire)
        self.shapes = Shapes(api)
        calls = Calls()
        self.gatherer = Gatherer(api, Reader(api, self.shapes, calls), calls)

    def answer(self, method, path, body):
        spoilt = self.spoil(f"{method} {unquote(path)}", body)
        if spoilt is not None:
            return spoilt
        if path.endswith("/describe"):
            return 200, {"name": "Lead", "fields": [{"name": name, "type": "string"} for name in self.fields]}
        asked = json.loads(body) if body else {}
        if path == f"{ROOT}composite":
            return 200, {"compositeResponse": [self.part(each) for each in asked["compositeRequest"]]}
        if method == "POST":
            return 200, [self.rows.get(each) for each in asked["ids"]]
        return 200, {"done": True, "records": [row for each, row in self.rows.items() if f"'{each}'" in unquote(path)]}

    def part(self, request):
        body = json.dumps(request["body"]) if "body" in request else None
        status, told = self.answer(request["method"], request["url"], body)
        return {"httpStatusCode": status, "body": told, "referenceId": request["referenceId"]}

    def hold(self, *ids):
        self.rows |= {each: {"Id": each, "SystemModstamp": None, "Email": None, "Key__c": None} for each in ids}
        return self

    @property
    def calls(self):
        return [
            f"{request.method} {request.path_url.removeprefix(ROOT).partition('?')[0]}"
            for request in self.wire.requests
        ]


def never(_path, _body):
    return None


def ids(readings):
    return [reading.ref.id for reading in readings]


def test_two_objects_are_read_in_one_call_in_the_order_of_the_question():
    org = Org(never).hold(L1, L2, C1)
    assert ids(org.gatherer.read_many([(LEAD, [L2, L1[:15]]), (CONTACT, [C1])])) == [L2, L1, C1]
    assert org.calls == ["POST composite"]


def test_absent_records_are_followed_up_object_by_object():
    org = Org(never).hold(L1)
    readings = org.gatherer.read_many([(LEAD, [L1, L2]), (CONTACT, [C1])])
    assert [reading.presence for reading in readings] == [Presence.PRESENT, Presence.MISSING, Presence.MISSING]
    assert org.calls == ["POST composite", "GET queryAll/", "GET queryAll/"]


def test_one_object_or_more_than_two_thousand_ids_go_without_a_composite():
    org = Org(never).hold(L1, C1)
    many = [salesforce("Lead", f"00Q5f{number:010d}").id for number in range(2_000)]
    org.hold(*many)
    assert ids(org.gatherer.read_many([(LEAD, [L1]), (CONTACT, [])])) == [L1]
    assert ids(org.gatherer.read_many([(LEAD, many), (CONTACT, [C1])])) == [*many, C1]
    assert [call.rpartition("/")[2] for call in org.calls] == ["Lead", "Lead", "Contact"]


def test_an_object_of_which_only_nonsense_is_asked_goes_without_a_call():
    org = Org(never).hold(L1)
    readings = org.gatherer.read_many([(LEAD, [L1]), (CONTACT, ["not an id"])])
    assert [(one.ref.object, one.presence) for one in readings] == [
        ("Lead", Presence.PRESENT),
        ("Contact", Presence.MISSING),
    ]
    assert org.calls == ["POST composite/sobjects/Lead"]
    assert org.gatherer.find_many([(LEAD, {"Id": [L1]}), (CONTACT, {"Id": ["not an id"]})])[0].ref.id == L1


def test_a_composite_that_is_refused_is_asked_object_by_object():
    org = Org(lambda asked, _: (400, [{"errorCode": "LIMIT_EXCEEDED"}]) if asked.endswith("composite") else None)
    org.hold(L1, C1)
    assert ids(org.gatherer.read_many([(LEAD, [L1]), (CONTACT, [C1])])) == [L1, C1]
    assert ids(org.gatherer.find_many([(LEAD, {"Key__c": [L1]}), (CONTACT, {"Key__c": [C1]})])) == [L1, C1]
    assert org.calls.count("POST composite") == 2
    assert len(org.calls) == 6


def test_an_answer_that_leaves_parts_out_is_no_answer():
    org = Org(lambda asked, _: (200, {"compositeResponse": []}) if asked.endswith("composite") else None)
    with pytest.raises(Transient):
        org.gatherer.read_many([(LEAD, [L1]), (CONTACT, [C1])])


def test_a_field_that_vanished_from_one_object_leaves_the_others_alone():
    def spoil(asked, body):
        gone = "sobjects/Lead" in asked and body and "Key__c" in json.loads(body)["fields"]
        return (400, [{"errorCode": "INVALID_FIELD", "message": "no"}]) if gone else None

    org = Org(spoil, fields=("Id", "Email")).hold(L1, C1)
    lead, contact = org.gatherer.read_many([(LEAD, [L1]), (CONTACT, [C1])])
    assert (set(lead.values), set(contact.values)) == ({"Email"}, {"Email", "Key__c"})
    assert org.shapes.missing == {"Lead": frozenset({"Key__c"})}


def test_fields_of_one_object_are_sought_by_one_query_and_objects_by_one_call():
    org = Org(never).hold(L1, C1)
    org.gatherer.find_many([(view, {"Email": ["a@x.test"], "Key__c": [L1, C1]}) for view in (LEAD, CONTACT)])
    parts = json.loads(org.wire.requests[0].body)["compositeRequest"]
    wheres = [unquote(part["url"]).partition(" WHERE ")[2] for part in parts]
    either = f"(Email IN ('a@x.test') OR Key__c IN ('{L1}','{C1}'))"
    assert wheres == [f"{either} AND IsConverted = false", either]
    assert org.calls == ["POST composite"]


def test_what_does_not_fit_one_query_is_cut_by_field_and_goes_five_queries_a_call():
    org = Org(never)
    emails = [f"person.number.{number}@example.test" for number in range(2_400)]
    assert org.gatherer.find_many([(CONTACT, {"Email": emails, "Key__c": ["K"]})]) == []
    bodies = [json.loads(request.body)["compositeRequest"] for request in org.wire.requests if request.body]
    paths = [part["url"] for parts in bodies for part in parts]
    assert all(len(parts) <= 5 for parts in bodies)
    assert all(len(path) < 14_100 for path in paths)
    assert sum(unquote(path).count("@") for path in paths) == 2_400
    assert len(org.calls) == -(-len(paths) // 5)


def test_a_listing_of_several_pages_is_read_to_its_end():
    onward = f"{ROOT}query/01g-1"

    def spoil(asked, _body):
        if asked == f"GET {onward}":
            return 200, {"done": True, "records": [{"Id": L2, "SystemModstamp": None}]}
        if "FROM Lead" in asked:
            return 200, {"done": False, "nextRecordsUrl": onward, "records": [{"Id": L1, "SystemModstamp": None}]}
        return None

    org = Org(spoil).hold(C1)
    assert ids(org.gatherer.find_many([(LEAD, {"Email": ["a@x.test"]}), (CONTACT, {"Key__c": [C1]})])) == [L1, L2, C1]
