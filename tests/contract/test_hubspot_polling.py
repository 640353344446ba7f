"""Polling against a search index that lags, shuffles, stamps thousands alike and reaches only so far (fact sheet 3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import pytest

from connector import ports
from connector.core.readings import Presence
from connector.core.values import Kind
from connector.hubspot.polling import OVERLAP_MS
from tests.contract.hubspot_side import answer, scripted

VIEW = ports.View("contacts", {"firstname": Kind.TEXT})
START = datetime(2026, 11, 2, 8, tzinfo=UTC)  # what the scripted account's Date header says


def ms(at):
    return int(at.timestamp() * 1000)


class Index:
    """A search index and an archive, answering as HubSpot's do."""

    def __init__(self):
        self.rows, self.archived, self.searches = {}, [], 0

    def put(self, number, at):
        self.rows[number] = at

    def search(self, request):
        self.searches += 1
        body = orjson.loads(request.body)
        rows = [(number, at) for number, at in self.rows.items() if self.matches(number, at, body["filterGroups"][0])]
        (sort,) = body["sorts"]
        rows.sort(
            key=(lambda row: int(row[0])) if sort["propertyName"] == "hs_object_id" else (lambda row: row[1]),
            reverse=sort["direction"] == "DESCENDING",
        )
        page = [
            {"id": str(n), "properties": {"firstname": f"N{n}"}, "updatedAt": at.isoformat().replace("+00:00", "Z")}
            for n, at in rows[: body["limit"]]
        ]
        return answer(200, {"total": len(rows), "results": page})

    @staticmethod
    def matches(number, at, group):
        held = {"lastmodifieddate": ms(at), "hs_object_id": number}
        compare = {"GTE": lambda a, b: a >= b, "LTE": lambda a, b: a <= b, "GT": lambda a, b: a > b}
        return all(compare[f["operator"]](held[f["propertyName"]], int(f["value"])) for f in group["filters"])

    def listing(self, request):
        after = next((part[6:] for part in request.query_string.split("&") if part.startswith("after=")), "")
        start = int(after or 0)
        body = {
            "results": [
                {"id": str(n), "archivedAt": "2026-11-02T07:00:00Z"} for n in self.archived[start : start + 100]
            ]
        }
        if start + 100 < len(self.archived):
            body["paging"] = {"next": {"after": str(start + 100)}}
        return answer(200, body)


@pytest.fixture
def account():
    with scripted() as (script, crm):
        index = Index()
        index.script = script
        script.on("/search", index.search).on("archived=true", index.listing)
        script.on("account-info", answer(200, {}))
        yield index, crm


class Observed:
    """What the engine remembers of stamps, and how it counts them."""

    def __init__(self):
        self.stamps = {}

    def take(self, readings):
        self.stamps |= {each.ref.id: each.modified_at for each in readings if each.presence is Presence.PRESENT}

    def known(self, _object, start, before):
        return sum(start <= at < before for at in self.stamps.values())


def poll(crm, cursor, observed, views=(VIEW,)):
    readings, more = [], True
    while more:
        portion = crm.changes(list(views), orjson.loads(orjson.dumps(cursor)), observed.known)
        readings += portion.readings
        cursor, more = portion.cursor, portion.more
    observed.take(readings)
    return readings, cursor


def test_it_starts_at_the_servers_now_and_reports_nothing(account):
    index, crm = account
    index.put(1, START)
    portion = crm.changes([VIEW], None, Observed().known)
    assert (portion.readings, portion.more) == ((), False)
    assert portion.cursor["contacts"]["watermark_ms"] == ms(START)
    assert index.searches == 0


def settled(index, crm, count=150):
    """A cursor and memory after a poll that observed `count` records half a minute ago."""
    observed = Observed()
    for number in range(1, count + 1):
        index.put(number, START - timedelta(seconds=60, milliseconds=number))
    _, cursor = poll(crm, {"contacts": {"watermark_ms": ms(START) - 30_000}}, observed)
    index.searches = 0
    return cursor, observed


