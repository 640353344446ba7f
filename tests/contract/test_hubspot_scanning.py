"""Scanning: every record once, within the allowance of calls, wherever the ids lie (fact sheet 2.1)."""

import time
from bisect import bisect_left, bisect_right
from concurrent.futures import ThreadPoolExecutor
from random import Random
from urllib.parse import parse_qs

import pytest

from connector import ports
from connector.core.values import Kind
from tests.contract.hubspot_side import answer, scripted

VIEW = ports.View("contacts", {"email": Kind.EMAIL, "firstname": Kind.TEXT, "age": Kind.NUMBER, "born": Kind.DATE})
AT = "2026-11-02T08:00:01Z"


def record(number, **properties):
    return {"id": str(number), "properties": properties, "updatedAt": AT, "archived": False}


def found(*records):
    return answer(200, {"results": list(records)})


class Listing:
    """The list endpoint over a set of ids; `after` is the next id, or with `exclusive` the last one told."""

    def __init__(self, ids, *, exclusive=False, scrambled=False):
        self.ids, self.exclusive, self.scrambled = sorted(ids), exclusive, scrambled
        self.pages = 0

    def __call__(self, request):
        self.pages += 1
        query = parse_qs(request.query_string)
        assert query["limit"] == ["100"]
        after = int(query.get("after", ["0"])[0])
        start = (bisect_right if self.exclusive else bisect_left)(self.ids, after)
        left = self.ids[start : start + 101]
        page = left[:100]
        body = {"results": [record(each, firstname=f"N{each}") for each in page]}
        if len(left) > 100:
            body["paging"] = {"next": {"after": str(page[-1] if self.exclusive else left[100])}}
        if self.scrambled:
            body["results"].reverse()
        return answer(200, body)

    def extent(self, _request):
        return answer(200, {"total": len(self.ids), "results": [{"id": str(self.ids[-1])}]})


def clumpy(count, seed=1):
    """Ids as accounts have them: imports in clumps, far apart."""
    random, ids, at = Random(seed), set(), 100
    while len(ids) < count:
        at += random.choice([1, 1, 1, 2, 50, 100_000, 10_000_000])
        ids |= set(range(at, at + random.choice([1, 3, 500])))
        at = max(ids)
    return sorted(ids)[:count]


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("count", [0, 1, 100, 101, 1999, 12_345])
def test_a_scan_tells_every_record_once_within_a_twentieth_more_calls(count, exclusive):
    listing = Listing(clumpy(count), exclusive=exclusive)
    with ThreadPoolExecutor(8) as pool, scripted(executor=pool) as (script, crm):
        script.on("GET .*/contacts", listing).on("search", listing.extent)
        told = [int(each.ref.id) for portion in crm.scan(VIEW) for each in portion]
        assert sorted(told) == listing.ids
        assert listing.pages <= max(1, 1.05 * -(-count // 100))


def test_a_scan_keeps_overlapping_where_nearly_all_ids_lie_in_one_corner():
    corner = [10**9 + 7 * n for n in range(40_000)]
    listing = Listing([*range(1, 1001), *corner, 10**12])
    under_way, width = [0], []
    with ThreadPoolExecutor(16) as pool, scripted(executor=pool) as (script, crm):

        def slow(request):
            under_way[0] += 1
            width.append(under_way[0])
            time.sleep(0.01)
            page = listing(request)
            under_way[0] -= 1
            return page

        script.on("GET .*/contacts", slow).on("search", listing.extent)
        portions = list(crm.scan(VIEW))
        assert sorted(int(each.ref.id) for portion in portions for each in portion) == listing.ids
        assert max(map(len, portions)) < 1000
        assert listing.pages <= 1.05 * 411
        assert sum(width) / len(width) > 2


def test_a_listing_out_of_order_is_read_page_by_page_and_loses_nobody():
    listing = Listing(range(1, 5001), scrambled=True)
    with ThreadPoolExecutor(8) as pool, scripted(executor=pool) as (script, crm):
        script.on("GET .*/contacts", listing).on("search", listing.extent)
        assert {int(each.ref.id) for portion in crm.scan(VIEW) for each in portion} == set(range(1, 5001))


def test_inline_a_scan_needs_no_search():
    listing = Listing(range(1, 3001))
    with scripted() as (script, crm):
        script.on("GET .*/contacts", listing)
        assert sum(len(portion) for portion in crm.scan(VIEW)) == 3000
        assert listing.pages == 30


def test_a_view_too_wide_for_a_url_is_read_by_batch():
    wide = ports.View("contacts", {f"a_rather_long_property_name_{n}": Kind.TEXT for n in range(300)})
    with scripted() as (script, crm):
        script.on("GET .*/contacts", found(record(1), record(2)))
        script.on("batch/read", found(record(2), record(1)))
        assert [each.ref.id for portion in crm.scan(wide) for each in portion] == ["1", "2"]
        assert max(len(line) for line in script.lines()) < 200
