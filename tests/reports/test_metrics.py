"""The page a monitor reads says how it stands, alike on every database, and the docs and alerts name what is on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML
from sqlalchemy import Connection

from connector.config.secrets import Surroundings
from connector.config.settings import Settings
from connector.core.plan import Issue, IssueKind, Memory
from connector.core.policy import ActionKind
from connector.core.refs import Side, hubspot, salesforce
from connector.core.steered import Effect
from connector.reports.families import FAMILIES, Counted, Family
from connector.reports.metrics import PROMISES, STOPPED, metrics_text
from connector.storage import (
    budgets,
    cursors,
    dirty,
    duties,
    effects,
    inbox,
    issues,
    links,
    pulses,
    state,
    tallies,
    timers,
)
from connector.storage.database import Database, migrate, open_database
from connector.storage.inbox import Post
from connector.storage.links import NewLink
from connector.storage.pulses import Pulse
from connector.storage.service_tables import drift
from webhooks.measures import Measures

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
WEB = Family(  # of the process that answers webhooks
    "smarketing_webhook_seconds",
    ("endpoint", "status"),
    "Seconds from a webhook's arrival to its answer, after its row was stored.",
)
ANN, BOB, LEAD = hubspot("contacts", "77"), hubspot("contacts", "78"), salesforce("Lead", "00Q000000000001AAA")

Read = dict[tuple[str, ...], float]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = {
        "hubspot": {"access_token": "env:T", "calls_per_day": 5000, "reserve_percent": 20},
        "salesforce": {
            "login_url": "https://acme.my.salesforce.com",
            "auth": {"client_id": "a", "client_secret": "env:T"},
        },
    }
    return Settings.model_validate(found, context=Surroundings({"T": "token"}, tmp_path))


@pytest.fixture
def page(database: Database, settings: Settings) -> Callable[..., Read]:
    """What a scrape says: (name, label values in the order of their names) -> number."""

    def read(**more: Any) -> Read:
        return parsed(metrics_text(database, settings, NOW, **more))

    return read


def parsed(text: bytes) -> Read:
    return {
        (one.name, *(one.labels[label] for label in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    }


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def post(at: datetime) -> Post:
    return Post("hubspot", at, "r-1", b"[]")


def test_a_new_store_says_so_without_inventing_ages(page: Callable[..., Read], database: Database):
    found = page()
    assert found["smarketing_build_info", database.dialect, "0.1.0"] == 1
    assert found["smarketing_links",] == 0
    assert found["smarketing_dirty_records", "hot"] == 0
    assert found["smarketing_inbox_oldest_seconds",] == 0
    assert found["smarketing_processes", "worker"] == 0
    unknown = {"poll_age_seconds", "drift_age_seconds", "promises", "promises_counted_seconds"}
    assert {name[0] for name in found}.isdisjoint({f"smarketing_{name}" for name in unknown})


def busy(conn: Connection) -> None:
    links.insert(conn, [NewLink("p", ANN, LEAD, Memory())], NOW)
    cursors.put(conn, Side.HUBSPOT, {"at": 1}, ago(seconds=42))
    state.put(conn, STOPPED, {"salesforce poll.salesforce": {"why": "revoked"}})
    inbox.put(conn, post(ago(seconds=9)), post(ago(seconds=5)), post(ago(seconds=1)))
    inbox.keep(conn, inbox.unread(conn, 1)[0].id, "of another portal")
    dirty.mark(conn, [ANN], ago(minutes=2), lane=0)
    dirty.mark(conn, [BOB], NOW, due_at=NOW + timedelta(minutes=5))
    tallies.add_all(conn, {"taken.hubspot": 7, "refused.hubspot.signature": 3, "promises.breached": 2})


def test_what_waits_and_how_long(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        busy(conn)
    found = page()
    assert found["smarketing_links",] == 1
    assert found["smarketing_poll_age_seconds", "hubspot"] == 42
    assert ("smarketing_poll_age_seconds", "salesforce") not in found
    assert [found["smarketing_side_stopped", side] for side in ("hubspot", "salesforce")] == [0, 1]
    assert [found["smarketing_inbox_requests", one] for one in ("unread", "not_understood")] == [2, 1]
    assert found["smarketing_inbox_oldest_seconds",] == 5
    assert [found["smarketing_dirty_records", lane] for lane in ("hot", "ordinary")] == [1, 1]
    assert [found["smarketing_dirty_overdue_seconds", lane] for lane in ("hot", "ordinary")] == [120, 0]


def test_webhook_requests_are_told_by_source_and_outcome(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        busy(conn)
    found = page()
    told = {name[1:]: number for name, number in found.items() if name[0] == "smarketing_webhook_requests_total"}
    assert told == {("refused_signature", "hubspot"): 3, ("taken", "hubspot"): 7}


def test_counts_that_outlive_a_process_are_told_whoever_made_them(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        counted = {
            "folded.refs": 4,
            "pubsub.events": 9,
            "journal.foreign": 1,
            "failed.poll.hubspot.Transient": 2,
            "x": 1,
        }
        tallies.add_all(conn, counted)
    found = page()
    assert found["smarketing_folded_total", "refs"] == 4
    assert found["smarketing_listened_total", "pubsub", "events"] == 9
    assert found["smarketing_listened_total", "journal", "foreign"] == 1
    assert found["smarketing_duty_failures_total", "poll.hubspot", "Transient"] == 2


def test_what_needs_a_person_is_told_by_kind_and_every_kind_is_there(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        raised = [Issue(IssueKind.PARKED, (ref,), field="email") for ref in (ANN, BOB)]
        issues.raise_issues(conn, [*raised, Issue(IssueKind.HELD, (LEAD,))], NOW, None)
    found = page()
    assert found["smarketing_open_issues", "parked"] == 2
    assert found["smarketing_run_held",] == 1
    assert found["smarketing_open_issues", "edit_beats_deletion"] == 0
    assert sum(name[0] == "smarketing_open_issues" for name in found) == len(IssueKind)


def test_calls_are_counted_by_the_accounts_own_day(page: Callable[..., Read], database: Database):
    """Half past eleven in the evening of the 2nd is the 3rd in Berlin."""
    with database.begin() as conn:
        budgets.spend(conn, Side.HUBSPOT, NOW.date(), 100)
        budgets.spend(conn, Side.HUBSPOT, NOW.date() + timedelta(days=1), 30)
    assert page()["smarketing_calls_today", "hubspot"] == 100
    found = page(zones={Side.HUBSPOT: "Europe/Berlin"})
    assert found["smarketing_calls_today", "hubspot"] == 30
    assert found["smarketing_calls_limit", "hubspot"] == 5000
    assert found["smarketing_calls_reserve", "hubspot"] == 1000
    assert ("smarketing_calls_limit", "salesforce") not in found


def test_who_is_alive_and_which_duty_is_late(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        for name, kind, age in (("w1", "worker", 5), ("w2", "worker", 61), ("web1", "web", 59)):
            pulses.beat(conn, Pulse(name, kind, ago(days=1), NOW), ago(seconds=age))
        duties.put(conn, "poll.hubspot", ago(minutes=3), {})
        duties.put(conn, "audit", NOW + timedelta(hours=1), {})
        duties.put(conn, "fold", ago(days=1), {})
    found = page()
    assert [found["smarketing_processes", kind] for kind in ("worker", "web", "run")] == [1, 1, 0]
    late = {name[1]: number for name, number in found.items() if name[0] == "smarketing_duty_overdue_seconds"}
    assert late == {"poll.hubspot": 180, "audit": 0}


def test_a_duty_that_somebody_is_at_is_not_late(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        duties.put(conn, "poll.hubspot", ago(minutes=3), {})
        duties.begin(conn, "poll.hubspot", NOW, NOW + timedelta(minutes=5))
    assert page()["smarketing_duty_overdue_seconds", "poll.hubspot"] == 0


def test_promises_clocks_notices_and_the_last_audit(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        timers.put(conn, {ANN: ago(seconds=1), BOB: NOW + timedelta(days=1)})
        state.put(conn, PROMISES, {"at": ago(minutes=10).isoformat(), "open": {"running": 4, "breached": 1}})
        tallies.add(conn, "promises.breached", 2)
        effects.add(conn, [Effect("k", ActionKind.NOTIFY, "sales", ANN, "s")], NOW)
        for at, differing in ((ago(hours=5), 90), (ago(hours=1), 3)):
            stamp = int(at.timestamp() * 1_000_000)
            conn.execute(drift.insert().values(at=stamp, compared=200, differing=differing, body=b"{}"))
    found = page()
    assert (found["smarketing_clocks_ahead",], found["smarketing_clocks_due",]) == (2, 1)
    assert found["smarketing_promises", "running"] == 4
    assert found["smarketing_promises_counted_seconds",] == 600
    assert found["smarketing_promises_breached_total",] == 2
    assert [found["smarketing_effects", one] for one in ("waiting", "failed")] == [1, 0]
    assert [found["smarketing_drift_pairs", one] for one in ("compared", "differing")] == [200, 3]
    assert found["smarketing_drift_age_seconds",] == 3600


def test_no_number_carries_an_id_or_a_name(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        busy(conn)
        issues.raise_issues(conn, [Issue(IssueKind.PARKED, (ANN,), field="email", value="ada@x.example")], NOW, None)
    labels = {label for name in page() for label in name[1:]}
    assert [label for label in labels if re.search(r"@|\d{3}|hubspot:|77", label)] == []


def test_names_are_prometheus_names():
    for name, family in FAMILIES.items():
        assert re.fullmatch(r"smarketing_[a-z]+(_[a-z]+)*", name)
        assert not name.endswith("_total"), "added for counters"
        assert family.help[0].isupper() or family.help[0].isdigit()
        assert family.help.endswith(".")
        assert ("age" in name or "overdue" in name or "oldest" in name) <= name.endswith("_seconds")


def exposed() -> set[str]:
    """As they stand on the page."""
    return {on_the_page(one) for one in FAMILIES.values()} | {WEB.name}


def on_the_page(family: Family) -> str:
    return f"{family.name}_total" if isinstance(family, Counted) else family.name


def test_the_web_application_adds_how_long_webhooks_took():
    measures = Measures()
    measures.answered("hubspot", 200, 0.003)
    family, *others = text_string_to_metric_families(measures.text().decode())
    assert (family.name, family.documentation) == (WEB.name, WEB.help)
    assert set(WEB.labels) <= set(family.samples[0].labels)
    assert {one.name for one in others} <= {f"{WEB.name}_created"}


def test_the_docs_tell_of_every_metric_what_it_says_of_itself():
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(smarketing_\w+)` \| ([^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    told = {name: (labels.replace("`", ""), words) for name, labels, words in rows}
    families = {**FAMILIES, WEB.name: WEB}
    own = {on_the_page(one): (", ".join(one.labels), one.help) for one in families.values()}
    assert told == own


def test_alerts_ask_for_metrics_and_labels_that_exist(page: Callable[..., Read], database: Database):
    rules = YAML(typ="safe").load((ROOT / "deploy" / "monitoring" / "smarketing-alerts.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) > 10
    buckets = {f"{WEB.name}_{part}" for part in ("bucket", "count", "sum")}
    for rule in alerts:
        asked = set(re.findall(r"smarketing_\w+", rule["expr"]))
        assert asked, rule
        assert asked - exposed() - buckets == set(), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "action"}
        for name, label in re.findall(r"(smarketing_\w+)\{(\w+)=", rule["expr"]):
            assert label in FAMILIES[name.removesuffix("_total")].labels
        for label in re.findall(r"by \((\w+)\)", rule["expr"]):
            known = {one for name in asked - buckets for one in FAMILIES[name.removesuffix("_total")].labels}
            assert label in known | {"le"}
        for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
            assert f"by ({label})" in rule["expr"]


def test_the_words_alerts_ask_for_are_words_the_page_says(page: Callable[..., Read], database: Database):
    with database.begin() as conn:
        busy(conn)
        conn.execute(drift.insert().values(at=1, compared=200, differing=1, body=b"{}"))
    found = page()
    text = (ROOT / "deploy" / "monitoring" / "smarketing-alerts.yaml").read_text()
    asked = re.findall(r'(smarketing_\w+)\{\w+=~?"([\w|]+)"\}', text)
    assert len(asked) > 5
    for name, words in asked:
        said = {label for one in found if one[0] == name for label in one[1:]}
        assert set(words.split("|")) <= said, name


def test_a_hundred_thousand_links_are_counted_while_nobody_notices(
    new_database_url: Callable[[str], str], settings: Settings
):
    """About 10 ms on one core of 2026; the bound has room for a busy machine, not for a walk over people."""
    database = open_database(new_database_url("file"))
    migrate(database)
    with database.begin() as conn:
        raw = conn.connection.driver_connection
        people = [(f"hubspot:contacts:{one}", f"salesforce:Lead:{one:018}") for one in range(100_000)]
        raw.executemany(
            "INSERT INTO links(pair, hubspot, salesforce, memory, version, stopped, linked_at) "
            "VALUES ('p', ?, ?, zeroblob(300), 1, 0, 0)",
            people,
        )
        raw.executemany("INSERT INTO timers(key, due_at) VALUES (?, 9e15)", [(one,) for one, _ in people])
    took = []
    for _ in range(5):
        began = perf_counter()
        text = metrics_text(database, settings, NOW)
        took.append(perf_counter() - began)
    database.close()
    assert parsed(text)["smarketing_links",] == 100_000
    assert min(took) < 0.06
