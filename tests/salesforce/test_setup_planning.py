"""What is wanted held against what an org has: what is made, what stays, what is told."""

from __future__ import annotations

from dataclasses import replace

from connector.core.values import Kind
from connector.salesforce.setup.documents import read
from connector.salesforce.setup.live import CONVERSION, Doing, Live
from connector.salesforce.setup.planning import planned
from tests.salesforce.setting_up import (
    ANSWER,
    DUE,
    ID,
    LAYOUT,
    THEIRS,
    after,
    bare,
    field,
    order,
    with_component,
)

FIELD, SET = "CustomField", "PermissionSet"
REPS, INTEGRATION = "Smarketing_Rep_View", "Smarketing_Integration"


def words(plan):
    return [act.words for act in plan.acts]


def test_an_org_that_knows_no_bridge_is_given_everything():
    plan = planned(order(), bare())
    assert words(plan) == [
        "Contact.Answer__c 'Answer': one of a list, 2 options",
        "Contact.Hub_Id__c 'Hub_Id': text, unique external id",
        "Lead.Answer__c 'Answer': one of a list, 2 options",
        "Lead.Due__c 'Due': datetime",
        "Lead.Hub_Id__c 'Hub_Id': text, unique external id",
        "the permission set Smarketing_Integration, with 19 grants",
        "the permission set Smarketing_Rep_View, with 5 grants",
        "the layout 'Lead-Lead Layout' shows 'Sales feedback', 'SLA' (2 fields)",
        "a converted Lead hands 2 fields of the bridge to its Contact",
        "Smarketing_Integration is given to bridge@acme.example",
        "Smarketing_Rep_View is given to kim@acme.example",
    ]
    assert (plan.left, plan.kept, plan.fine) == ((), (), 0)


def test_what_was_made_is_found_again_and_nothing_is_left_to_make():
    for asked in (order(), order(notices="https://bridge.acme.example/in/", user="bridge@acme.example")):
        live = after(asked, bare())
        plan = planned(asked, live)
        assert (plan.acts, plan.left, plan.kept) == ((), (), ())
        assert plan.fine == len(planned(asked, bare()).acts)


def test_what_an_admin_has_named_and_explained_anew_stays():
    live = with_component(after(order(), bare()), FIELD, "Lead.Answer__c", ("<label>Answer", "<label>Our answer"))
    assert planned(order(), live).acts == ()


def test_options_are_added_after_those_that_are_there_and_none_is_taken():
    live = with_component(
        after(order(), bare()), FIELD, "Lead.Answer__c", ("<fullName>yes</fullName>", "<fullName>ours</fullName>")
    )
    [act] = planned(order(), live).acts
    assert (act.doing, act.words) == (Doing.WIDEN, "Lead.Answer__c offers 'yes' too")
    told = read(act.text).root
    values = [node.said("fullName") for node in told.walk() if node.name == "value"]
    assert values == ["ours", "no", "yes"]
    assert planned(order(), after(order(), live)).acts == ()


def test_an_option_that_an_admin_has_switched_off_is_left_to_a_person():
    live = with_component(
        after(order(), bare()),
        *(FIELD, "Lead.Answer__c"),
        ("<default>false</default>", "<default>false</default><isActive>false</isActive>"),
    )
    plan = planned(order(), live)
    assert plan.acts == ()
    [left] = plan.left
    assert left.title == "Lead.Answer__c has 'yes' switched off, so nobody can pick it"


def test_a_list_that_is_shared_with_other_fields_is_not_added_to():
    live = after(order(), bare())
    shared = "<fields><fullName>Answer__c</fullName><label>A</label><type>Picklist</type><valueSet><valueSetName>S"
    text = read(f"{shared}</valueSetName></valueSet></fields>".encode())
    plan = planned(order(), replace(live, components={**live.components, (FIELD, "Lead.Answer__c"): text}))
    assert plan.acts == ()
    assert plan.left[0].title == "Lead.Answer__c lacks 'yes', 'no', and shares its values with other fields"


def test_a_field_that_is_something_else_is_left_alone_and_granted_to_nobody():
    live = with_component(bare(), "Layout", LAYOUT)
    checkbox = b"<fields><fullName>Due__c</fullName><label>Due</label><type>Checkbox</type></fields>"
    plan = planned(order(), replace(live, components={**live.components, (FIELD, "Lead.Due__c"): read(checkbox)}))
    assert plan.left[0].title == "Lead.Due__c is of type Checkbox, which cannot serve as DateTime"
    assert "Name another field in feedback.yaml:1 feedback.told.due__c.salesforce" in plan.left[0].steps[0]
    assert not any(b"Due__c" in act.text for act in plan.acts)
    assert "Lead.Answer__c 'Answer': one of a list, 2 options" in words(plan)


