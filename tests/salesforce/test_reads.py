"""Reading, call by call."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest

from connector.core.readings import Presence
from connector.core.refs import salesforce
from connector.core.values import Kind
from connector.errors import Transient
from connector.ports import Owner, View
from connector.salesforce.faults import Declined
from connector.salesforce.reads import Reader
from connector.salesforce.shapes import Shapes
from connector.transport.pool import Calls
from tests.salesforce.wire import ROOT, Wire, api_over

LEAD = View("Lead", {"Email": Kind.EMAIL})
NEXT = f"{ROOT}query/01gRO0000016PIAYA2-2000"


def ident(number):
    return salesforce("Lead", f"00Q5f{number:010d}").id


def row(number, **more):
    return {"Id": ident(number), "Email": f"p{number}@x.test", "SystemModstamp": None, **more}


def page(*rows, onward=None):
    body = {"totalSize": 99, "done": onward is None, "records": list(rows)}
    return 200, body | ({"nextRecordsUrl": onward} if onward else {})


class Org:
    def __init__(self, answer, fields=("Id", "Email"), executor=None):
        self.fields, self.answer = fields, answer
        self.wire = Wire(self._answer)
        self.api = api_over(self.wire)
        self.shapes = Shapes(self.api)
        self.reader = Reader(self.api, self.shapes, Calls(executor))

    def _answer(self, request):
        if request.path_url.endswith("/describe"):
            return 200, {"name": "Lead", "fields": [{"name": name, "type": "string"} for name in self.fields]}
        return self.answer(request)

    @property
    def asked(self):
        return [unquote(request.path_url) for request in self.wire.requests]


def refused(code):
    return 400, [{"errorCode": code, "message": "no"}]


def test_two_thousand_ids_are_one_call_and_answers_keep_the_order_of_the_question():
    def answer(request):
        return 200, [{"Id": each, "Email": None} for each in reversed(json.loads(request.body)["ids"])]

    org = Org(answer)
    ids = [ident(number) for number in range(2_000)]
    assert [reading.ref.id for reading in org.reader.read(LEAD, ids)] == ids
    assert [len(body["ids"]) for body in org.wire.bodies()] == [2_000]
    org.reader.read(LEAD, [*ids, ident(2_000)])
    assert [len(body["ids"]) for body in org.wire.bodies()] == [2_000, 2_000, 1]


def test_the_same_id_asked_twice_in_both_lengths_is_read_once_and_answered_twice():
    org = Org(lambda request: (200, [row(1)]))
    one, other = org.reader.read(LEAD, [ident(1), ident(1)[:15]])
    assert one == other
    assert org.wire.bodies()[0]["ids"] == [ident(1)]


def test_ids_that_are_not_there_are_looked_up_in_the_recycle_bin():
    def answer(request):
        if request.method == "POST":
            return 200, [row(1), None, None, None]
        deleted = row(2, IsDeleted=True)
        merged = row(3, IsDeleted=True, MasterRecordId=ident(1))
        return page(deleted, merged)

    org = Org(answer)
    readings = org.reader.read(LEAD, [ident(number) for number in (1, 2, 3, 4)])
    assert [reading.presence for reading in readings] == [
        Presence.PRESENT,
        Presence.ARCHIVED,
        Presence.MOVED,
        Presence.MISSING,
    ]
    assert readings[2].moved_to == salesforce("Lead", ident(1))
    assert "/queryAll/?q=SELECT Id,SystemModstamp,IsDeleted,MasterRecordId" in org.asked[1]
    assert len(org.wire.requests) == 2


@pytest.mark.parametrize("text", ["x' OR Id != '", "not an id", "00Q5f0000000001AAA", "٣" * 18, "abc"])
def test_what_is_no_id_is_missing_and_not_asked_for(text):
    org = Org(lambda request: (200, [{"Id": ident(1)}]))
    readings = org.reader.read(LEAD, [text, ident(1)])
    assert [reading.presence for reading in readings] == [Presence.MISSING, Presence.PRESENT]
    assert [json.loads(request.body)["ids"] for request in org.wire.requests] == [[ident(1)]]


def test_what_is_no_id_is_not_sought_either():
    org = Org(lambda request: page(row(1)))
    assert [one.ref.id for one in org.reader.find(LEAD, "Id", ["not an id", ident(1)])] == [ident(1)]
    assert org.reader.find(LEAD, "Id", ["not an id"]) == []
    assert [f"Id IN ('{ident(1)}')" in path for path in org.asked] == [True]


def test_a_field_that_vanished_is_left_out_of_readings_and_told():
    def answer(request):
        return refused("INVALID_FIELD") if "Email" in json.loads(request.body)["fields"] else (200, [{"Id": ident(1)}])

    org = Org(answer, fields=("Id",))
    (reading,) = org.reader.read(LEAD, [ident(1)])
    assert (reading.presence, dict(reading.values)) == (Presence.PRESENT, {})
    assert org.shapes.missing == {"Lead": frozenset({"Email"})}


def test_a_refusal_that_no_missing_field_explains_is_told():
    org = Org(lambda _: refused("INVALID_FIELD"))
    with pytest.raises(Declined):
        org.reader.read(LEAD, [ident(1)])


def test_finding_asks_for_live_and_unconverted_rows_in_portions_below_the_address_limit():
    org = Org(lambda request: page(row(1)))
    found = org.reader.find(LEAD, "Email", [f"person.number.{number}@example.test" for number in range(900)])
    assert [reading.ref.id for reading in found] == [ident(1)]
    assert all(len(request.path_url) < 14_100 for request in org.wire.requests)
    assert all("/query/?q=" in asked and asked.endswith("AND IsConverted = false") for asked in org.asked)
    assert sum(asked.count("@") for asked in org.asked) == 900


def test_values_are_escaped():
    org = Org(lambda request: page())
    org.reader.find(View("Contact", {"Email": Kind.EMAIL}), "Email", ["o'hara@x.test", ""])
    assert org.asked[0].endswith("WHERE Email IN ('o\\'hara@x.test')")


def test_finding_nothing_asks_nothing():
    org = Org(lambda request: page())
    assert org.reader.find(LEAD, "Email", []) == []
    assert org.wire.requests == []


def test_a_listing_follows_the_next_address_word_for_word_however_short_a_page_is():
    pages = {NEXT: page(row(2), onward=NEXT + "x"), NEXT + "x": page(row(3))}
    org = Org(lambda request: pages.get(request.path_url) or page(row(1), onward=NEXT))
    portions = list(org.reader.scan(LEAD))
    assert [[reading.ref.id for reading in portion] for portion in portions] == [[ident(1)], [ident(2)], [ident(3)]]


def test_an_expired_listing_is_taken_up_again_behind_the_last_id():
    def answer(request):
        if request.path_url == NEXT:
            return refused("INVALID_QUERY_LOCATOR")
        return page(row(3)) if "Id > " in unquote(request.path_url) else page(row(1), row(2), onward=NEXT)

    org = Org(answer)
    seen = [reading.ref.id for portion in org.reader.scan(LEAD) for reading in portion]
    assert seen == [ident(1), ident(2), ident(3)]
    assert org.asked[-1].endswith(f"WHERE Id > '{ident(2)}' ORDER BY Id")


def test_a_scan_tells_converted_leads_as_moved():
    converted = row(1, IsConverted=True, ConvertedContactId="0035f0000000007AAA")
    org = Org(lambda request: page(converted))
    ((reading,),) = org.reader.scan(LEAD)
    assert (reading.presence, reading.converted) == (Presence.MOVED, True)


def test_the_next_page_is_on_its_way_while_the_caller_works():
    pages = {NEXT: page(row(2))}
    with ThreadPoolExecutor(1) as executor:
        org = Org(lambda request: pages.get(request.path_url) or page(row(1), onward=NEXT), executor=executor)
        portions = org.reader.scan(LEAD)
        next(portions)
        executor.submit(lambda: None).result()
        assert len(org.wire.requests) == 2
        assert len(list(portions)) == 1


def test_a_fault_while_reading_is_raised():
    with pytest.raises(Transient):
        Org(lambda _: (503, b"")).reader.find(LEAD, "Email", ["a@x.test"])


USERS = page(
    {"Id": "0055f0000000001AAA", "Email": "kim@x.test", "Name": "Kim", "IsActive": True},
    {"Id": "0055f0000000002AAA", "Email": "lee@x.test", "Name": "Lee", "IsActive": False},
)


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ((200, {"user_id": "0055f0000000001"}), True),
        ((403, [{"errorCode": "Missing_OAuth_Token"}]), False),
        ((404, []), False),
    ],
)
def test_owners_are_users_active_or_not_and_queues(told, ours):
    def answer(request):
        if "userinfo" in request.path_url:
            return told
        if "QueueSobject" in unquote(request.path_url):
            return page({"QueueId": "00G5f0000000001AAA", "Queue": {"Name": "Hot", "Email": None}})
        return USERS

    assert Org(answer).reader.owners() == [
        Owner("0055f0000000001AAA", "kim@x.test", "Kim", ours=ours),
        Owner("0055f0000000002AAA", "lee@x.test", "Lee", active=False),
        Owner("00G5f0000000001AAA", "", "Hot", queue=True),
    ]


def test_who_we_are_is_asked_again_when_the_call_fails_in_passing():
    replies = [(503, []), (200, {"user_id": "0055f0000000001"})]

    def answer(request):
        if "userinfo" in request.path_url:
            return replies.pop(0) if replies else (503, [])
        return page() if "QueueSobject" in request.path_url else USERS

    reader = Org(answer).reader
    assert [owner.ours for owner in reader.owners()] == [True, False]
    with pytest.raises(Transient):
        reader.owners()


@pytest.mark.parametrize(("reply", "currency"), [(page({"IsoCode": "EUR"}), "EUR"), (refused("INVALID_TYPE"), "")])
def test_the_account_is_the_organisation(reply, currency):
    def answer(request):
        if "CurrencyType" in request.path_url:
            return reply
        return page({"Id": "00D5f000000abcd", "Name": "Acme", "TimeZoneSidKey": "Europe/Berlin"})

    account = Org(answer).reader.account()
    assert (account.id, account.name) == (salesforce("Organization", "00D5f000000abcd").id, "Acme")
    assert (account.time_zone, account.currency) == ("Europe/Berlin", currency)
