"""What the demo edits in the shipped files: each edit finds its line, and the result means what the story tells."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from connector.config.definition import definition_of
from connector.config.init import write_starter
from connector.config.load import Loaded, load
from connector.config.sla import policies_of
from connector.core.policy import ActionKind, Span, Unit

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SECRETS = {"HUBSPOT_TOKEN": "-", "SALESFORCE_CLIENT_SECRET": "-", "SALES_CHAT_URL": "json://127.0.0.1:1/"}


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("demo_lead")


@pytest.fixture
def agreed(story: ModuleType, tmp_path: Path) -> Loaded:
    write_starter(tmp_path)
    story.agree(tmp_path)
    return load(tmp_path / "config.yaml", SECRETS)


def test_two_reps_take_turns_and_a_score_makes_an_mql(agreed: Loaded, story: ModuleType):
    definition = definition_of(agreed)
    assert definition
    assert definition.handoff
    assert definition.handoff.fallback
    assert definition.handoff.fallback.owners == (story.BORIS, story.CHEN)
    assert "mql" in definition.criteria


def test_a_late_first_touch_is_told_to_sales_and_given_to_another_rep(agreed: Loaded):
    promises = policies_of(agreed, None, datetime(2026, 11, 2, tzinfo=UTC))
    assert promises
    policy = promises.policies["first_touch"]
    assert [one.span for one in policy.targets] == [Span(4, Unit.BUSINESS_HOURS)]
    assert [one.percent for one in policy.warnings] == [75]
    assert [(one.kind, one.to) for one in policy.on_warning] == [(ActionKind.NOTIFY, "sales")]
    assert [one.kind for one in policy.on_breach] == [ActionKind.NOTIFY, ActionKind.REASSIGN]
    assert policy.on_breach[1].cap == 1
    assert list(agreed.settings.notifications) == ["sales"]


def test_comments_stay(agreed: Loaded, tmp_path: Path):
    assert agreed.settings
    text = (tmp_path / "mappings" / "sla.yaml").read_text()
    assert "# a pool of lifecycle.yaml's handoff" in text
    assert text.startswith("# SLA: what sales and marketing promise each other")


def test_an_edit_that_finds_no_line_says_so(story: ModuleType, tmp_path: Path):
    (tmp_path / "a.yaml").write_text("one: 1\n")
    with pytest.raises(SystemExit, match=r"a\.yaml has 0 lines 'two'"):
        story.edit(tmp_path / "a.yaml", ("two", "three"))