def told_anew(readings, observed):
    return [each.ref.id for each in readings if observed.get(each.ref.id) != each.modified_at]


@pytest.mark.parametrize("count", [0, 150, 900])
def test_an_overlap_without_news_costs_one_call_and_tells_nothing_new(account, count):
    index, crm = account
    cursor, observed = settled(index, crm, count)
    before = dict(observed.stamps)
    readings, _ = poll(crm, cursor, observed)
    assert (told_anew(readings, before), index.searches) == ([], 1)
    assert len(readings) <= 200


def test_a_count_that_agrees_by_accident_is_found_out(account):
    index, crm = account
    cursor, observed = settled(index, crm, 900)
    del index.rows[7]  # archived: search no longer knows it, our memory does
    index.put(5001, START - timedelta(seconds=35))  # late, and now the counts agree
    for _ in range(6):
        index.script.now += timedelta(seconds=15)
        _, cursor = poll(crm, cursor, observed)
    assert "5001" in observed.stamps


@pytest.mark.parametrize("count", [0, 150, 900])
def test_news_above_a_known_overlap_costs_one_call(account, count):
    index, crm = account
    cursor, observed = settled(index, crm, count)
    index.put(5001, START - timedelta(seconds=2))
    before = dict(observed.stamps)
    readings, _ = poll(crm, cursor, observed)
    assert (told_anew(readings, before), index.searches) == (["5001"], 1)


@pytest.mark.parametrize("count", [0, 150, 900])
def test_a_record_that_the_index_showed_late_is_found(account, count):
    index, crm = account
    cursor, observed = settled(index, crm, count)
    index.put(5001, START - timedelta(seconds=90))
    poll(crm, cursor, observed)
    assert observed.stamps["5001"] == START - timedelta(seconds=90)


def test_ten_thousand_records_of_one_millisecond_are_all_told(account):
    index, crm = account
    for number in range(1, 10_501):
        index.put(number, START - timedelta(seconds=1))
    observed = Observed()
    readings, cursor = poll(crm, {"contacts": {"watermark_ms": ms(START) - 30_000}}, observed)
    assert len({each.ref.id for each in readings}) == len(readings) == 10_500
    assert cursor["contacts"]["watermark_ms"] == ms(START)
    assert "window" not in cursor["contacts"]


def test_portions_are_bounded_and_the_watermark_waits_for_the_last_of_them(account):
    index, crm = account
    for number in range(1, 501):
        index.put(number, START - timedelta(seconds=1))
    cursor, sizes, marks, more = {"contacts": {"watermark_ms": ms(START) - 30_000}}, [], [], True
    while more:
        portion = crm.changes([VIEW], cursor, Observed().known)
        cursor, more = portion.cursor, portion.more
        sizes.append(len(portion.readings))
        marks.append(cursor["contacts"]["watermark_ms"])
    assert sizes == [0, 200, 200, 100]
    assert marks == [ms(START) - 30_000] * 3 + [ms(START)]


def test_a_record_modified_while_its_window_is_paged_is_told_by_the_next_poll(account):
    index, crm = account
    for number in range(1, 301):
        index.put(number, START - timedelta(seconds=1))
    observed = Observed()
    portion = crm.changes([VIEW], {"contacts": {"watermark_ms": ms(START) - 30_000}}, observed.known)
    assert portion.more
    index.put(300, START + timedelta(seconds=5))
    readings, cursor = poll(crm, portion.cursor, observed)
    assert "300" not in {each.ref.id for each in readings}
    index.script.now += timedelta(seconds=10)
    readings, _ = poll(crm, cursor, observed)
    assert [each.ref.id for each in readings if each.modified_at > START] == ["300"]


def test_the_watermark_never_goes_backward(account):
    _, crm = account
    ahead = ms(START) + OVERLAP_MS
    _, cursor = poll(crm, {"contacts": {"watermark_ms": ahead}}, Observed())
    assert cursor["contacts"]["watermark_ms"] == ahead