def test_a_formula_cannot_be_written_and_is_left_alone():
    formula = b"<fields><fullName>Due__c</fullName><formula>NOW()</formula><type>DateTime</type></fields>"
    plan = planned(order(), replace(bare(), components={(FIELD, "Lead.Due__c"): read(formula)}))
    assert plan.left[0].title == "Lead.Due__c is a formula, which nobody can write"


def test_a_layout_that_vanished_meanwhile_is_nobodys():
    plan = planned(order(), replace(bare(), components={}))
    assert not [act for act in plan.acts if act.doing is Doing.LAYOUT]


def test_a_field_that_everybody_must_fill_in_cannot_be_granted_and_is_told():
    live = with_component(
        after(order(), bare()), FIELD, "Lead.Due__c", ("<required>false</required>", "<required>true</required>")
    )
    plan = planned(order(), replace(live, components={**live.components, (SET, REPS): read(b"<PermissionSet/>")}))
    assert plan.kept == ("Lead.Due__c is required in this org, so that it is neither granted nor put on layouts",)
    [act] = plan.acts
    assert act.name == REPS
    assert b"Due__c" not in act.text


def test_an_id_without_unique_values_is_made_unique():
    live = with_component(
        after(order(), bare()),
        *(FIELD, "Lead.Hub_Id__c"),
        ("<unique>true</unique>", ""),
        ("<externalId>true</externalId>", "<externalId>false</externalId>"),
        ("<length>64</length>", "<length>18</length>"),
    )
    [act] = planned(order(), live).acts
    assert act.words == (
        "Lead.Hub_Id__c holds 64 characters in place of 18 and is an external id and has unique values"
    )
    told = read(act.text).root
    assert [told.said(name) for name in ("length", "externalId", "unique")] == ["64", "true", "true"]


def test_a_longer_text_stays_as_long_as_it_is():
    live = with_component(after(order(), bare()), FIELD, "Lead.Hub_Id__c", ("<length>64<", "<length>255<"))
    assert planned(order(), live).acts == ()


def test_a_set_keeps_what_an_admin_has_granted_and_gets_what_it_lacks():
    live = with_component(
        after(order(), bare()),
        *(SET, REPS),
        ("<field>Lead.Answer__c</field>", "<field>Lead.Budget__c</field>"),
    )
    [act] = planned(order(), live).acts
    assert act.words == "Smarketing_Rep_View grants Lead.Answer__c"
    grants = {each.said("field"): each.said("editable") for each in read(act.text).root.all("fieldPermissions")}
    assert grants == {
        "Contact.Answer__c": "true",
        "Contact.Hub_Id__c": "false",
        "Lead.Answer__c": "true",
        "Lead.Budget__c": "true",
        "Lead.Due__c": "false",
        "Lead.Hub_Id__c": "false",
    }


def test_a_right_that_was_taken_is_given_again_and_one_too_many_is_told():
    live = with_component(
        after(order(), bare()),
        *(SET, INTEGRATION),
        ("<allowEdit>true</allowEdit>", "<allowEdit>false</allowEdit>"),
    )
    [act] = planned(order(), live).acts
    assert act.words == "Smarketing_Integration grants Contact"
    wide = with_component(after(order(), bare()), SET, REPS, ("<editable>false", "<editable>true"))
    plan = planned(order(), wide)
    assert plan.acts == ()
    assert plan.kept == ("Smarketing_Rep_View grants more than is asked for on Contact.Hub_Id__c",)


def test_a_layout_keeps_every_byte_that_is_not_ours():
    [act] = [act for act in planned(order(), bare()).acts if act.doing is Doing.LAYOUT]
    text = act.text.decode()
    first = THEIRS.index("</layoutSections>") + len("</layoutSections>")
    assert text.startswith(THEIRS[:first])
    assert text.endswith(THEIRS[first:])
    ours = read(f"<x>{text[first : -len(THEIRS[first:])]}</x>".encode()).root
    assert [each.said("label") for each in ours.all("layoutSections")] == ["Sales feedback", "SLA"]
    items = [(node.said("behavior"), node.said("field")) for node in ours.walk() if node.name == "layoutItems"]
    assert items == [("Edit", "Answer__c"), ("Readonly", "Due__c")]


def test_a_layout_that_an_admin_has_arranged_is_left_so():
    elsewhere = THEIRS.replace("<field>LastName</field>", "<field>Answer__c</field>")
    [act] = [act for act in planned(order(), bare(elsewhere)).acts if act.doing is Doing.LAYOUT]
    assert act.words == "the layout 'Lead-Lead Layout' shows 'SLA' (1 field)"
    emptied = THEIRS.replace("<label>Links</label>", "<label>SALES FEEDBACK</label>")
    plan = planned(order(), bare(emptied))
    assert "the layout 'Lead-Lead Layout' shows 'SLA' (1 field)" in words(plan)
    assert plan.kept == ("the layout 'Lead-Lead Layout' does not show Answer; drag it in if reps shall see it",)


