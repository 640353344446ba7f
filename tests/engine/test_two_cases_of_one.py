"""One record in two cases of a batch, with its counterpart and alone: what follows is decided and set off once."""

from __future__ import annotations

from dataclasses import replace

from connector.core.journey import Fired
from connector.engine import journal
from connector.engine.case import Following
from connector.engine.cases import cases_of
from connector.engine.job import job_of
from tests.core.courses import ANNE
from tests.engine.agreeing import both, decisions, effects_of
from tests.engine.town import Town


def test_what_two_cases_of_one_record_decide_is_set_off_once_and_not_lost(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    (paired,) = cases_of(agreed.bridge, [contact])
    assert paired.following is not None
    fired = [entry.what.effect for entry in paired.following.steered.entries if isinstance(entry.what, Fired)]
    assert fired
    alone = replace(paired, following=Following(paired.following.steered, {contact: paired.following.latest[contact]}))
    jobs = [job_of(alone), job_of(paired)]
    with agreed.database.begin() as conn:
        assert journal.decided(conn, jobs, agreed.clock.now()) == [jobs[0]]
    assert sorted(effects_of(agreed)) == sorted(fired)
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
