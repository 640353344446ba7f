"""Journeys as files and as words: every kind of entry goes there and back, and reads as a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import orjson
import pytest

from connector.config.definition import definition_of
from connector.config.init import write_starter
from connector.config.load import load
from connector.core import refs
from connector.core.definition import Definition
from connector.core.journey import (
    Answered,
    Asked,
    Channel,
    Dealt,
    Entry,
    Fired,
    Handed,
    Named,
    Ruled,
    Seen,
    Told,
    Touched,
    Verdict,
    What,
)
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Side
from connector.core.values import Kind as FieldKind
from connector.errors import Refused
from connector.reports import history, journeys

AT = datetime(2026, 11, 2, 9, 30, 0, 123000, tzinfo=UTC)
ANN, LEAD = refs.hubspot("contacts", "1"), refs.salesforce("Lead", "00Q5g00000AbcdeEAB")
SAID: dict[str, tuple[What, str]] = {
    "seen": (Seen({"b": None, "a": "x"}), "HubSpot says a = x, b = blank"),
    "history": (Seen({"a": "x"}, first=True), "HubSpot was met with a = x"),
    "told": (Told({"a": "x"}), "HubSpot was told a = x"),
    "call": (Touched(Channel.CALL, outbound=True, human=True, by="Ann"), "call to them, by Ann"),
    "robot": (
        Touched(Channel.EMAIL, outbound=True, human=False),
        "email to them, sent by a machine: keeps no promise",
    ),
    "reply": (Touched(Channel.EMAIL, outbound=False, human=True), "email from them"),
    "won": (Dealt("7", "closedwon", closed=True, won=True, amount="1200.5"), "deal 7 is won in closedwon, 1200.5"),
    "lost": (Dealt("7", "closedlost", closed=True, won=False), "deal 7 is lost in closedlost"),
    "open": (Dealt("7", "offer", closed=False, won=False), "deal 7 is open in offer"),
    "moved": (
        Ruled("mql", Mover.AUTOMATIC, Kind.FORWARD, evidence="score", start="lead"),
        "moved on to MQL, by automatic",
    ),
    "back": (Ruled("mql", Mover.SALES, Kind.BACKWARD), "moved back to MQL, by sales"),
    "again": (Ruled("mql", Mover.AUTOMATIC, Kind.RE_ENTER), "came back in as MQL, by automatic"),
    "recycled": (
        Ruled("recycled", Mover.SALES, Kind.RECYCLE, reason="timing", revisit=date(2027, 1, 4), comment="spring"),
        "recycled: recycled, by sales",
    ),
    "out": (Ruled("out", Mover.SALES, Kind.DISQUALIFY, version="v1"), "disqualified: out, by sales"),
    "refused": (Ruled("mql", Mover.SALES, None, refused="there is no way"), "MQL by sales refused: there is no way"),
    "begun": (Ruled("mql", Mover.MARKETING, None, first=True), "is MQL, by marketing (so before the lifecycle began)"),
    "answer": (
        Answered(Verdict.RECYCLE, "timing", "spring", date(2027, 1, 4), "005"),
        "answer: recycle, reason timing, until 2027-01-04, “spring”, by Anne",
    ),
    "asked no more": (Asked(Verdict.REJECT, ()), "answer reject was taken back before it was complete"),
    "asked": (Asked(Verdict.REJECT, ("reason", "comment")), "answer reject is incomplete, asked for: reason, comment"),
    "handed": (Handed("005", "inbound", ("Score: 90",)), "handed to Anne (005), rule inbound"),
    "escalated": (Handed("006", "", policy="first_touch"), "handed to 006, policy first_touch"),
    "named": (Named("buyer"), "persona chosen by hand: buyer"),
    "unnamed": (Named(""), "persona left to the rules again"),
    "fired": (Fired("first_touch|breach"), "set off: first_touch|breach"),
    "late": (
        Fired("first_touch|2026-11-02T09:00:00+00:00|breach|notify:sales"),
        "set off, as first_touch is late: notify sales",
    ),
    "warned": (
        Fired("next_step|2026-11-02T09:00:00+00:00|again1|warn0|task:"),
        "set off, as next_step is soon due: task",
    ),
    "task": (Fired("handoff:0"), "set off: a task, for a new lead"),
}  # fmt: skip


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    folder = tmp_path_factory.mktemp("shipped")
    write_starter(folder)
    env = {"HUBSPOT_TOKEN": "-", "SALESFORCE_CLIENT_SECRET": "-"}
    found = definition_of(load(folder / "config.yaml", env))
    assert found
    return found


def entry(what: What, ref: refs.Ref = ANN) -> Entry:
    return Entry(ref, AT, AT + timedelta(seconds=5), what, key="ruled:1")


@pytest.mark.parametrize("name", SAID)
def test_an_entry_goes_into_a_file_and_back(name: str):
    one = entry(SAID[name][0])
    assert history.entry_of(history.entry_row(one)) == one


@pytest.mark.parametrize("name", SAID)
def test_an_entry_reads_as_a_sentence(name: str):
    what, words = SAID[name]
    assert journeys.words(entry(what), {"mql": "MQL"}, {"005": "Anne"}) == words


def test_every_kind_of_entry_is_tried():
    assert {type(what) for what, _ in SAID.values()} == set(history.KINDS.values())


def test_a_move_tells_its_evidence_reason_and_date():
    assert journeys.evidence(entry(SAID["recycled"][0])) == "reason timing; until 2027-01-04; “spring”"
    assert journeys.evidence(entry(SAID["handed"][0])) == "Score: 90"
    assert journeys.evidence(entry(SAID["call"][0])) == ""


def test_whole_histories_go_into_a_file_and_back(definition: Definition):
    people = [
        ((ANN, LEAD), [entry(what) for what, _ in SAID.values()]),
        ((refs.hubspot("contacts", "2"),), [entry(Named("x"))]),
    ]
    file = BytesIO()
    assert history.write(file, definition, (AT, AT), people) == 2
    lines = iter(file.getvalue().splitlines(keepends=True))
    head = history.read_head(lines, "file")
    assert head.lifecycle == definition.version
    assert "lifecyclestage" in head.watched["hubspot:contacts"]
    assert [(refs_, list(entries)) for refs_, entries in history.read_people(lines, "file")] == people


@pytest.mark.parametrize(
    "row",
    [
        {"at": "2026-11-02T09:30:00", "seen_at": "2026-11-02T09:30:00", "is": "named", "persona": "x"},
        {"at": "2026-11-02T09:30:00Z", "seen_at": "2026-11-02T09:30:00Z", "is": "danced"},
        {"at": "2026-11-02T09:30:00Z", "seen_at": "2026-11-02T09:30:00Z", "is": "handed"},
    ],
    ids=["a time without its offset", "a kind nobody knows", "a part that is missing"],
)
def test_a_line_that_cannot_be_understood_is_told_with_its_number(row: dict[str, Any]):
    line = b'{"person": ["hubspot:contacts:1"], "entries": [%s]}' % orjson.dumps({"ref": str(ANN), **row})
    with pytest.raises(Refused, match="file, line 3: is no person's journey"):
        list(history.read_people(iter([b"\n", line]), "file"))


def test_the_bridges_own_words_are_no_news():
    place = (Side.HUBSPOT, "contacts")
    watched = {place: {"due": FieldKind.DATETIME, "state": FieldKind.TEXT, "stage": FieldKind.TEXT}}
    told = entry(Told({"due": "2026-11-02T13:00:00.587Z", "state": "running"}))
    seen = entry(Seen({"due": "2026-11-02T13:00:00Z", "state": "running", "stage": "mql"}))
    echo = entry(Seen({"state": "running"}))
    (news,) = journeys.news([told, seen, echo], watched)
    assert news.what == Seen({"stage": "mql"})


def test_what_somebody_wrote_over_the_bridges_word_is_news():
    told, seen = entry(Told({"state": "running"})), entry(Seen({"state": "done"}))
    assert journeys.news([told, seen], {}) == [seen]
