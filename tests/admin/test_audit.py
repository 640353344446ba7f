"""The audit: every act of a person is there, in plain words, newest first; and what a spreadsheet gets is harmless."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.admin.roles import Role
from connector.core.refs import Ref, Side
from connector.engine.story import ACT
from connector.reports import acts as reports
from connector.reports.acts import Asked
from connector.storage import events, runs
from connector.storage.database import Database
from connector.storage.events import Event
from tests.admin.door import NOON, Front, front

ANN, LEAD = Ref(Side.HUBSPOT, "contacts", "7"), Ref(Side.SALESFORCE, "Lead", "00Q000000000007AAA")
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Some days of acts and runs."""
    with front(tmp_path_factory.mktemp("front")) as found:
        found.user("vera", Role.VIEWER)
        with found.database.begin() as conn:
            conn.execute(text("DELETE FROM events"))
            did(conn, 1, {"act": "settle", "rule": "job_title", "winner": "hubspot", "by": "ada (web)"}, ANN, LEAD)
            did(conn, 2, {"act": "unpark", "field": "Title", "by": "bob"}, ANN)
            events.append(conn, [Event(NOON + 3 * MINUTE, "updated", ANN, LEAD, 1, {"by": "ada (web)"})])
            did(conn, 4, {"act": "persona", "persona": '=HYPERLINK("http://bad")', "by": "=cmd()"}, ANN)
            run(conn, 5, "undo", "ada (web)", {"updated_salesforce": 2})
            run(conn, 6, "worker", "smarketing run", {"updated_salesforce": 9})
            did(conn, 7, {"act": "user add", "user": "eve", "role": "viewer", "by": "ada (web)"})
            did(conn, 8, {"act": "something new", "what_for": "tests", "by": "adam"})
        found.watch.on(hours=2)
        yield found


def did(conn: Any, minutes: int, payload: dict[str, Any], *refs: Ref) -> None:
    ends = {ref.side: ref for ref in refs}
    row = Event(NOON + minutes * MINUTE, ACT, ends.get(Side.HUBSPOT), ends.get(Side.SALESFORCE), None, payload)
    events.append(conn, [row])


def run(conn: Any, minutes: int, kind: str, by: str, counts: dict[str, int]) -> None:
    at = NOON + minutes * MINUTE
    runs.finish(conn, runs.start(conn, kind, at, by, "digest"), at, "done", counts)


def told(database: Database, limit: int = 100, **asked: Any) -> list[str]:
    with database.read() as conn:
        return [deed.words for deed in reports.page(conn, Asked(**asked), limit).deeds]


ALL = [
    "something new (what for tests)",
    "added a user (user eve, role viewer)",
    "began run 1 (Undo): done, wrote 2 records",
    'chose the persona =HYPERLINK("http://bad")',
    "asked to try Title again",
    "settled job_title: the value of HubSpot stands",
]


def test_acts_and_the_runs_of_people_are_told_newest_first_and_nothing_else(shop: Front) -> None:
    assert [one for one in told(shop.database) if "sign" not in one] == ALL


def test_the_audit_is_narrowed_by_who_what_and_when(shop: Front) -> None:
    store = shop.database
    assert told(store, by="ada (") == [ALL[1], ALL[2], ALL[5]]
    assert told(store, by="ada") == [ALL[0], ALL[1], ALL[2], ALL[5]]
    assert told(store, by='ada"') == told(store, by="da") == []
    assert told(store, act="unpark") == [ALL[4]]
    assert told(store, act="run") == [ALL[2]]
    assert told(store, act="run", by="bob") == []
    assert told(store, since=NOON + 2 * MINUTE, until=NOON + 7 * MINUTE) == ALL[2:5]


def test_pages_of_two_streams_have_no_gap_and_no_repeat(shop: Front) -> None:
    found: list[str] = []
    after = ""
    while True:
        with shop.database.read() as conn:
            page = reports.page(conn, Asked(after=after, until=NOON + 60 * MINUTE), 2)
        assert len(page.deeds) <= 2
        found += [deed.words for deed in page.deeds]
        if not page.after:
            break
        after = page.after
    assert [one for one in found if "sign" not in one] == ALL


def test_acts_are_found_by_an_index_of_their_own(shop: Front) -> None:
    """Among a million events a page of acts must not look at all of them."""
    asked = "SELECT id FROM events WHERE kind = 'act' ORDER BY id DESC LIMIT 51"
    of_run = "SELECT id FROM events WHERE id > 0 AND run_id = 3 ORDER BY id LIMIT 51"
    with shop.database.read() as conn:
        plans = [str(list(conn.execute(text(f"EXPLAIN QUERY PLAN {one}")))) for one in (asked, of_run)]
    assert "events_acts" in plans[0]
    assert "events_run" in plans[1]
    assert "TEMP B-TREE" not in "".join(plans)


def test_whoever_may_look_sees_it_and_a_stranger_does_not(shop: Front) -> None:
    vera = shop.signed_in("vera")
    shown = vera.get("/admin/audit").text
    for words in ("Settled job_title: the value of HubSpot stands", "ada (web)", "/admin/runs/1", "contacts 7"):
        assert words in shown
    assert "smarketing run" not in shown
    narrowed = vera.get("/admin/audit?act=unpark&by=bob").text
    assert "Asked to try Title again" in narrowed
    assert "Settled job_title" not in narrowed
    assert "Nobody did anything like that." in vera.get("/admin/audit?by=nobody").text
    assert shop.client().get("/admin/audit").status_code in {302, 303, 401}
    assert shop.client().get("/admin/audit.csv").status_code in {302, 303, 401}


def test_a_table_for_spreadsheets_holds_all_of_it_and_no_formula(shop: Front) -> None:
    answer = shop.signed_in("vera").get("/admin/audit.csv?until=2026-11-02T13:00Z")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    head, *rows = csv.reader(answer.text.splitlines())
    assert head == ["when (UTC)", "who", "act", "what", "HubSpot record", "Salesforce record", "run"]
    told_rows = [row for row in rows if "sign" not in row[2]]
    assert [row[3] for row in told_rows] == ALL
    assert told_rows[-1][4:6] == [str(ANN), str(LEAD)]
    assert told_rows[3][1] == "'=cmd()"
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "-", "@"))]


def test_nonsense_in_the_address_is_told_and_breaks_nothing(shop: Front) -> None:
    vera = shop.signed_in("vera")
    answer = vera.get("/admin/audit?since=yesterday")
    assert (answer.status_code, "is no time" in answer.text) == (422, True)
    assert vera.get("/admin/audit.csv?until=soon").status_code == 400
    for after in ("x", "1", "1.2.3", "9" * 40 + ".", "-1.", "%27.1"):
        assert vera.get(f"/admin/audit?after={after}").status_code == 400, after
    assert vera.get("/admin/audit?by=%00%27%22%25&act=%00").status_code == 200
    assert "<script>" not in vera.get("/admin/audit?by=<script>alert(1)</script>").text
