"""Every invariant of the oracle fails on a world in which it does not hold: doubles, fields, presence, meeting."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot, salesforce
from connector.storage.events import Event
from tests.simulation.doctoring import (
    OURS,
    REP,
    Line,
    a_life,
    after,
    edit,
    end,
    make,
    read,
    shown,
    without,
    write,
    wrong,
)
from tests.simulation.oracle import Evidence
from tests.simulation.oracle.rules import written
from tests.simulation.stage import START
from tests.simulation.variants import DESK


def test_a_record_linked_twice_is_found(evidence: Evidence) -> None:
    (first, second) = evidence.links
    twice = replace(second, hubspot=first.hubspot)
    assert wrong(replace(evidence, links=[first, twice]), "doubles")[0] == f"{first.hubspot} is linked 2 times"


def test_two_that_name_one_are_found(evidence: Evidence, lead: str) -> None:
    double = after(evidence, make(Side.HUBSPOT, "900", REP[Side.HUBSPOT], salesforce_record_id=lead))
    (said,) = wrong(double, "doubles")
    assert said.endswith(f"name {lead}")


def test_a_record_made_by_the_bridge_and_linked_to_nobody_is_found(evidence: Evidence) -> None:
    astray = after(evidence, make(Side.HUBSPOT, "900", email="c@x.test"))
    assert wrong(astray, "doubles") == ["hubspot 900 was made by the bridge and is linked to nobody"]


def test_a_counterpart_made_twice_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    again = after(evidence, make(Side.SALESFORCE, "00Q900", HubSpot_Contact_Id__c=ada))
    assert f"salesforce {lead} and 00Q900 were both made for {ada}" in wrong(again, "doubles")


def test_one_made_while_the_first_was_gone_is_no_double_when_that_is_fetched_back(
    evidence: Evidence, ada: str, lead: str
) -> None:
    gone = after(evidence, end(Side.SALESFORCE, lead))
    again = after(gone, make(Side.SALESFORCE, "00Q900", HubSpot_Contact_Id__c=ada))
    back = after(
        again,
        (Side.SALESFORCE, REP[Side.SALESFORCE], "undeleted", lead, evidence.live[Side.SALESFORCE, lead][1]),
    )
    assert f"salesforce 00Q900 and salesforce {lead} name {ada}" in wrong(back, "doubles")
    back.excused.clear()
    told = replace(back, issues=[shown(Issue(IssueKind.AMBIGUOUS, (salesforce("Lead", "00Q900"),)))])
    assert wrong(told, "doubles") == []
    assert set(told.excused) == {
        "named twice, as one was fetched back when another had taken its place, shown",
        "made by the bridge, unlinked, shown",
        "made again, after the first was gone",
    }


def test_one_made_while_a_person_linked_its_contact_elsewhere_is_excused_when_it_is_shown(
    evidence: Evidence, ada: str
) -> None:
    double = after(evidence, make(Side.SALESFORCE, "00Q900", REP[Side.SALESFORCE], HubSpot_Contact_Id__c=ada))
    told = replace(double, issues=[shown(Issue(IssueKind.AMBIGUOUS, (salesforce("Lead", "00Q900"),)))])
    assert len(wrong(told, "doubles")) == 1
    act = Event(START, "act", hubspot("contacts", ada), None, None, {"act": "link", "by": "a person"})
    assert wrong(replace(told, events=[*told.events, act]), "doubles") == []


def test_a_lead_fetched_back_after_its_contact_was_archived_with_it_is_no_stray(
    evidence: Evidence, ada: str, lead: str
) -> None:
    gone = after(evidence, end(Side.SALESFORCE, lead))
    archived = after(gone, end(Side.HUBSPOT, ada, OURS[Side.HUBSPOT]), life=a_life("deletions travel"))
    values = evidence.live[Side.SALESFORCE, lead][1]
    back = after(archived, (Side.SALESFORCE, REP[Side.SALESFORCE], "undeleted", lead, values))
    loose = replace(back, links=without(evidence, ada))
    assert [*wrong(loose, "doubles"), *wrong(loose, "presence")] == []


def test_two_that_became_each_other_are_one_family(evidence: Evidence, lead: str) -> None:
    """Merged, fetched back, and merged the other way."""
    other = next(one for side, one in evidence.live if side is Side.SALESFORCE and one != lead)
    rep = REP[Side.SALESFORCE]
    merged = after(
        evidence,
        (Side.SALESFORCE, rep, "merged", lead, {"MasterRecordId": other}),
        (Side.SALESFORCE, rep, "undeleted", lead, {}),
        (Side.SALESFORCE, rep, "merged", other, {"MasterRecordId": lead}),
    )
    record = merged.history.records[Side.SALESFORCE, lead]
    assert {one.id for one in merged.family(record)} == {lead, other}


def test_a_field_that_no_rule_maps_must_not_be_written(evidence: Evidence, ada: str) -> None:
    (said,) = wrong(after(evidence, write(Side.HUBSPOT, ada, fax="1")), "fields")
    assert said.endswith("no rule maps it")


def test_a_one_way_rule_must_not_be_written_backwards(evidence: Evidence, ada: str) -> None:
    (said,) = wrong(after(evidence, write(Side.HUBSPOT, ada, hs_email_optout="true")), "fields")
    assert said.endswith("the rule only goes to_salesforce")


def test_the_direction_is_that_of_the_mapping_the_writer_had_opened(evidence: Evidence, ada: str) -> None:
    back = write(Side.HUBSPOT, ada, jobtitle="t3")
    assert wrong(after(evidence, back), "fields") == []
    assert wrong(after(evidence, back, life=a_life("titles to Salesforce only")), "fields")


@pytest.mark.parametrize(("field", "value"), [("city", "t96"), ("lifecyclestage", "customer"), ("phone", "2025550100")])
def test_a_value_from_nowhere_is_found(evidence: Evidence, ada: str, field: str, value: str) -> None:
    (said,) = wrong(after(evidence, write(Side.HUBSPOT, ada, **{field: value})), "fields")
    assert said.endswith("no counterpart ever held such a value")


def test_a_deletion_that_no_mapping_asks_for_is_found(evidence: Evidence, lead: str, ada: str) -> None:
    gone = end(Side.HUBSPOT, ada), end(Side.SALESFORCE, lead, OURS[Side.SALESFORCE])
    assert f"the bridge archived salesforce {lead}, which the mapping does not say" in wrong(
        after(evidence, *gone), "presence"
    )
    assert wrong(replace(after(evidence, *gone, life=a_life("deletions travel")), links=[]), "presence") == []


def test_a_deletion_opposite_a_live_record_is_found(evidence: Evidence, lead: str) -> None:
    gone = end(Side.SALESFORCE, lead, OURS[Side.SALESFORCE])
    said = wrong(after(evidence, gone, life=a_life("deletions travel")), "presence")
    assert f"the bridge archived salesforce {lead}, and its counterpart is there" in said


def test_an_edited_record_that_is_archived_is_found(evidence: Evidence, lead: str, ada: str) -> None:
    edited = after(evidence, edit(Side.SALESFORCE, lead, Title="t95"), end(Side.HUBSPOT, ada))
    seen = read(edited, salesforce("Lead", lead), Title="t95")
    gone = end(Side.SALESFORCE, lead, OURS[Side.SALESFORCE])
    said = wrong(after(edited, gone, life=a_life("deletions travel"), seen=seen), "presence")
    assert f"the bridge archived salesforce {lead}, and lost Title='t95'" in said


@pytest.mark.parametrize(("address", "lost"), [("kim.sales@example.test", 1), ("nobody@example.test", 0)])
def test_an_owner_whom_the_writers_own_mapping_could_not_carry_over_is_not_lost_with_a_record(
    evidence: Evidence, lead: str, ada: str, address: str, lost: int
) -> None:
    """What a later mapping falls back on is no fault of who archived before."""
    known = {**evidence.sellers.emails, (Side.SALESFORCE, "0059"): address}
    sellers = replace(evidence.sellers, emails=known, fallback=DESK)
    edited = after(replace(evidence, sellers=sellers), edit(Side.SALESFORCE, lead, OwnerId="0059"))
    seen = read(edited, salesforce("Lead", lead), OwnerId="0059")
    gone = end(Side.SALESFORCE, lead, OURS[Side.SALESFORCE])
    archived = after(edited, end(Side.HUBSPOT, ada), gone, life=a_life("deletions travel"), seen=seen)
    assert len([said for said in wrong(archived, "presence") if "lost OwnerId='0059'" in said]) == lost


def test_what_a_crm_makes_of_a_one_way_value_in_its_own_way_is_no_difference(evidence: Evidence, ada: str) -> None:
    one_way = replace(evidence, mapping=written("HubSpot mirrors"))
    (job_title,) = [rule for rule in one_way.mapping.rules if rule.name == "job_title"]
    shouted = after(one_way, write(Side.HUBSPOT, ada, jobtitle="T7"))
    assert [said for said in wrong(shouted, "in step") if job_title.name in said]
    known = replace(shouted, rewritten=frozenset({(Side.HUBSPOT, "contacts", "jobtitle")}), excused=Counter())
    assert not [said for said in wrong(known, "in step") if job_title.name in said]
    assert known.excused["the CRM keeps what the bridge wrote in a way of its own"] == 1


def test_a_link_with_a_record_that_is_gone_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    (said,) = wrong(after(evidence, end(Side.HUBSPOT, ada)), "presence")
    assert said.endswith(f"is linked, and hubspot:contacts:{ada} is gone")


def test_a_counterpart_left_behind_by_a_merge_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    heir = next(one for side, one in evidence.live if side is Side.SALESFORCE and one != lead)
    merged = (Side.SALESFORCE, REP[Side.SALESFORCE], "merged", lead, {"MasterRecordId": heir})
    left = replace(after(evidence, merged), links=without(evidence, ada))
    assert wrong(left, "presence") == [f"hubspot {ada} lost {lead}, which became {heir}, and nobody is told"]
    issue = Issue(IssueKind.AMBIGUOUS, (hubspot("contacts", ada),), code="MERGED_ON_ONE_SIDE")
    assert wrong(replace(left, issues=[shown(issue)], excused=Counter()), "presence") == []


def test_one_left_behind_who_was_merged_on_is_told_of_under_the_id_it_had(
    evidence: Evidence, ada: str, lead: str
) -> None:
    heir = next(one for side, one in evidence.live if side is Side.SALESFORCE and one != lead)
    merged = (Side.SALESFORCE, REP[Side.SALESFORCE], "merged", lead, {"MasterRecordId": heir})
    born = make(Side.HUBSPOT, "900", REP[Side.HUBSPOT], lastname="t1")
    left = replace(after(evidence, merged, born), links=without(evidence, ada))
    on = (Side.HUBSPOT, REP[Side.HUBSPOT], "merge", "900", {"primary": "900", "merged": ada})
    both = after(left, on)
    both = replace(both, live={key: row for key, row in both.live.items() if key[1] != ada})
    assert wrong(both, "presence") == [f"hubspot 900 lost {lead}, which became {heir}, and nobody is told"]
    issue = Issue(IssueKind.AMBIGUOUS, (hubspot("contacts", ada),), code="MERGED_ON_ONE_SIDE")
    assert wrong(replace(both, issues=[shown(issue)], excused=Counter()), "presence") == []


def _erased(evidence: Evidence, ada: str, *lines: Line) -> Evidence:
    """Ada was erased, and the bridge has forgotten her."""
    events = [event for event in evidence.events if not event.hubspot or event.hubspot.id != ada]
    gone = after(evidence, end(Side.HUBSPOT, ada, how="erase"), *lines)
    return replace(gone, links=without(evidence, ada), events=events, stored="")


def test_an_erased_person_who_is_made_again_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    again = make(Side.HUBSPOT, "900", salesforce_record_id=lead, email="ada@x.test")
    assert wrong(_erased(evidence, ada), "presence") == []
    said = wrong(_erased(evidence, ada, again), "presence")
    assert said == [f"hubspot 900 was made of {lead}, whose contact {ada} was erased"]


def test_a_trace_of_an_erased_person_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    gone = _erased(evidence, ada, end(Side.SALESFORCE, lead))
    assert wrong(gone, "presence") == []
    (said,) = wrong(replace(gone, stored='{"after":"t7"}'), "presence")
    assert said == f"'t7', jobtitle of hubspot {ada} who was erased, is still in the store"


@pytest.mark.parametrize("kept", ["t3", "ada@x.test", "t8"])
def test_what_an_erased_person_once_was_is_found_too(evidence: Evidence, ada: str, lead: str, kept: str) -> None:
    """Earlier values, addresses, whatever no living record has; in whatever table, as text or within JSON."""
    gone = _erased(evidence, ada, end(Side.SALESFORCE, lead))
    (said,) = wrong(replace(gone, stored=f'12\n[["x","{kept}"],null]\n'), "presence")
    assert said.startswith(f"{kept!r}, ")
    assert wrong(replace(gone, stored=f"12\nx{kept}\n{kept}7\n"), "presence") == []


def test_what_somebody_else_says_too_is_no_trace_of_an_erased_person(evidence: Evidence, ada: str, lead: str) -> None:
    namesake = make(Side.HUBSPOT, "900", REP[Side.HUBSPOT], lastname="T1")
    gone = _erased(evidence, ada, end(Side.SALESFORCE, lead), namesake)
    assert wrong(replace(gone, stored='"t1"'), "presence") == []


def test_somebody_taken_for_erased_is_found(evidence: Evidence, lead: str, ada: str) -> None:
    archived = replace(after(evidence, end(Side.HUBSPOT, ada)), links=without(evidence, ada))
    issue = Issue(IssueKind.EDIT_BEATS_DELETION, (salesforce("Lead", lead),), code="ERASED", reason="she was erased")
    said = wrong(replace(archived, issues=[shown(issue)]), "presence")
    assert said == ["she was erased, and nobody erased it"]
    brief = after(archived, make(Side.HUBSPOT, "900"), end(Side.HUBSPOT, "900", how="erase"))
    told = [shown(replace(issue, reason=f"hubspot:contacts:{each} was erased")) for each in ("900", ada)]
    assert wrong(replace(brief, issues=told[:1]), "presence") == []
    assert wrong(replace(brief, issues=told[1:]), "presence") == [
        f"hubspot:contacts:{ada} was erased, and nobody erased it"
    ]
    late = f"{lead} was made while its counterpart was being forgotten"
    made = replace(archived, issues=[shown(replace(issue, reason=late))])
    assert wrong(made, "presence") == [f"{late}, and nobody erased it"]
    assert wrong(replace(made, kept_apart=frozenset({(Side.HUBSPOT, ada)})), "presence") == []


def test_the_same_person_unlinked_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    freed = (
        edit(Side.HUBSPOT, ada, salesforce_record_id=None),
        edit(Side.SALESFORCE, lead, HubSpot_Contact_Id__c=None),
    )
    loose = replace(after(evidence, *freed), links=without(evidence, ada))
    assert f"hubspot {ada} and {lead} are the same person, and are not linked" in wrong(loose, "apart")


def test_somebody_alone_for_whom_nobody_is_made_is_found(evidence: Evidence) -> None:
    alone = after(evidence, make(Side.HUBSPOT, "900", REP[Side.HUBSPOT], email="c@x.test"))
    assert wrong(alone, "apart") == ["hubspot 900 has no counterpart, and none is made"]


def test_a_rival_of_whom_nobody_is_told_is_found(evidence: Evidence) -> None:
    rival = after(evidence, make(Side.SALESFORCE, "00Q900", REP[Side.SALESFORCE], Email="ada@x.test"))
    (said,) = wrong(rival, "apart")
    assert said.startswith("salesforce 00Q900 is linked to nobody beside")


def test_a_field_written_to_and_fro_is_found(evidence: Evidence, ada: str) -> None:
    lines = [write(Side.HUBSPOT, ada, city=value) for value in ("t9", "t8") * 6]
    assert wrong(after(evidence, *lines), "ping-pong") == [f"the bridge wrote city of hubspot {ada} 13 times"]