def test_the_layout_of_a_package_is_told_and_not_deployed():
    plan = planned(order(), replace(bare(), packaged=frozenset({LAYOUT})))
    assert not [act for act in plan.acts if act.doing is Doing.LAYOUT]
    assert plan.kept == ("the layout 'Lead-Lead Layout' is a package's, which cannot be changed by deploying",)


def test_pairs_of_a_converted_lead_are_put_beside_those_of_the_customer():
    theirs = b"""<LeadConvertSettings xmlns="x"><allowOwnerChange>true</allowOwnerChange>
    <objectMapping><inputObject>Lead</inputObject>
        <mappingFields><inputField>Answer__c</inputField><outputField>Old__c</outputField></mappingFields>
        <outputObject>Contact</outputObject></objectMapping>
    <objectMapping><inputObject>Lead</inputObject><outputObject>Account</outputObject></objectMapping>
</LeadConvertSettings>"""
    live = replace(bare(), components={**bare().components, (CONVERSION, CONVERSION): read(theirs)})
    plan = planned(order(), live)
    [act] = [act for act in plan.acts if act.doing is Doing.CONVERSION]
    assert act.words == "a converted Lead hands 1 field of the bridge to its Contact"
    pairs = [
        (n.said("inputField"), n.said("outputField")) for n in read(act.text).root.walk() if n.name == "mappingFields"
    ]
    assert pairs == [("Answer__c", "Old__c"), ("Hub_Id__c", "Hub_Id__c")]
    assert act.text.endswith(theirs[theirs.index(b"\n        <outputObject>Contact") :])
    assert plan.kept == ("a converted Lead hands Answer__c to Old__c",)


def test_a_message_that_goes_elsewhere_is_mended_and_its_secret_stays_out_of_words():
    asked = order(notices="https://new.acme.example/in/", user="bridge@acme.example")
    old = after(order(notices="https://old.acme.example/in/", user="bridge@acme.example"), bare())
    plan = planned(asked, old)
    assert words(plan) == [
        "the outbound message Contact.Smarketing_Contact goes to the address that config.yaml names",
        "the outbound message Lead.Smarketing_Lead goes to the address that config.yaml names",
    ]
    assert all(b"https://new.acme.example/in/s3cret<" in act.text for act in plan.acts)
    assert "s3cret" not in repr(plan) + repr(asked)


def test_a_flow_that_is_switched_off_is_left_to_a_person():
    asked = order(notices="https://bridge.acme.example/in/", user="bridge@acme.example")
    live = with_component(after(asked, bare()), "Flow", "Smarketing_Lead", ("<status>Active", "<status>Draft"))
    plan = planned(asked, live)
    assert plan.acts == ()
    assert plan.left[0].title == "The flow Smarketing_Lead is there and switched off, as some orgs deploy all flows"


def test_what_rests_on_something_refused_is_not_tried():
    asked = order(notices="https://bridge.acme.example/in/", user="bridge@acme.example")
    refused = [(FIELD, "Lead.Answer__c"), (SET, REPS), ("WorkflowOutboundMessage", "Lead.Smarketing_Lead")]
    plan = planned(asked, bare(), refused)
    made = {act.key for act in plan.acts}
    assert not made & {*refused, ("Flow", "Smarketing_Lead")}
    assert {(FIELD, "Contact.Answer__c"), (SET, INTEGRATION), ("Flow", "Smarketing_Contact")} <= made
    assert not any(b"Lead.Answer__c" in act.text for act in plan.acts)
    assert [act.words for act in plan.assigned] == ["Smarketing_Integration is given to bridge@acme.example"]


def test_fields_of_tasks_are_made_once_on_activity_and_granted_on_both():
    both = (field("Task", "Kind__c"), field("Event", "Kind__c"))
    plan = planned(order(*both), Live())
    assert [act.name for act in plan.acts if act.doing is Doing.FIELD] == ["Activity.Kind__c"]
    [reps] = [act for act in plan.acts if act.name == REPS]
    assert [each.said("field") for each in read(reps.text).root.all("fieldPermissions")] == [
        *("Event.Kind__c", "Task.Kind__c")
    ]


def test_a_number_may_be_a_currency_and_free_text_may_hold_a_list():
    wanted = (field("Lead", "Score__c", Kind.NUMBER, scale=0), ANSWER, ID, DUE)
    live = after(order(*wanted), bare())
    live = with_component(live, FIELD, "Lead.Score__c", ("<type>Number", "<type>Currency"))
    text = b"<fields><fullName>Answer__c</fullName><label>A</label><length>255</length><type>Text</type></fields>"
    plan = planned(order(*wanted), replace(live, components={**live.components, (FIELD, "Lead.Answer__c"): read(text)}))
    assert plan.acts == ()
    assert plan.kept == (
        "Lead.Answer__c is of type Text, where Picklist would be made",
        "Lead.Score__c is of type Currency, where Number would be made",
    )
