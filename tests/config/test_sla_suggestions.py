"""What the comments of the shipped files suggest is right: taken up as it stands, it loads and compiles."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import jsonschema
import pytest

from connector.config.extends import shipped_text
from connector.config.objectives import objectives_of
from connector.config.schema import json_schemas
from connector.config.sla import policies_of
from connector.config.yaml import parse
from connector.core.policy import ActionKind
from connector.core.situation import Situation
from tests.config.agreed import ADA, OWNERS, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAMES = ("sla", "calendars", "objectives")


def taken_up(name: str) -> str:
    """A shipped file with every suggestion in use."""
    head, _, body = shipped_text(f"{name}.yaml").partition(f"\n{name}:\n")
    body = re.sub(r"^( *)# ( *(?:- .*|[\w.-]+:(?: .*)?))$", r"\1\2", body, flags=re.MULTILINE)
    return (
        f"{head}\n{name}:\n{body.replace('territories: []', 'territories:').replace('enabled: false', 'enabled: true')}"
    )


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


@pytest.mark.parametrize("name", NAMES)
def test_the_json_schema_knows_every_suggestion_and_no_mistake(name):
    schema = json_schemas()[name]
    problems = []
    jsonschema.validate(parse(taken_up(name), name, problems).data, schema)
    assert problems == []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({name: {"nonsense": 1}}, schema)


def test_the_suggestions_work_together(agreed):
    pool = "    pools: {sales: {owners: [ada@acme.example]}}\n"
    lifecycle = shipped_text("lifecycle.yaml").replace("    pools: {}\n", pool)
    files = {name: taken_up(name) for name in NAMES}
    loaded = agreed.load(lifecycle=lifecycle, **files)
    policies = policies_of(loaded, OWNERS, NOW).policies
    assert len(policies["first_touch"].targets) == 2
    assert [action.kind for action in policies["first_touch"].on_breach] == [ActionKind.NOTIFY, ActionKind.REASSIGN]
    assert policies["first_touch"].on_breach[1].pool.owners == (ADA.id,)
    assert [action.kind for action in policies["disposition"].on_breach] == [ActionKind.TASK, ActionKind.RETURN]
    american = Situation(fields={"hubspot": {"country": "Canada"}})
    assert policies["first_touch"].time(american).name == "chicago"
    assert [one.objective.to for one in objectives_of(loaded, NOW)] == ["sales", "", ""]