def test_the_archive_is_swept_a_page_a_poll_round_and_round(account):
    index, crm = account
    index.archived = list(range(1, 251))
    cursor, observed, seen = {"contacts": {"watermark_ms": ms(START)}}, Observed(), []
    for _ in range(4):
        readings, cursor = poll(crm, cursor, observed)
        assert {each.presence for each in readings} == {Presence.ARCHIVED}
        seen.append(sorted(int(each.ref.id) for each in readings))
    assert seen == [list(range(1, 101)), list(range(101, 201)), list(range(201, 251)), list(range(1, 101))]


def test_an_object_new_to_the_mapping_starts_now(account):
    _, crm = account
    _, cursor = poll(crm, {"contacts": {"watermark_ms": 5}}, Observed(), (VIEW, ports.View("companies", {})))
    assert cursor["companies"]["watermark_ms"] == ms(START)


def test_a_view_too_wide_for_a_search_body_is_read_by_id():
    wide = ports.View("contacts", {f"a_rather_long_property_name_{n}": Kind.TEXT for n in range(120)})
    with scripted() as (script, crm):
        index = Index()
        index.put(7, START)
        script.on("/search", index.search).on("archived=true", index.listing)
        script.on(
            "batch/read", answer(200, {"results": [{"id": "7", "properties": {}, "updatedAt": "2026-11-02T08:00:00Z"}]})
        )
        readings, _ = poll(crm, {"contacts": {"watermark_ms": ms(START)}}, Observed(), (wide,))
        assert [each.ref.id for each in readings] == ["7"]
        assert max(len(request.body) for line, request in script.asked if "search" in line) <= 3000


class LaggingIndex(Index):
    """Shows a change only some seconds after it happened, and changes in any order; until then the version before."""

    def __init__(self, random):
        super().__init__()
        self.random, self.latest, self.coming = random, {}, []

    def change(self, number, at):
        at = self.latest[number] = max(at, self.latest.get(number, at))
        self.coming.append((at + timedelta(seconds=self.random.choice([0, 1, 5, 30, 100])), number, at))

    def show(self, now):
        for visible_at, number, at in sorted(self.coming):
            if visible_at <= now and at >= self.rows.get(number, at):
                self.put(number, at)
        self.coming = [each for each in self.coming if each[0] > now]


@pytest.mark.parametrize("seed", range(12))
def test_no_change_is_ever_lost_whatever_the_lag_the_order_and_the_stamps(seed):
    random = Random(seed)
    with scripted() as (script, crm):
        index = LaggingIndex(random)
        script.on("/search", index.search).on("archived=true", index.listing).on("account-info", answer(200, {}))
        observed = Observed()
        cursor = crm.changes([VIEW], None, observed.known).cursor
        for _ in range(30):
            for _ in range(random.choice([0, 0, 1, 3, 260])):
                back = timedelta(seconds=random.choice([0, 0, 0, 0.5, 2]))
                index.change(random.randint(1, 900), script.now - back)
            index.show(script.now)
            _, cursor = poll(crm, cursor, observed)
            script.now += timedelta(seconds=random.choice([1, 5, 15, 30]))
        for _ in range(8):
            script.now += timedelta(seconds=15)
            index.show(script.now)
            _, cursor = poll(crm, cursor, observed)
        assert observed.stamps == {str(number): at for number, at in index.latest.items()}


def test_a_pool_of_one_polls_several_wide_objects():
    names = {f"a_rather_long_property_name_{n}": Kind.TEXT for n in range(120)}
    views = [ports.View(obj, names) for obj in ("contacts", "companies", "deals")]
    start = {view.object: {"watermark_ms": ms(START)} for view in views}
    with ThreadPoolExecutor(1) as pool, scripted(executor=pool) as (script, crm):
        rows = [{"id": str(n), "properties": {}, "updatedAt": "2026-11-02T08:00:00Z"} for n in range(1, 151)]
        script.on("/search", answer(200, {"total": 150, "results": rows})).on(
            "archived=true", answer(200, {"results": []})
        )
        script.on("batch/read", answer(200, {"results": rows}))
        readings, _ = poll(crm, start, Observed(), views)
        assert len(readings) == 450
