"""setup salesforce from an org that knows no bridge to what a rep sees there; run again; and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.cli.setup_salesforce import unmade
from connector.config.init import write_starter
from connector.salesforce.crm import Salesforce
from connector.salesforce.session import Line
from tests.cli.desk import Desk, desk
from tests.salesforce.metadata import shipped
from tests.salesforce.wire import LOGIN, Wire, traffic

KIM, LENA, ADMIN = "kim.sales@example.test", "lena.sommer@example.test", "ada.admin@example.test"
SETUP = ("setup", "salesforce", "--rep", KIM)
EDITED = {
    *("Smarketing_Answer__c", "Smarketing_Reason__c", "Smarketing_Comment__c", "Smarketing_Revisit_On__c"),
    *("Smarketing_Persona__c", "HubSpot_Lifecycle_Stage__c"),
}
SECRET = "0123456789abcdef-of-the-outbound"  # of nothing


@pytest.fixture
def new_org(tmp_path: Path) -> Iterator[Desk]:
    """The shipped agreement, and an org in which nobody has made anything for it."""
    with desk(tmp_path) as opened:
        write_starter(tmp_path)
        opened.does("salesforce", "remove_custom_fields")
        opened.does("salesforce", "set_settings", deploy_polls=0)
        yield opened


def session_of(opened: Desk, user: str) -> str:
    return opened.does("salesforce", "open_session", user=user)["token"]


def asked(opened: Desk, user: str, path: str, **more: Any) -> requests.Response:
    """A call in that user's own session."""
    url = f"{opened.running.salesforce_url}/services/data/v67.0/{path}"
    headers = {"Authorization": f"Bearer {session_of(opened, user)}"}
    return requests.request(more.pop("method", "GET"), url, headers=headers, timeout=10, **more)


def seen(opened: Desk, user: str, obj: str = "Lead") -> dict[str, bool]:
    """The custom fields that a user is shown, and whether they may edit each."""
    told = asked(opened, user, f"sobjects/{obj}/describe").json()["fields"]
    return {each["name"]: each["updateable"] for each in told if each["custom"]}


def sections(opened: Desk, layout: str) -> list[Any]:
    found: list[Any] = opened.running.world.salesforce.metadata.find("Layout", layout)["layoutSections"]
    return found


def told(content: Any) -> Any:
    """What a document says; an empty column says nothing, however it is written."""
    if isinstance(content, list):
        return [told(each) for each in content]
    return {name: told(each) for name, each in content.items() if each != []} if isinstance(content, dict) else content


def with_outbound(opened: Desk, address: str = "https://bridge.acme.example") -> None:
    text = opened.config.read_text()
    for old, new in (
        ("\n  #public_url:", f"\n  public_url: {address} #"),
        ("\nweb:", "\nwebhooks: {salesforce: {outbound_secrets: [env:OUTBOUND]}}\nweb:"),
    ):
        assert old in text
        text = text.replace(old, new)
    opened.config.write_text(text)


def test_a_plan_shows_everything_and_makes_nothing(new_org: Desk):
    before = new_org.running.world.digest()
    said = new_org.run(*SETUP, "--plan")
    assert said.code == 0
    assert "would make  Lead.Smarketing_Answer__c 'Sales answer': one of a list, 4 options" in said.out
    assert "would make  Lead.HubSpot_Contact_Id__c 'HubSpot Contact Id': text, unique external id" in said.out
    assert "would make  the permission set Smarketing_Rep_View, with 38 grants" in said.out
    assert "would make  Smarketing_Rep_View is given to kim.sales@example.test" in said.out
    assert "Would make 50 things. Nothing was written" in said.err
    assert new_org.running.world.digest() == before


def test_everything_is_made_and_a_second_run_changes_nothing_and_says_so(new_org: Desk):
    said = new_org.run(*SETUP)
    assert said.code == 0
    assert "Made 50 things, and read them back." in said.err
    digest, writes = new_org.running.world.digest(), new_org.writes()
    again = new_org.run(*SETUP, "--json")
    assert again.code == 0
    assert (again.data["planned"], again.data["left"], again.data["kept"], again.data["fine"]) == ([], [], [], 50)
    assert "Nothing to make: everything is there." in new_org.run(*SETUP).err
    assert (new_org.running.world.digest(), new_org.writes()) == (digest, writes)


