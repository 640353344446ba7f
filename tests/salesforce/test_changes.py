"""Polling, question by question: what is asked, and where the cursor stands afterwards."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import unquote

import pytest

from connector.core.values import Kind
from connector.errors import Transient
from connector.ports import View
from connector.salesforce.changes import Poller
from connector.salesforce.faults import Declined
from connector.salesforce.reads import Reader
from connector.salesforce.shapes import Shapes
from connector.transport.pool import Calls
from tests.salesforce.wire import ROOT, Moving, Wire, api_over

LEAD = View("Lead", {"Email": Kind.EMAIL})
CONTACT = View("Contact", {"Email": Kind.EMAIL})
BEGAN = datetime(2026, 11, 2, 8, 15, 29, tzinfo=UTC)  # one second before the Date header of every answer
STAMP = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def row(number, stamp="2026-11-02T08:01:00.000+0000"):
    return {"Id": f"00Q5f{number:010d}AAA", "SystemModstamp": stamp, "IsDeleted": False, "Email": f"p{number}@x.test"}


class Org:
    """Answers composite queries through `reply(soql)`, and remembers what it was asked."""

    def __init__(self, reply=None, fields=("Id", "Email")):
        self.reply = reply or (lambda _: (200, {"totalSize": 0, "done": True, "records": []}))
        self.fields, self.asked, self.composites = fields, [], 0
        self.api = api_over(Wire(self.answer), Moving())
        shapes = Shapes(self.api)
        self.shapes = shapes
        self.poller = Poller(self.api, shapes, Reader(self.api, shapes, Calls()))

    def answer(self, request):
        if request.path_url.endswith("/describe"):
            fields = [{"name": name, "type": "string"} for name in self.fields]
            return 200, {"name": "Lead", "fields": fields}
        if request.path_url != f"{ROOT}composite":
            return 200, {}
        self.composites += 1
        asked = [unquote(each["url"].split("?q=")[1]) for each in json.loads(request.body)["compositeRequest"]]
        assert len(asked) <= 5
        self.asked += asked
        replies = [self.reply(soql) for soql in asked]
        return 200, {"compositeResponse": [{"httpStatusCode": status, "body": body} for status, body in replies]}

    def poll(self, cursor, known=lambda *_: 0, views=(LEAD,)):
        return self.poller.changes(views, cursor, known)


def page(*rows, done=True, total=None):
    return 200, {"totalSize": len(rows) if total is None else total, "done": done, "records": list(rows)}


def at(stamp, spans=(), settled=BEGAN - timedelta(seconds=600)):
    return {"Lead": {"stamp": stamp.isoformat(), "settled": settled.isoformat(), "spans": list(spans)}}


AFTER = at(BEGAN)
MANY = 207  # rows observed in the ten minutes before: too many to read them again with every poll


def many(*_):
    return MANY


def test_without_a_cursor_polling_begins_at_salesforce_s_own_time():
    portion = Org().poll(None)
    assert (list(portion.readings), portion.more) == ([], False)
    assert portion.cursor == AFTER


def test_a_poll_reads_what_is_new_and_counts_what_might_have_come_late():
    org = Org(lambda soql: page(total=MANY) if "COUNT()" in soql else page())
    portion = org.poll(at(STAMP), many)
    newest, late = org.asked
    assert newest == (
        "SELECT Id,SystemModstamp,IsDeleted,MasterRecordId,IsConverted,ConvertedContactId,Email FROM Lead "
        "WHERE SystemModstamp >= 2026-11-02T07:59:55Z ORDER BY SystemModstamp, Id"
    )
    assert late == (
        "SELECT COUNT() FROM Lead WHERE SystemModstamp >= 2026-11-02T07:50:00Z "
        "AND SystemModstamp < 2026-11-02T07:59:55Z"
    )
    assert (portion.cursor, portion.more) == (AFTER, False)


def test_where_little_was_observed_all_that_is_not_settled_is_read_by_one_query():
    org = Org()
    settled = STAMP - timedelta(seconds=700)
    portion = org.poll(at(STAMP, settled=settled), lambda *_: 200)
    (only,) = org.asked
    assert only.endswith("FROM Lead WHERE SystemModstamp >= 2026-11-02T07:48:20Z ORDER BY SystemModstamp, Id")
    assert (portion.cursor, portion.more) == (AFTER, False)


def test_two_objects_are_polled_by_one_call_and_three_by_two():
    org = Org(lambda soql: page(total=MANY) if "COUNT()" in soql else page())
    places = {obj: at(STAMP)["Lead"] for obj in ("Lead", "Contact", "Account")}
    three = (LEAD, CONTACT, View("Account", {"Name": Kind.TEXT}))
    org.poll(places, many, views=(LEAD, CONTACT))
    assert org.composites == 1
    org.poll(places, many, views=three)
    assert org.composites == 3
    org.poll(places, views=three)  # five objects of which little was observed fit one call
    assert org.composites == 4


def counting(number):
    return lambda soql: page(total=number) if "COUNT()" in soql else page(row(1))


def test_an_overlap_whose_count_is_known_is_not_read_again():
    seen = []

    def known(obj, begin, before):
        seen.append((obj, begin, before))
        return MANY

    org = Org(counting(MANY))
    first = org.poll(at(STAMP), known)
    assert [reading.values["Email"] for reading in first.readings] == ["p1@x.test"]
    second = org.poll(first.cursor, known)
    assert (list(second.readings), second.cursor, second.more) == ([], AFTER, False)
    assert seen[-1] == ("Lead", STAMP - timedelta(seconds=600), STAMP - timedelta(seconds=5))
    assert org.composites == 1


def test_counts_are_compared_after_new_rows_were_observed_so_that_an_edit_cannot_hide_a_late_row():
    observed = iter([MANY - 1])
    org = Org(counting(MANY))
    first = org.poll(at(STAMP), many)
    assert first.more
    second = org.poll(first.cursor, lambda *_: next(observed))
    assert org.composites == 2
    assert len(second.readings) == 1


def test_without_new_rows_a_known_count_ends_the_poll_at_once():
    org = Org(lambda soql: page(total=MANY) if "COUNT()" in soql else page())
    portion = org.poll(at(STAMP), many)
    assert (portion.cursor, portion.more, org.composites) == (AFTER, False, 1)


@pytest.mark.parametrize("count", [MANY - 1, MANY + 1])
def test_an_overlap_with_another_count_is_read_again_in_the_next_portion(count):
    org = Org(counting(count))
    first = org.poll(at(STAMP), many)
    assert first.more
    org.asked.clear()
    second = org.poll(first.cursor, many)
    assert org.asked[0].endswith(
        "WHERE SystemModstamp >= 2026-11-02T07:50:00Z AND SystemModstamp < 2026-11-02T07:59:55Z "
        "ORDER BY SystemModstamp, Id"
    )
    assert (second.cursor, second.more, len(second.readings)) == (AFTER, False, 1)


def test_a_page_edge_inside_one_second_is_passed_by_id():
    pages = [page(row(1), row(2), done=False), page(row(3))]
    org = Org(lambda soql: page(total=0) if "COUNT()" in soql else pages.pop(0))
    first = org.poll(at(STAMP))
    assert first.more
    org.asked.clear()
    second = org.poll(first.cursor)
    assert "WHERE SystemModstamp >= 2026-11-02T08:01:00Z AND (SystemModstamp > 2026-11-02T08:01:00Z " in org.asked[0]
    assert f"OR Id > '{row(2)['Id']}')" in org.asked[0]
    assert [reading.ref.id for reading in (*first.readings, *second.readings)] == [row(n)["Id"] for n in (1, 2, 3)]
    assert (second.cursor, second.more) == (AFTER, False)


def test_an_org_that_does_not_tell_its_time_is_polled_from_ten_minutes_ago():
    org = Org()
    org.api._session.get_adapter("https://").undated = True
    portion = org.poll(None)
    assert datetime.fromisoformat(portion.cursor["Lead"]["stamp"]) == org.api.traffic.clock.now() - timedelta(
        seconds=601
    )


def test_what_has_grown_ten_minutes_old_is_read_once_again_if_anything_was_observed_there():
    settled = BEGAN - timedelta(seconds=900)
    asked = []

    def known(obj, begin, before):
        asked.append((begin, before))
        return MANY

    org = Org(lambda soql: page(total=MANY) if "COUNT()" in soql else page())
    first = org.poll(at(BEGAN - timedelta(seconds=30), settled=settled), known)
    assert asked[-1] == (settled, BEGAN - timedelta(seconds=600))
    assert first.cursor == at(
        BEGAN,
        [[settled.isoformat(), "", (BEGAN - timedelta(seconds=600)).isoformat(), None]],
        settled=BEGAN - timedelta(seconds=600),
    )
    second = org.poll(first.cursor, known)
    assert "SystemModstamp >= 2026-11-02T08:00:29Z AND SystemModstamp < 2026-11-02T08:05:29Z" in org.asked[-1]
    assert second.cursor == AFTER


def test_what_was_ten_minutes_old_when_it_was_first_read_is_not_read_again():
    hour_ago = BEGAN - timedelta(hours=1)
    portion = Org().poll(at(hour_ago, settled=hour_ago - timedelta(seconds=600)), many)
    spans = portion.cursor["Lead"]["spans"]
    assert [(begin, end) for begin, _, end, count in spans if count is None] == [
        ((hour_ago - timedelta(seconds=600)).isoformat(), hour_ago.isoformat())
    ]
    assert portion.cursor["Lead"]["settled"] == (BEGAN - timedelta(seconds=600)).isoformat()


def test_where_nothing_was_observed_nothing_is_read_again_and_less_than_five_minutes_wait():
    quiet = Org().poll(at(BEGAN, settled=BEGAN - timedelta(seconds=900)))
    assert (quiet.cursor, quiet.more) == (AFTER, False)
    young = at(BEGAN, settled=BEGAN - timedelta(seconds=899))
    assert Org(lambda soql: page(total=MANY) if "COUNT()" in soql else page()).poll(young, many).cursor == young


def test_the_watermark_never_goes_back():
    later = BEGAN + timedelta(minutes=5)
    assert Org().poll(at(later)).cursor == at(later)


def test_an_object_that_is_new_to_the_cursor_begins_now_and_the_others_go_on():
    org = Org()
    portion = org.poll(at(STAMP), views=(LEAD, CONTACT))
    assert portion.more
    assert portion.cursor == {**at(STAMP), "Contact": AFTER["Lead"]}


def test_an_object_that_is_no_longer_polled_does_not_keep_the_poller_awake():
    span = [STAMP.isoformat(), "", None, None]
    portion = Org().poll({**at(STAMP), "Contact": at(STAMP, [span])["Lead"]})
    assert not portion.more


def test_a_field_that_has_vanished_is_left_out_and_told():
    def reply(soql):
        if "Email" in soql:
            return 400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Email' on entity 'Lead'"}]
        return page(total=0) if "COUNT()" in soql else page(row(1))

    org = Org(reply, fields=("Id",))
    portion = org.poll(at(STAMP))
    assert [dict(reading.values) for reading in portion.readings] == [{}]
    assert org.shapes.missing == {"Lead": frozenset({"Email"})}
    org.fields = ("Id", "Email")
    org.shapes.described("Lead")
    assert org.shapes.missing == {}


def test_a_query_that_stays_refused_is_told_and_not_asked_for_ever():
    org = Org(lambda _: (400, [{"errorCode": "INVALID_FIELD", "message": "No such column"}]))
    with pytest.raises(Declined):
        org.poll(at(STAMP))
    assert org.composites == 1


def test_a_query_that_took_too_long_is_a_fault_that_passes():
    with pytest.raises(Transient):
        Org(
            lambda _: (400, [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}])
        ).poll(at(STAMP))


def test_polling_nothing_answers_nothing():
    assert Org().poll(None, views=()).readings == ()


@pytest.mark.parametrize("code", ["QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_part_that_fails_in_passing_is_asked_again_with_its_neighbours(place, code):
    turns = count()
    org = Org(lambda _: (400, [{"errorCode": code, "message": "later"}]) if next(turns) == place else page())
    both = {"Lead": at(STAMP)["Lead"], "Contact": at(STAMP)["Lead"]}
    assert org.poll(both, views=(LEAD, CONTACT)).cursor == {"Lead": AFTER["Lead"], "Contact": AFTER["Lead"]}
    assert org.composites == 2


def test_composite_calls_that_were_refused_are_tried_again_an_hour_later():
    org = Org()
    inner, gone = org.answer, [True]

    def answer(request):
        if request.path_url == f"{ROOT}composite" and gone[0]:
            org.composites += 1
            return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
        if "?q=" in request.path_url:
            return page()
        return inner(request)

    org.api._session.get_adapter("https://x").answer = answer
    for _ in range(2):
        org.poll(at(STAMP))
    assert org.composites == 1
    gone[0] = False
    org.api.traffic.clock.sleep(3600)
    org.poll(at(STAMP))
    assert org.composites == 2
