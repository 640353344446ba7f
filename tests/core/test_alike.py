"""Which issues are one thing to mend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.alike import likeness
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot

REFUSED = Issue(
    IssueKind.PARKED,
    (hubspot("contacts", "1"),),
    rule="owner",
    side=Side.SALESFORCE,
    field="OwnerId",
    code="INVALID_OWNER",
    reason="Ada has no such owner",
)


def test_one_refusal_of_many_records_is_one_thing():
    other = replace(
        REFUSED, refs=(hubspot("contacts", "2"),), value="x", reason="Bob has no such owner", hint="mend it"
    )
    assert likeness(other) == likeness(REFUSED)


@pytest.mark.parametrize(
    "otherwise",
    [
        {"kind": IssueKind.DRIFT},
        {"side": Side.HUBSPOT},
        {"side": None},
        {"field": "Phone"},
        {"rule": "phone"},
        {"code": "INACTIVE_OWNER"},
    ],
)
def test_another_kind_place_or_code_is_another_thing(otherwise: dict[str, object]):
    assert likeness(replace(REFUSED, **otherwise)) != likeness(REFUSED)


def test_without_a_code_the_reason_tells_them_apart():
    bare = replace(REFUSED, code="")
    assert likeness(bare) == likeness(replace(bare))
    assert likeness(replace(bare, reason="too long")) != likeness(bare)


def test_conflicts_of_a_rule_are_alike_whatever_was_said_of_them():
    conflict = replace(REFUSED, kind=IssueKind.CONFLICT)
    assert likeness(replace(conflict, reason="both edited at noon", code="X")) == likeness(conflict)


def test_it_is_stored_so_it_stays_what_it_is():
    assert likeness(REFUSED) == "910159ddc873a4ef4ca0"
    assert likeness(replace(REFUSED, field="\ud800")) != likeness(REFUSED), "whatever a CRM says has one"
