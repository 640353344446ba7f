"""The queue: people see what waits and why, see the effect of an act before it is done, and act on one or on many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page

from connector.admin.roles import Role
from connector.bootstrap import open_installation
from connector.core.guards import Limits
from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.core.steered import Effect
from connector.engine import unsent
from connector.engine.run import Run
from connector.engine.story import ACT
from connector.storage import alike, dirty, effects, events, inbox, issues
from connector.storage.alike import Heap
from connector.storage.effects import Settled, State
from connector.storage.events import Event
from connector.storage.inbox import Post
from tests.admin.conftest import Opens
from tests.admin.house import Client, House

Clients = Callable[[Role | None], Client]


def heap(house: House, kind: IssueKind, field: str = "") -> Heap:
    with house.database.read() as conn:
        found = [one for one in alike.heaps(conn, 100) if one.first.issue.kind is kind]
    return next(one for one in found if field in ("", one.first.issue.field, one.first.issue.rule))


def number_about(house: House, found: Heap, name: str) -> int:
    ref = house.contact(name)
    with house.database.read() as conn:
        return next(one.id for one in alike.page(conn, found.alike, 0, 1000) if ref in one.issue.refs)


def acts(house: House) -> list[Event]:
    with house.database.read() as conn:
        return [one for one in events.wanted(conn, events.Wanted(), 0, 100_000) if one.kind == ACT]


def after(client: Client, path: str) -> str:
    """What the queue says once something was sent there."""
    assert client.act(path).status_code == 302
    return client.get("/admin/queue").text


@pytest.fixture
def conflicts(house: House) -> Heap:
    return heap(house, IssueKind.CONFLICT)


@pytest.fixture
def odd(house: House) -> Iterator[Issue]:
    """Something that nobody would write but somebody who means harm."""
    said = '<script>alert("x")</script>'
    found = Issue(IssueKind.PARKED, (house.contact("Hugo Blanc"),), side=Side.SALESFORCE, field="Odd", value=said,
                  reason=f"no {said}", code="ODD", hint=said)  # fmt: skip
    with house.database.begin() as conn:
        issues.raise_issues(conn, [found], house.past.now(), None)
    yield found
    with house.database.begin() as conn:
        issues.close_for(conn, found.refs, [IssueKind.PARKED], house.past.now(), "the test is over")


def test_whoever_may_look_sees_what_waits_with_both_values_and_why(client: Clients, house: House, conflicts: Heap):
    shown = client(Role.VIEWER).get("/admin/queue").text
    for words in ("would create 4 records; the limit is 3", "Conflicts", "job_title", "Refused values", "Could be the"):
        assert words in shown
    listed = client(Role.VIEWER).get(f"/admin/queue/{conflicts.alike}").text
    for words in ("Chief Marketing Officer", "VP Marketing", "nadia@brandt-optics.example", "policy: manual"):
        assert words in listed
    assert 'name="pick"' not in listed
    assert "values stand" not in listed
    assert (
        "Compare and link" not in client(Role.VIEWER).get(f"/admin/queue/{heap(house, IssueKind.AMBIGUOUS).alike}").text
    )


def test_the_queue_is_narrowed_by_kind_field_and_reason(client: Clients):
    look = client(Role.VIEWER)
    by_kind = look.get("/admin/queue?kind=conflict").text
    assert "job_title" in by_kind
    assert "this owner has no active counterpart" not in by_kind
    by_field = look.get("/admin/queue?field=OwnerId").text
    assert "OwnerId" in by_field
    assert "job_title" not in by_field
    by_reason = look.get("/admin/queue?words=CHARACTERS").text
    assert "the other side takes 128" in by_reason
    assert "hubspot_owner_id" not in by_reason
    assert "Nothing fits." in look.get("/admin/queue?words=nonsense").text


def test_a_viewer_may_not_act_and_a_stranger_not_look(client: Clients, conflicts: Heap):
    path = f"/admin/queue/{conflicts.alike}"
    viewer = client(Role.VIEWER)
    assert viewer.get(f"{path}/effect?act=settle-hubspot&all=yes").status_code == 403
    posts = (f"{path}/act", "/admin/queue/retry", "/admin/queue/post/again", "/admin/queue/post/drop")
    assert [viewer.act(one).status_code for one in posts] == [403] * 4
    assert client(None).get(path).status_code in {302, 303, 401}


def test_the_effect_is_shown_first_and_decides_nothing(client: Clients, house: House, conflicts: Heap):
    number = number_about(house, conflicts, "Nadia Brandt")
    shown = client(Role.OPERATOR).get(f"/admin/queue/{conflicts.alike}/effect?act=settle-hubspot&pick={number}").text
    assert "VP Marketing" in shown
    assert "Chief Marketing Officer" in shown
    assert "Technical Director" not in shown
    assert house.record(Side.SALESFORCE, "Nadia Brandt")["Title"] == "VP Marketing"
    with house.database.read() as conn:
        (stored,) = alike.by_ids(conn, [number])
    assert stored.decision is None


def test_a_value_that_has_changed_since_is_told_before_anybody_decides(client: Clients, house: House, conflicts: Heap):
    house.past.markets("Tomas Lind", jobtitle="Chief of Optics")
    number = number_about(house, conflicts, "Tomas Lind")
    shown = client(Role.OPERATOR).get(f"/admin/queue/{conflicts.alike}/effect?act=settle-hubspot&pick={number}").text
    assert "The values have changed since this was asked" in shown
    house.past.markets("Tomas Lind", jobtitle="CTO")


def test_what_does_not_fit_is_refused_and_changes_nothing(client: Clients, house: House, conflicts: Heap):
    operator, path = client(Role.OPERATOR), f"/admin/queue/{conflicts.alike}"
    before = acts(house)
    for query in ("act=drop-everything&all=yes", "act=unpark&all=yes", "act=settle-hubspot&pick=1%20OR%201", "all=yes"):
        assert operator.get(f"{path}/effect?{query}").status_code == 400, query
    assert operator.act(f"{path}/act", act="settle-hubspot", pick=["-1"]).status_code == 400
    assert operator.act(f"{path}/act", act="settle-hubspot", pick=["9" * 30]).status_code == 400
    assert operator.act(f"{path}/act", act="settle-hubspot", all="yes", through="x").status_code == 400
    assert operator.get("/admin/queue/%00nonsense").status_code == 404
    assert operator.get("/admin/queue/..%2f..%2fetc").status_code == 404
    assert operator.get(f"{path}?after=x").status_code == 400
    assert operator.post(f"{path}/act", data={"act": "settle-hubspot", "all": "yes"}).status_code == 400, "no token"
    assert acts(house) == before


def test_words_of_strangers_are_shown_and_never_run(client: Clients, house: House, odd: Issue):
    for path in ("/admin/queue", f"/admin/queue/{heap(house, IssueKind.PARKED, odd.field).alike}"):
        shown = client(Role.OPERATOR).get(path).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown


def test_what_was_settled_meanwhile_is_told_and_not_failed(client: Clients, house: House, odd: Issue):
    found = heap(house, IssueKind.PARKED, odd.field)
    number = str(found.first.id)
    with house.database.begin() as conn:
        issues.close(conn, [found.first.id], house.past.now(), "somebody was faster")
    operator, path = client(Role.OPERATOR), f"/admin/queue/{found.alike}"
    told = operator.get(f"{path}/effect?act=unpark&pick={number}", follow_redirects=True).text
    assert "settled meanwhile" in told
    assert "Nothing of this sort waits any more." in told
    assert operator.act(f"{path}/act", act="unpark", pick=[number]).status_code == 302
    told = operator.get("/admin/queue").text
    assert "Nothing was left to do. 1 was settled meanwhile and left alone." in told


def test_all_of_a_sort_means_those_that_were_there_when_the_effect_was_shown(client: Clients, house: House, odd: Issue):
    found = heap(house, IssueKind.PARKED, odd.field)
    late = replace(odd, refs=(house.contact("Priya Nair"),))
    with house.database.begin() as conn:
        issues.raise_issues(conn, [late], house.past.now(), None)
    form = {"act": "unpark", "all": "yes", "through": str(found.first.id)}
    assert client(Role.OPERATOR).act(f"/admin/queue/{found.alike}/act", **form).status_code == 302
    with house.database.begin() as conn:
        left = alike.page(conn, found.alike, 0, 10)
        assert [one.issue.refs for one in left] == [late.refs]
        issues.close(conn, [one.id for one in left], house.past.now(), "the test is over")
    assert acts(house)[-1].payload == {"act": "unpark", "field": "Odd", "by": "otto (web)"}


def test_refused_values_are_tried_again_and_the_effect_says_when_that_will_not_help(client: Clients, house: House):
    found = heap(house, IssueKind.PARKED, "Title")
    path = f"/admin/queue/{found.alike}"
    shown = client(Role.OPERATOR).get(f"{path}/effect?act=unpark&all=yes").text
    assert "the other side takes 128" in shown
    assert "No value will be written for it." in shown
    looked = client(Role.OPERATOR).get(f"{path}/effect?act=look-again&pick={found.first.id}").text
    assert "What would be written" in looked


def test_records_that_could_be_the_same_lead_to_where_they_are_compared(client: Clients, house: House):
    found = heap(house, IssueKind.AMBIGUOUS)
    shown = client(Role.OPERATOR).get(f"/admin/queue/{found.alike}").text
    about, other, *_ = found.first.issue.refs
    assert f"/admin/people/{about}/link?to={other}".replace(":", "%3A") in shown.replace(":", "%3A")


def test_messages_that_were_not_sent_are_sent_again_or_rest(client: Clients, house: House):
    now = house.past.now()
    said = Effect("news", ActionKind.NOTIFY, "sales-room", house.contact("Ada Moreno"), "A lead waits", "call", {})
    with house.database.begin() as conn:
        effects.add(conn, [said], now)
        claims = effects.claim(conn, ActionKind.NOTIFY, now, 10)
    with open_installation(house.past.config, house.past.around, connect=False) as opened:
        failed = [Settled(one, State.FAILED, "no route", "mend it") for one in claims if one.effect.to == "sales-room"]
        unsent.settle(opened.bridge, Run(1, Limits()), failed)
    found = heap(house, IssueKind.UNSENT)
    operator, path = client(Role.OPERATOR), f"/admin/queue/{found.alike}"
    shown = operator.get(f"{path}/effect?act=send-again&pick={found.first.id}").text
    assert "A lead waits" in shown
    assert "no route" in shown
    operator.act(f"{path}/act", act="send-again", pick=[str(found.first.id)])
    with house.database.read() as conn:
        assert [one.effect.to for one in effects.listed(conn, State.WAITING, 100) if one.effect.to == "sales-room"]
        assert alike.extent(conn, found.alike) == (0, 0)
    told = {"act": "send again", "state": "failed", "to": "sales-room", "number": 1, "by": "otto (web)"}
    assert acts(house)[-1].payload == told


def test_what_waits_for_a_pause_is_shown_and_hurried(client: Clients, house: House):
    ref, now = Ref(Side.HUBSPOT, "contacts", "999"), house.past.now()
    with house.database.begin() as conn:
        dirty.mark(conn, [ref], now, lane=0)
        claims = [one for one in dirty.claim(conn, now, 1_000, now.replace(year=now.year + 1)) if one.ref == ref]
        dirty.retry(conn, claims, now.replace(year=now.year + 1), "HubSpot did not answer")
        dirty.free(conn, range(64))
    operator = client(Role.OPERATOR)
    assert "HubSpot did not answer" in operator.get("/admin/queue").text
    assert "due now" in after(operator, "/admin/queue/retry")
    assert acts(house)[-1].payload["act"] == "retry"
    with house.database.begin() as conn:
        assert [one.due_at for one in dirty.sample(conn, 1_000) if one.ref == ref] == [now]
        dirty.forget(conn, [ref])


def test_post_that_was_not_understood_is_read_again_or_thrown_away_once_it_is_said_twice(client: Clients, house: House):
    with house.database.begin() as conn:
        inbox.put(conn, *(Post("events", house.past.now(), str(number), b"?") for number in range(2)))
        first, second = inbox.unread(conn, 10)
        for one in (first, second):
            inbox.keep(conn, one.id, "no change event")
    operator = client(Role.OPERATOR)
    assert "no change event" in operator.get("/admin/queue").text
    assert "Throw away 1 request" in operator.act("/admin/queue/post/drop", pick=[str(first.id)]).text
    with house.database.read() as conn:
        assert inbox.not_understood(conn) == 2
    assert "Tick the requests first" in after(operator, "/admin/queue/post/drop")
    operator.act("/admin/queue/post/drop", pick=[str(first.id)], sure="yes")
    assert "1 request will be read once more" in after(operator, "/admin/queue/post/again")
    with house.database.begin() as conn:
        assert (inbox.not_understood(conn), [one.id for one in inbox.unread(conn, 10)]) == (0, [second.id])
        inbox.done(conn, [second.id])
    assert [one.payload["act"] for one in acts(house)[-2:]] == ["inbox drop", "inbox again"]


def test_an_operator_settles_one_conflict_in_the_browser(
    page: Opens, house: House, conflicts: Heap, axe: Callable[[Page], None]
):
    seen = page(Role.OPERATOR, "/admin/queue")
    axe(seen)
    seen.get_by_role("link", name="job_title").click()
    axe(seen)
    seen.get_by_label("nadia@brandt-optics.example").check()
    seen.get_by_role("button", name="Salesforce's values stand").click()
    axe(seen)
    assert "Chief Marketing Officer" in seen.inner_text("main")
    assert "Technical Director" not in seen.inner_text("main")
    seen.get_by_role("button", name="Salesforce's values stand").click()
    assert "1 thing decided for Salesforce. The next pass does it." in seen.inner_text("main")
    assert "decided for Salesforce" in seen.locator("tr", has_text="nadia@").inner_text()
    with house.database.read() as conn:
        assert [one.decision for one in alike.page(conn, conflicts.alike, 0, 100) if one.decision] == ["salesforce"]
    told = {"act": "settle", "rule": "job_title", "winner": "salesforce", "by": "otto (web)"}
    assert acts(house)[-1].payload == told


def test_all_of_a_page_is_ticked_at_once_and_the_queue_fits_a_phone_in_the_dark(
    page: Opens, conflicts: Heap, axe: Callable[[Page], None]
):
    seen = page(Role.OPERATOR, f"/admin/queue/{conflicts.alike}", wide=390, scheme="dark")
    seen.get_by_label("All of this page").check()
    assert seen.locator('input[name="pick"]:checked').count() == seen.locator('input[name="pick"]').count() > 1
    axe(seen)
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390
    seen.goto("/admin/queue")
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_held_run_is_looked_at_and_let_go_on_and_what_was_settled_is_done(
    page: Opens, client: Clients, house: House, conflicts: Heap, axe: Callable[[Page], None]
):
    with_guests = [one.values["Email"] for one in house.past.world.people("salesforce") if one.values.get("Email")]
    assert "guest4@trade-fair.example" not in with_guests
    form = {"act": "settle-hubspot", "pick": [str(number_about(house, conflicts, "Tomas Lind"))]}
    client(Role.OPERATOR).act(f"/admin/queue/{conflicts.alike}/act", **form)
    seen = page(Role.OPERATOR, "/admin/queue")
    seen.get_by_role("link", name="Look and decide").click()
    seen.get_by_role("button", name="See what would be written").click()
    seen.get_by_role("button", name="Let it go on").wait_for()
    axe(seen)
    assert "guest4@trade-fair.example" in seen.inner_text("main")
    seen.get_by_role("button", name="Let it go on").click()
    seen.get_by_text("Done. What waits").wait_for()
    axe(seen)
    now_there = [one.values.get("Email") for one in house.past.world.people("salesforce")]
    assert "guest4@trade-fair.example" in now_there
    with house.database.read() as conn:
        assert IssueKind.HELD not in issues.counts(conn)
    assert house.record(Side.SALESFORCE, "Tomas Lind")["Title"] == "CTO"