def test_a_rep_sees_exactly_the_granted_fields_and_edits_only_where_an_answer_counts(new_org: Desk):
    assert seen(new_org, KIM) == {}
    new_org.run(*SETUP)
    for obj in ("Lead", "Contact"):
        shown = seen(new_org, KIM, obj)
        assert len(shown) == 19
        assert {name for name, edits in shown.items() if edits} == EDITED
    assert seen(new_org, LENA) == {}
    lead = new_org.rep_adds().rpartition(":")[2]
    edit = {"method": "PATCH", "json": {"Smarketing_Answer__c": "Accepted"}}
    assert asked(new_org, KIM, f"sobjects/Lead/{lead}", **edit).status_code == 204
    late = asked(new_org, KIM, f"sobjects/Lead/{lead}", method="PATCH", json={"Smarketing_SLA_State__c": "met"})
    assert late.status_code == 400
    hidden = asked(new_org, LENA, "query?q=SELECT Smarketing_Answer__c FROM Lead")
    assert (hidden.status_code, hidden.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    named = asked(new_org, KIM, "query?q=SELECT Smarketing_Answer__c FROM Lead").json()["records"]
    assert [each["Smarketing_Answer__c"] for each in named] == ["Accepted"]


def test_another_rep_is_added_later_and_nothing_else_is_done(new_org: Desk):
    new_org.run(*SETUP)
    [act] = new_org.run("setup", "salesforce", "--rep", LENA, "--json").data["planned"]
    assert (act["words"], act["made"]) == ("Smarketing_Rep_View is given to lena.sommer@example.test", True)
    assert len(seen(new_org, LENA)) == 19


def test_a_layout_keeps_what_the_customer_has_on_it(new_org: Desk):
    metadata = new_org.running.world.salesforce.metadata
    before = {name: told(metadata.find("Layout", name)) for name in metadata.names("Layout")}
    new_org.run(*SETUP)
    for name, content in before.items():
        now = told(metadata.find("Layout", name))
        assert {key: value for key, value in now.items() if key != "layoutSections"} == {
            key: value for key, value in content.items() if key != "layoutSections"
        }
        theirs = [each for each in now["layoutSections"] if each in content["layoutSections"]]
        assert theirs == content["layoutSections"], name
        added = [each["label"] for each in now["layoutSections"] if each not in content["layoutSections"]]
        ours = ["Sales feedback", "SLA", "Why this lead", "From HubSpot"]
        assert added == (ours if name.startswith(("Lead-", "Contact-")) else []), name
    assert len(before) == 5


def test_layouts_can_be_left_alone(new_org: Desk):
    before = sections(new_org, "Lead-Lead Layout")
    assert new_org.run(*SETUP, "--no-layouts").code == 0
    assert sections(new_org, "Lead-Lead Layout") == before


def test_what_salesforce_refuses_is_told_in_its_words_and_the_rest_is_made(new_org: Desk):
    words = "The entity Lead has too many custom fields"
    new_org.does("salesforce", "set_settings", deploy_refused={"Lead.Smarketing_Why__c": words})
    said = new_org.run(*SETUP)
    assert said.code == 1
    assert f"not made  Lead.Smarketing_Why__c 'Why this lead': text\n    {words}" in said.out
    assert "made  Lead.Smarketing_Answer__c" in said.out
    assert "Mend what is said there and run the same command again" in said.err
    assert len(seen(new_org, KIM)) == 18
    new_org.does("salesforce", "set_settings", deploy_refused={})
    assert new_org.run(*SETUP).code == 0
    assert len(seen(new_org, KIM)) == 19


def test_an_admins_session_does_what_the_bridges_user_may_not(new_org: Desk):
    new_org.does("salesforce", "set_settings", bridge_may_customize=False)
    said = new_org.run(*SETUP)
    assert said.code == 1
    assert "SALESFORCE_ADMIN_TOKEN" in said.err
    assert seen(new_org, KIM) == {}
    token = session_of(new_org, ADMIN)
    made = new_org.run(*SETUP, env={"SALESFORCE_ADMIN_TOKEN": token})
    assert made.code == 0
    assert token not in made.out + made.err
    assert len(seen(new_org, KIM)) == 19
    assert "Smarketing_Integration is given to bridge@example.test" in made.out
    assert new_org.run("check").code == 0
    stale = new_org.run(*SETUP, env={"SALESFORCE_ADMIN_TOKEN": "00D5f0000000001!stale"})
    assert stale.code == 1


def test_a_rep_whom_nobody_knows_stops_it_before_anything_is_made(new_org: Desk):
    before = new_org.running.world.digest()
    said = new_org.run("setup", "salesforce", "--rep", "nobody@example.test", "--rep", "otto.gone@example.test")
    assert said.code == 1
    assert "nobody@example.test, otto.gone@example.test: no active user has this name" in said.err
    assert new_org.running.world.digest() == before


def test_fields_that_are_there_in_another_form_are_kept_and_the_rest_is_made(tmp_path: Path):
    with desk(tmp_path) as opened:
        write_starter(tmp_path)
        said = opened.run(*SETUP)
        assert said.code == 0
        assert "left as it is: Lead.Smarketing_Persona__c is of type Text, where Picklist would be made" in said.out
        assert "Nothing to make: everything is there." in opened.run(*SETUP).err


def test_change_notices_are_made_where_they_are_received_and_follow_the_address(new_org: Desk):
    with_outbound(new_org)
    env = {"OUTBOUND": SECRET}
    made = new_org.run(*SETUP, env=env)
    assert made.code == 0
    metadata = new_org.running.world.salesforce.metadata
    message = dict(metadata.find("WorkflowOutboundMessage", "Lead.Smarketing_Lead"))
    assert message["endpointUrl"] == f"https://bridge.acme.example/webhooks/salesforce/outbound/{SECRET}"
    assert message["integrationUser"] == "bridge@example.test"
    assert dict(metadata.find("Flow", "Smarketing_Lead"))["status"] == "Active"
    new_org.config.write_text(new_org.config.read_text().replace("https://bridge.acme", "https://new.acme"))
    moved = new_org.run(*SETUP, env=env)
    assert "made  the outbound message Lead.Smarketing_Lead goes to the address that config.yaml names" in moved.out
    assert "Made 2 things" in moved.err
    message = dict(metadata.find("WorkflowOutboundMessage", "Lead.Smarketing_Lead"))
    assert message["endpointUrl"].startswith("https://new.acme.example/")
    assert SECRET not in made.out + made.err + moved.out + moved.err
    assert "Nothing to make: everything is there." in new_org.run(*SETUP, env=env).err


def test_check_says_what_setup_would_make_until_it_has(new_org: Desk):
    before = new_org.run("check", "--json").data["setup"]["salesforce"]
    assert before[38:] == [
        "the permission set Smarketing_Integration",
        "the permission set Smarketing_Rep_View",
        "Smarketing_Integration for the bridge's own user",
        "Smarketing_Rep_View for reps, which nobody has yet (--rep)",
        *(f"the list view Contact.Smarketing_{name}" for name in ("My_Contacts_Due_Today", "Waiting_For_Feedback")),
        *(f"the list view Lead.Smarketing_{name}" for name in ("My_Leads_Due_Today", "Waiting_For_Feedback")),
    ]
    said = new_org.run("check")
    assert "setup Salesforce: 38 fields of the bridge's own to make or widen (Lead.Smarketing_Answer__c, " in said.out
    assert "; Smarketing_Rep_View for reps, which nobody has yet (--rep); the list view " in said.out
    assert "Smarketing_Why__c does not exist" not in said.out  # told once, by how many settings sleep
    assert "info 54 settings asleep until a setup makes their fields" in said.out
    assert (
        "error mappings/contacts.yaml:42 identity.salesforce_field: Salesforce Lead.HubSpot_Contact_Id__c" in said.out
    )
    new_org.run(*SETUP)
    assert new_org.run("check", "--json").data["setup"]["salesforce"] == []
    after = new_org.run("check").out
    assert "setup Salesforce" not in after
    assert "asleep" not in after


def test_a_converted_lead_hands_its_id_and_its_answer_to_the_contact(new_org: Desk):
    new_org.run(*SETUP)
    values = {
        "LastName": "King",
        "Company": "Acme",
        "HubSpot_Contact_Id__c": "4711",
        "Smarketing_Answer__c": "Accepted",
    }
    lead = asked(new_org, "bridge@example.test", "sobjects/Lead", method="POST", json=values).json()["id"]
    contact = new_org.does("salesforce", "convert_lead", id=lead)["contactId"]
    held = asked(new_org, KIM, f"sobjects/Contact/{contact}").json()
    assert (held["HubSpot_Contact_Id__c"], held["Smarketing_Answer__c"]) == ("4711", "Accepted")


def test_another_org_than_the_configured_one_is_left_alone(new_org: Desk):
    config = new_org.config.read_text()
    new_org.config.write_text(config.replace("salesforce:\n", "salesforce:\n  org_id: 00D000000000009EAA\n", 1))
    said = new_org.run(*SETUP)
    assert said.code == 2
    assert "but config.yaml names 00D000000000009EAA" in said.err
    assert seen(new_org, KIM) == {}


def test_from_nothing_in_both_crms_to_an_answer_that_a_rep_gave_in_their_own_session(new_org: Desk):
    """The purpose: a rep answers in the fields that setup has made and granted; marketing reads it in HubSpot."""
    new_org.does("hubspot", "without_bridge")
    assert new_org.run("setup", "hubspot").code == 0
    assert new_org.run(*SETUP).code == 0
    assert new_org.run("check").code == 0
    lifecycle = new_org.folder / "mappings" / "lifecycle.yaml"
    text = lifecycle.read_text()
    for old, new in (
        ("    pools: {}", f"    pools: {{inbound: {{owners: [{KIM}]}}}}"),
        ("    # fallback: Inbound Queue", "    fallback: inbound"),
        ("      keep_their_rep: {when: owner != null, keep: true}", "      all: {when: in_hubspot, pool: inbound}"),
    ):
        assert old in text
        text = text.replace(old, new)
    lifecycle.write_text(text)
    new_org.run("sync", "--approve")
    contact = new_org.marketer_adds(email="ada@acme.example", lastname="King", company="Acme", lifecyclestage="lead")
    new_org.run("sync")
    new_org.marketer_edits(contact, lifecyclestage="marketingqualifiedlead")
    new_org.run("sync")
    due = asked(new_org, KIM, "query?q=SELECT Id,Smarketing_Feedback_Status__c FROM Lead").json()["records"]
    [lead] = [each["Id"] for each in due if each["Smarketing_Feedback_Status__c"] == "waiting"]
    answer = {"Smarketing_Answer__c": "Rejected", "Smarketing_Reason__c": "Not a fit"}
    assert asked(new_org, KIM, f"sobjects/Lead/{lead}", method="PATCH", json=answer).status_code == 204
    new_org.run("sync")
    table = new_org.running.world.hubspot.state.tables["contacts"]
    held = table.records[int(contact.rpartition(":")[2])].values
    answered = {name: held.get(f"smarketing_{name}") for name in ("answer", "reason", "feedback_status")}
    assert answered == {"answer": "rejected", "reason": "not_a_fit", "feedback_status": "rejected"}


def test_who_may_not_see_permission_sets_is_not_told_that_there_are_none(tmp_path: Path):
    refusal = [{"errorCode": "INVALID_TYPE", "message": "sObject type 'PermissionSet' is not supported"}]
    wire = Wire(lambda _request: (400, refusal))
    crm = Salesforce(LOGIN, traffic(), Line(adapter=wire))
    assert unmade(crm, shipped(tmp_path)) == ()
    assert len(wire.requests) == 1
    other: Any = object()  # another form of the port
    assert unmade(other, shipped(tmp_path)) == ()
