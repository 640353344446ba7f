"""A record that was read before its journey went on says nothing new: it is read again."""

from __future__ import annotations

from typing import Any

import pytest

from connector.core.refs import Ref
from connector.engine import apply as applying
from connector.engine import cases, sync
from tests.engine.agreeing import both, decisions, in_salesforce
from tests.engine.town import Town


def test_what_was_read_before_another_worker_wrote_is_nobodys_word(
    agreed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, life="mql")
    real, others = cases.read_refs, [agreed.once, agreed.full]

    def read(bridge: Any, refs: Any) -> Any:
        readings = real(bridge, refs)
        waiting, others[:] = others[:], []
        for other in waiting:
            other()
        return readings

    monkeypatch.setattr(cases, "read_refs", read)
    late = cases.cases_of(agreed.bridge, [contact])
    decided = decisions(agreed, contact, lead)
    with sync.recorded(agreed.bridge, "once", "late", approved=True) as run:
        applying.apply(agreed.bridge, late, run)
    assert run.counts["raced"] == 1
    assert decisions(agreed, contact, lead) == decided
    agreed.once()
    assert decisions(agreed, contact, lead) == decided
    assert in_salesforce(agreed, lead)["Stage"] == "MQL"


def test_who_never_had_a_journey_is_read_once(agreed: Town) -> None:
    contact = agreed.contact(email="ann@x.com", lastname="Archer", life="lead")
    (case,) = cases.cases_of(agreed.bridge, [contact])
    assert case.following is not None
    assert case.following.latest == {Ref(contact.side, contact.object, contact.id): 0}
