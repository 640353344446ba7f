"""The folder of sources: what is in it, that Salesforce's own schema takes it, and that nothing is left out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.setup_source import asked_of
from connector.config.load import load
from connector.config.mappings import for_object
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Refused
from connector.salesforce.source.asked import SECRET, USER, Asked
from connector.salesforce.source.permissions import ALWAYS, GRANTED, by_hand
from connector.salesforce.source.project import MANIFEST, README, Source, source
from connector.wanted import Audience, Choice, Section, Wanted
from tests.salesforce.metadata import ENV, RECEIVING, REQUIRED, SUFFIXES, faults, plain, public, said, shipped

MAIN = "force-app/main/default/"
ASKED = Wanted(
    Side.SALESFORCE, "Lead", "Smarketing_Word__c", "Word", Kind.TEXT, "A word.", "a.yaml:3 fields.word",
    Section.PROFILE, length=255, shown_to=frozenset({Audience.REPS}),
)  # fmt: skip
CHOICES = (Choice("a", "A"), Choice("b", "B"))


def asking(**said_: object) -> Wanted:
    return dataclasses.replace(ASKED, **said_)


def made(*wanted: Wanted, **said_: object) -> Source:
    return source(Asked(wanted, **said_))


def field(one: Wanted) -> dict:
    """What the one field's file says."""
    [text] = [each.text for each in made(one).components if each.type == "CustomField"]
    return said(text)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ships with companies, deals and outbound messages, in a folder that nobody edits."""
    folder = tmp_path_factory.mktemp("office")
    shipped(folder, everything=True, more=RECEIVING)
    public(folder)
    return folder


@pytest.fixture(scope="module")
def whole(office: Path) -> Source:
    """The same as sources."""
    return source(asked_of(load(office / "config.yaml", ENV)))


def grants(found: Source, name: str) -> dict[str, bool]:
    """By field whether it may be edited; every grant lets read."""
    [text] = [one.text for one in found.components if one.member == name]
    rows = [dict(children) for tag, children in plain(text)[1] if tag == "fieldPermissions"]
    assert all(row["readable"] == "true" for row in rows)
    assert len(rows) == len({row["field"] for row in rows})
    return {row["field"]: row["editable"] == "true" for row in rows}


def test_salesforces_own_schema_takes_every_document(whole: Source):
    documents = {path: text for path, text in whole.files.items() if path.endswith(".xml")}
    assert len(documents) == len(whole.components) + 1
    assert {path: found for path, text in documents.items() if (found := faults(text))} == {}


def test_the_schema_would_notice_a_wrong_order_a_wrong_name_and_a_missing_element(whole: Source):
    text = whole.files[f"{MAIN}objects/Lead/fields/HubSpot_Score__c.field-meta.xml"]
    line = "    <scale>2</scale>\n"
    assert faults(text.replace(line, "").replace("    <label>", f"{line}    <label>"))
    assert faults(text.replace("scale>", "skale>"))
    assert faults(
        whole.files[f"{MAIN}flows/Smarketing_Lead.flow-meta.xml"].replace("<label>Smarketing Lead</label>", "")
    )


def test_each_type_of_component_has_its_place_and_its_root(whole: Source):
    assert {one.type for one in whole.components} == set(SUFFIXES)
    for one in whole.components:
        place, root = SUFFIXES[one.type]
        assert one.path == MAIN + place.format(*one.member.split("."))
        assert plain(one.text)[0] == root


def test_every_field_says_what_its_type_must_say(whole: Source):
    for one in whole.components:
        if one.type == "CustomField":
            elements = said(one.text)
            assert {"fullName", "label", "type", "description", "inlineHelpText"} <= set(elements)
            assert REQUIRED[elements["type"]] <= set(elements)
            assert elements["fullName"] == one.member.partition(".")[2]


def test_the_manifest_names_exactly_what_is_there(whole: Source):
    root, parts = plain(whole.files[MANIFEST])
    groups = [children for tag, children in parts if tag == "types"]
    named = {(dict(group)["name"], text) for group in groups for tag, text in group if tag == "members"}
    assert root == "Package"
    assert named == {(one.type, one.member) for one in whole.components}
    assert parts[-1] == ("version", "67.0")
    paths = {one.path for one in whole.components}
    assert set(whole.files) == paths | {MANIFEST, README, "sfdx-project.json"}


def test_every_field_the_shipped_mappings_write_is_made_or_standard_and_granted(tmp_path: Path):
    loaded = shipped(tmp_path, everything=True)
    asked = asked_of(loaded)
    found = source(asked)
    edited, read = grants(found, "Smarketing_Integration"), grants(found, "Smarketing_Rep_View")
    files = {one.member for one in found.components if one.type == "CustomField"}
    written = {
        (obj, name)
        for one in loaded.mappings
        for obj in one.file.salesforce
        for rule in one.file.fields.values()
        if rule.direction.allows(Side.SALESFORCE) and (name := for_object(rule.salesforce, obj))
    }
    assert len(written) > 50
    for obj, name in written:
        if name.endswith("__c"):
            assert f"{obj}.{name}" in files
            assert edited[f"{obj}.{name}"]
            assert f"{obj}.{name}" in read
        else:
            assert name in ALWAYS[obj] or name in GRANTED[obj] or f"{obj}.{_address(name)}" in edited
    for one in asked.wanted:
        assert f"{one.object}.{one.name}" in files
        assert edited[f"{one.object}.{one.name}"]
        assert read[f"{one.object}.{one.name}"] is one.written_by_people
    assert by_hand(asked) == ()


def _address(part: str) -> str:
    for kind in ("Mailing", "Billing"):
        if part.startswith(kind):
            return f"{kind}Address"
    return "Address"


def test_an_address_is_granted_as_a_whole_and_what_is_always_visible_not_at_all():
    others = (("Lead", "Street"), ("Contact", "MailingCity"), ("Lead", "LastName"), ("Opportunity", "StageName"))
    edited = grants(made(ASKED, others=others), "Smarketing_Integration")
    assert edited["Lead.Address"]
    assert edited["Contact.MailingAddress"]
    assert not {"Lead.Street", "Contact.MailingCity", "Lead.LastName", "Opportunity.StageName"} & set(edited)


def test_a_field_that_only_the_org_knows_is_left_to_a_person():
    found = made(ASKED, others=(("Lead", "Budget__c"), ("Widget__c", "Size__c"), ("Lead", "Title")))
    assert not {"Lead.Budget__c", "Widget__c.Size__c"} & set(grants(found, "Smarketing_Integration"))
    assert "Lead.Budget__c, Widget__c.Size__c" in found.files[README]
    assert "only your org knows" not in made(ASKED).files[README]


def test_the_bridge_may_make_and_edit_and_deletes_only_what_the_mappings_delete():
    found = made(ASKED, asking(object="Contact"), deletes=frozenset({"Lead"}))
    [text] = [one.text for one in found.components if one.member == "Smarketing_Integration"]
    rights = {dict(row)["object"]: dict(row) for tag, row in plain(text)[1] if tag == "objectPermissions"}
    assert {obj: row["allowDelete"] for obj, row in rights.items() if row["allowDelete"] == "true"} == {"Lead": "true"}
    assert {obj for obj, row in rights.items() if row["allowCreate"] == row["allowEdit"] == "true"} == {
        "Lead",
        "Contact",
    }
    assert {obj for obj, row in rights.items() if row["allowRead"] == "true"} == set(rights)
    assert set(rights) == {"Lead", "Contact", "Account", "Opportunity"}
    assert not any(row["modifyAllRecords"] == "true" for row in rights.values())
    users = [dict(row)["name"] for tag, row in plain(text)[1] if tag == "userPermissions"]
    assert users == ["ApiEnabled", "EditTask"]


def test_reps_are_given_fields_and_no_rights_on_objects(whole: Source):
    [text] = [one.text for one in whole.components if one.member == "Smarketing_Rep_View"]
    assert {tag for tag, _ in plain(text)[1]} == {"description", "fieldPermissions", "label"}
    read = grants(whole, "Smarketing_Rep_View")
    assert read["Lead.Smarketing_Answer__c"]  # the answer is theirs to give
    assert not read["Lead.Smarketing_SLA_Due__c"]
    assert not read["Lead.HubSpot_Contact_Id__c"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (asking(), {"type": "Text", "length": "255", "unique": "false", "externalId": "false"}),
        (asking(length=32_768), {"type": "LongTextArea", "length": "32768", "visibleLines": "5"}),
        (asking(length=None), {"type": "Text", "length": "255"}),
        (
            asking(length=64, unique=True, external_id=True),
            {"type": "Text", "length": "64", "unique": "true", "externalId": "true", "caseSensitive": "false"},
        ),
        (asking(kind=Kind.OWNER), {"type": "Text", "length": "255"}),
        (asking(kind=Kind.REFERENCE), {"type": "Text", "length": "255"}),
        (asking(kind=Kind.NUMBER, scale=0), {"type": "Number", "precision": "18", "scale": "0"}),
        (asking(kind=Kind.NUMBER, scale=2), {"type": "Number", "precision": "18", "scale": "2"}),
        (asking(kind=Kind.MONEY, scale=2), {"type": "Currency", "precision": "18", "scale": "2"}),
        (asking(kind=Kind.BOOLEAN), {"type": "Checkbox", "defaultValue": "false"}),
        (asking(kind=Kind.DATE), {"type": "Date", "required": "false"}),
        (asking(kind=Kind.DATETIME), {"type": "DateTime", "required": "false"}),
        (asking(kind=Kind.EMAIL), {"type": "Email", "required": "false"}),
        (asking(kind=Kind.PHONE), {"type": "Phone", "required": "false"}),
        (asking(kind=Kind.PICKLIST, options=CHOICES), {"type": "Picklist", "required": "false"}),
        (asking(kind=Kind.MULTIPICKLIST, options=CHOICES), {"type": "MultiselectPicklist", "visibleLines": "4"}),
    ],
)
def test_a_kind_becomes_a_type_that_salesforce_takes(one: Wanted, expected: dict[str, str]):
    elements = field(one)
    assert expected.items() <= elements.items()
    assert {"fullName", "label", "description", "inlineHelpText", "type"} | REQUIRED[elements["type"]] <= set(elements)
    assert [faults(each.text) for each in made(one).components if each.type == "CustomField"] == [[]]


def test_every_kind_is_tried_above():
    [mark] = test_a_kind_becomes_a_type_that_salesforce_takes.pytestmark
    assert {one.kind for one, _ in mark.args[1]} == set(Kind)


def test_a_picklist_is_closed_in_the_order_of_the_files():
    values = dict(field(asking(kind=Kind.PICKLIST, options=CHOICES))["valueSet"])
    assert values["restricted"] == "true"
    definition = values["valueSetDefinition"]
    assert definition[0] == ("sorted", "false")
    assert [dict(value) for tag, value in definition if tag == "value"] == [
        {"fullName": "a", "default": "false", "label": "A"},
        {"fullName": "b", "default": "false", "label": "B"},
    ]


def test_what_is_too_long_to_be_read_is_cut_and_what_is_stored_is_not():
    long = "very " * 300
    elements = field(asking(label=long, description=long, kind=Kind.PICKLIST, options=(Choice("v" * 200, "label"),)))
    assert len(elements["label"]) <= 40
    assert len(elements["inlineHelpText"]) <= 255
    assert len(elements["description"]) <= 1000
    assert elements["label"].endswith("very…")
    assert dict(dict(elements["valueSet"])["valueSetDefinition"][1][1])["fullName"] == "v" * 200


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
HOSTILE = st.one_of(
    TEXTS, st.sampled_from(['O\'Brien & "Söhne" <x>', "]]><a>&amp;", "\U0001f600 ok", "a\r\nb\tc", "-->"])
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_words_of_any_kind_survive(label: str, help_: str, value: str):
    if any(ord(char) in (0xFFFE, 0xFFFF) for char in label + help_ + value):
        return  # refused below
    options = (Choice(value, label),)
    elements = field(asking(label=label, description=help_, kind=Kind.PICKLIST, options=options))
    stored = dict(dict(elements["valueSet"])["valueSetDefinition"][1][1])
    assert (elements["label"], elements["inlineHelpText"]) == (label, help_)
    assert (stored["fullName"], stored["label"]) == (value, label)


@pytest.mark.parametrize("text", ["a\x08b", "\x00", "\ufffe", "\x1b[31m"])
def test_what_no_xml_can_hold_is_refused_by_name(text: str):
    with pytest.raises(Refused, match="which no XML document can; take it out of the YAML file"):
        made(asking(label=text))


@pytest.mark.parametrize("name", ["../../x__c", "a/b__c", "", "x y__c", "1x__c", "é__c"])
def test_a_name_that_is_none_is_refused_before_it_becomes_a_path(name: str):
    with pytest.raises(Refused, match="is no name that Salesforce gives"):
        made(asking(name=name))
    with pytest.raises(Refused, match="is no name that Salesforce gives"):
        made(asking(object=name))
    with pytest.raises(Refused, match="is no name that Salesforce gives"):
        made(ASKED, others=(("Lead", name),))


def test_fields_of_task_and_event_are_one_of_activity_and_granted_on_both():
    found = made(asking(object="Task"), asking(object="Event"), asking())
    activity = [one for one in found.components if one.path.startswith(f"{MAIN}objects/Activity/")]
    assert [one.member for one in activity] == ["Activity.Smarketing_Word__c"]
    assert not [one for one in found.components if one.member.startswith(("Task.", "Event."))]
    for name in ("Smarketing_Integration", "Smarketing_Rep_View"):
        assert {"Task.Smarketing_Word__c", "Event.Smarketing_Word__c"} <= set(grants(found, name))
    [text] = [one.text for one in found.components if one.member == "Smarketing_Integration"]
    assert "<object>Task</object>" not in text  # rights on activities are EditTask's


def test_one_field_of_activity_asked_for_in_two_ways_is_refused():
    with pytest.raises(Refused, match=r"Activity\.Smarketing_Word__c is asked for twice"):
        made(asking(object="Task"), asking(object="Event", length=80))


def test_list_views_follow_the_agreement(tmp_path: Path):
    found = {one.member: one.text for one in source(asked_of(shipped(tmp_path))).components if one.type == "ListView"}
    assert sorted(found) == [
        "Contact.Smarketing_My_Contacts_Due_Today",
        "Contact.Smarketing_Waiting_For_Feedback",
        "Lead.Smarketing_My_Leads_Due_Today",
        "Lead.Smarketing_Waiting_For_Feedback",
    ]
    root, due = plain(found["Lead.Smarketing_My_Leads_Due_Today"])
    assert root == "ListView"
    assert ("filterScope", "Mine") in due
    assert ("label", "My leads due today") in due
    assert [dict(each) for tag, each in due if tag == "filters"] == [
        {"field": "Smarketing_SLA_Due__c", "operation": "lessThan", "value": "TOMORROW"},
        {"field": "Smarketing_SLA_State__c", "operation": "equals", "value": "running,warned,breached"},
    ]
    waiting = plain(found["Lead.Smarketing_Waiting_For_Feedback"])[1]
    assert ("filterScope", "Everything") in waiting
    assert [dict(each) for tag, each in waiting if tag == "filters"] == [
        {"field": "Smarketing_Feedback_Status__c", "operation": "equals", "value": "waiting,asked"}
    ]


def test_list_views_show_only_fields_that_are_made(whole: Source):
    files = {one.member for one in whole.components if one.type == "CustomField"}
    for one in whole.components:
        if one.type == "ListView":
            obj = one.member.partition(".")[0]
            named = [text for tag, text in plain(one.text)[1] if tag == "columns"]
            assert {f"{obj}.{name}" for name in named if name.endswith("__c")} <= files
            assert len(named) == len(set(named))


def test_no_agreement_no_views(tmp_path: Path):
    shipped(tmp_path)
    (tmp_path / "mappings" / "lifecycle.yaml").unlink()
    (tmp_path / "mappings" / "feedback.yaml").unlink()
    (tmp_path / "mappings" / "sla.yaml").unlink()
    found = source(asked_of(load(tmp_path / "config.yaml", ENV)))
    assert [one for one in found.components if one.type == "ListView"] == []
    assert "list views" not in found.files[README]


def test_messages_go_out_where_they_are_received_and_never_hold_the_secret(whole: Source):
    messages = [one for one in whole.components if one.type == "WorkflowOutboundMessage"]
    assert [one.member for one in messages] == [
        f"{obj}.Smarketing_{obj}" for obj in ("Account", "Contact", "Lead", "Opportunity")
    ]
    for one in messages:
        message = said(one.text)["outboundMessages"]
        assert dict(message)["endpointUrl"] == f"https://bridge.acme.example/webhooks/salesforce/outbound/{SECRET}"
        assert dict(message)["includeSessionId"] == "false"
        assert dict(message)["integrationUser"] == USER
        assert [text for tag, text in message if tag == "fields"] == ["Id", "SystemModstamp"]
    assert not any(secret in text for text in whole.files.values() for secret in ENV.values())


def test_a_custom_object_that_is_called_like_a_standard_one_has_a_flow_of_its_own():
    found = made(ASKED, asking(object="Lead__c"), asking(object="acme__Lead__c"), notices="https://b.example/outbound/")
    flows = [one for one in found.components if one.type == "Flow"]
    assert [one.member for one in flows] == ["Smarketing_Lead", "Smarketing_Lead_c", "Smarketing_acme_Lead_c"]
    assert [said(one.text)["actionCalls"][4] for one in flows] == [
        ("actionName", "Lead.Smarketing_Lead"),
        ("actionName", "Lead__c.Smarketing_Lead_c"),
        ("actionName", "acme__Lead__c.Smarketing_acme_Lead_c"),
    ]
    assert len({one.path for one in found.components}) == len(found.components)


def test_each_flow_sends_the_message_of_its_object(whole: Source):
    messages = {one.member for one in whole.components if one.type == "WorkflowOutboundMessage"}
    flows = {one.member: said(one.text) for one in whole.components if one.type == "Flow"}
    assert {dict(flow["actionCalls"])["actionName"] for flow in flows.values()} == messages
    for flow in flows.values():
        start = dict(flow["start"])
        assert dict(flow["actionCalls"])["actionName"].startswith(f"{start['object']}.")
        assert dict(start["connector"])["targetReference"] == dict(flow["actionCalls"])["name"]
        assert (start["triggerType"], start["recordTriggerType"]) == ("RecordAfterSave", "CreateAndUpdate")


def test_the_project_replaces_the_placeholders_where_they_stand(whole: Source):
    project = orjson.loads(whole.files["sfdx-project.json"])
    assert project["sourceApiVersion"] == "67.0"
    replaced = {(one["filename"], one["stringToReplace"], one["replaceWithEnv"]) for one in project["replacements"]}
    messages = [one.path for one in whole.components if one.type == "WorkflowOutboundMessage"]
    assert replaced == {(path, name, name) for path in messages for name in (SECRET, USER)}
    assert all(name in whole.files[path] for path, name, _ in replaced)


def test_a_user_whom_the_settings_name_is_no_placeholder():
    found = made(ASKED, notices="https://b.example/webhooks/salesforce/outbound/", user="bridge@acme.example")
    [message] = [one for one in found.components if one.type == "WorkflowOutboundMessage"]
    assert dict(said(message.text)["outboundMessages"])["integrationUser"] == "bridge@acme.example"
    assert USER not in "".join(found.files.values())


@pytest.mark.parametrize("more", ["", RECEIVING], ids=["nobody listens", "nobody knows our address"])
def test_no_messages_where_none_could_arrive(tmp_path: Path, more: str):
    found = source(asked_of(shipped(tmp_path, more=more)))
    assert not [one for one in found.components if one.type in ("Flow", "WorkflowOutboundMessage")]
    assert "replacements" not in orjson.loads(found.files["sfdx-project.json"])
    assert SECRET not in found.files[README]


def test_no_layout_and_no_page_is_ever_written(whole: Source):
    assert not [path for path in whole.files if "layout" in path.lower() or "flexipage" in path.lower()]


def test_the_same_input_gives_the_same_bytes(office: Path, whole: Source):
    again = source(asked_of(load(office / "config.yaml", ENV)))
    assert again.files == whole.files
    assert list(again.files) == list(whole.files) == sorted(whole.files)


def test_a_comment_in_the_yaml_changes_no_byte(tmp_path: Path):
    before = source(asked_of(shipped(tmp_path)))
    file = tmp_path / "mappings" / "feedback.yaml"
    file.write_text(f"# we talked about this\n\n{file.read_text()}")
    assert source(asked_of(load(tmp_path / "config.yaml", ENV))).files == before.files


def test_conversion_is_told_for_fields_that_can_be_mapped():
    told = made(
        asking(), asking(object="Contact"), asking(name="Only_Lead__c"),
        asking(name="Longer__c", length=200), asking(object="Contact", name="Longer__c", length=100),
    ).files[README]  # fmt: skip
    assert "Map Word (Smarketing_Word__c) to the field of the same name" in told
    assert "Only_Lead__c)" not in told
    assert "(Longer__c)" not in told
    assert "Map Lead Fields" not in made(asking()).files[README]


def test_the_steps_say_where_reps_see_what(whole: Source):
    told = whole.files[README]
    assert "Drag in a section 'Sales feedback' and put into it: Sales answer, Sales reason" in told
    assert "page of Lead" in told
    assert "HubSpot Contact Id," not in told  # an id is not for reps
    assert told.count("Done when: ") == len(whole.steps)
    assert "No org was asked" in told


def test_what_is_deleted_follows_the_mappings(tmp_path: Path):
    shipped(tmp_path)
    assert asked_of(load(tmp_path / "config.yaml", ENV)).deletes == frozenset()
    file = tmp_path / "mappings" / "contacts.yaml"
    text = file.read_text()
    file.write_text(text.replace("on_archive: unlink", "on_archive: archive"))
    assert asked_of(load(tmp_path / "config.yaml", ENV)).deletes == {"Lead", "Contact"}
    file.write_text(text.replace("on_leaving: stop", "on_leaving: archive"))
    assert asked_of(load(tmp_path / "config.yaml", ENV)).deletes == {"Lead", "Contact"}
