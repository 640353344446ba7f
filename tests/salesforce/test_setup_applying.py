"""Retrieving and deploying over the wire: what is sent, what is refused, and who has changed things meanwhile."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from dataclasses import replace
from xml.sax.saxutils import escape

import pytest

from connector.errors import Refused, Transient, Unauthorised
from connector.salesforce.setup.applying import OrgSetup, reasons
from connector.salesforce.setup.documents import read
from connector.salesforce.setup.live import Act, Doing, People
from connector.salesforce.setup.package import packed, unpacked
from connector.salesforce.setup.planning import Order
from tests.salesforce.setting_up import ANSWER, BRIDGE, DUE, KIM, LAYOUT, THEIRS, VERSION, field, order
from tests.salesforce.wire import Moving, Wire, api_over

SOAP = "/services/Soap/m/67.0"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
FIELD = "CustomField"


def soap(name: str, *results: str) -> bytes:
    told = "".join(f"<result>{one}</result>" for one in results)
    return (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{NAMESPACE}">'
        f"<soapenv:Body><{name}Response>{told}</{name}Response></soapenv:Body></soapenv:Envelope>"
    ).encode()


def fault(code: str, words: str) -> bytes:
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(words)}</faultstring>"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    ).encode()


class Town:
    """An org that keeps what is deployed to it, and refuses what it is told to."""

    def __init__(self, refuses: dict[str, str] | None = None) -> None:
        self.there = {("Layout", LAYOUT): read(THEIRS.encode())}
        self.given: set[tuple[str, str]] = set()
        self.refuses, self.deployed, self.tokens = refuses or {}, [], []
        self.forgives = ""
        self.waits, self.before_deploying = 0, lambda: None
        self.clock = Moving()
        self.wire = Wire(self.answer)
        api = api_over(self.wire, self.clock)
        self.setup = OrgSetup(api, api)

    def answer(self, request):
        path = request.path_url
        if path == SOAP:
            return self.soap(request)
        if path.endswith("/metadata/deployRequest"):
            return self.take(request)
        if "/metadata/deployRequest/" in path:
            return 200, {"deployResult": self.outcome if self.ready() else {"done": False, "status": "InProgress"}}
        if path.endswith("/sobjects/PermissionSetAssignment"):
            body = json.loads(request.body)
            self.given.add((body["PermissionSetId"], body["AssigneeId"]))
            return 201, {"id": "0Pa", "success": True, "errors": []}
        return 200, {
            "records": self.records(path),
            "done": True,
            "sobjects": "",
            "identity": f"https://x/00D/{BRIDGE[0]}",
        }

    def ready(self) -> bool:
        self.waits -= 1
        return self.waits < 0

    def soap(self, request):
        text = request.body.decode()
        self.tokens += re.findall("<sessionId>(.*)</sessionId>", text)
        if "<listMetadata " in text:
            names = [name for kind, name in self.there if kind == "Layout"]
            told = "<namespacePrefix>ns</namespacePrefix>"
            return 200, soap(
                "listMetadata",
                *(f"<fullName>{name}</fullName>" for name in names),
                f"<fullName>Lead-ns__Theirs</fullName>{told}",
                "<fullName>Case-Case Layout</fullName>",
            )
        if "<retrieve " in text:
            self.wanted = set(re.findall("<members>(.*)</members>", text))
            return 200, soap("retrieve", "<done>false</done><id>09S1</id><state>Queued</state>")
        if not self.ready():
            return 200, soap("checkRetrieveStatus", "<done>false</done><status>InProgress</status>")
        archive = base64.b64encode(self.archive()).decode()
        return 200, soap("checkRetrieveStatus", f"<done>true</done><success>true</success><zipFile>{archive}</zipFile>")

    def archive(self) -> bytes:
        acts = [
            Act(Doing.FIELD, kind, name.partition(".")[0], name, "", document.content)
            for (kind, name), document in self.there.items()
            if name in self.wanted
        ]
        return packed(acts, VERSION)

    def take(self, request):
        self.before_deploying()
        archive = request.body.partition(b"application/zip\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        assert b'"rollbackOnError":true' in request.body
        found = unpacked(archive)
        failures = [
            {"componentType": kind, "fullName": name, "problem": self.refuses[name], "success": False}
            for kind, name in found
            if name in self.refuses
        ]
        self.refuses.pop(self.forgives, None)
        self.deployed.append(sorted(found))
        self.outcome = {"done": True, "success": not failures, "status": "Failed" if failures else "Succeeded"}
        self.outcome["details"] = {"componentFailures": failures}
        if not failures:
            self.there |= found
        return 201, {"id": "0Af1", "deployResult": {"done": False}}

    def records(self, path: str):
        if "FROM%20PermissionSetAssignment" in path:
            return [{"AssigneeId": user, "PermissionSet": {"Name": name}} for name, user in self.given]
        if "FROM%20PermissionSet" in path:
            return [{"Id": name, "Name": name} for kind, name in self.there if kind == "PermissionSet" and name in path]
        users = [BRIDGE, KIM, ("005GONE", "gone@acme.example")]
        return [{"Id": user, "Username": name, "IsActive": "gone" not in name} for user, name in users]


def test_everything_is_made_in_one_deployment_and_nothing_the_second_time():
    town = Town()
    town.waits = 2
    assert len(town.setup.plan(order()).acts) == 11
    assert town.clock.slept == [0.5, 1.0]
    assert town.setup.apply(order()) == {}
    assert len(town.deployed) == 1
    assert town.given == {("Smarketing_Integration", BRIDGE[0]), ("Smarketing_Rep_View", KIM[0])}
    plan = town.setup.plan(order())
    assert plan.acts == ()
    assert plan.kept == ("the layout 'Lead-ns__Theirs' is a package's, which cannot be changed by deploying",)
    town.setup.apply(order())
    assert len(town.deployed) == 1


def test_one_refused_field_keeps_no_neighbour_from_being_made():
    town = Town({"Lead.Answer__c": "bad value, said to ada@acme.example"})
    refused = town.setup.apply(order())
    assert refused == {(FIELD, "Lead.Answer__c"): "bad value, said to (address)"}
    assert len(town.deployed) == 2
    assert (FIELD, "Contact.Answer__c") in town.there
    assert b"Lead.Answer__c" not in b"".join(each.content for each in town.there.values())
    left = town.setup.plan(order())
    said = reasons(refused, left.acts)
    assert said[FIELD, "Lead.Answer__c"] == "bad value, said to (address)"
    assert next(act.key for act in left.acts) == (FIELD, "Lead.Answer__c")


def test_what_is_refused_with_a_field_is_made_without_it():
    """A grant on a field that was refused is refused, too, though it is lawful once it does not speak of the field."""
    town = Town(
        {"Lead.Answer__c": "no", "Smarketing_Rep_View": "In field: field - no CustomField named Lead.Answer__c"}
    )
    town.forgives = "Smarketing_Rep_View"
    assert town.setup.apply(order()) == {(FIELD, "Lead.Answer__c"): "no"}
    assert ("PermissionSet", "Smarketing_Rep_View") in town.there


def test_a_grant_that_an_org_does_not_know_costs_the_bridge_no_other_grant():
    """Orgs differ in their standard fields; a set is refused for one grant, and nobody would see anything."""
    town = Town({"Smarketing_Integration": "You cannot deploy to a required field: Task.WhoId"})
    town.forgives = "Smarketing_Integration"
    assert town.setup.apply(order()) == {
        ("fieldPermissions", "Smarketing_Integration Task.WhoId"): "You cannot deploy to a required field: Task.WhoId"
    }
    text = town.there["PermissionSet", "Smarketing_Integration"].content
    assert b"Task.WhoId" not in text
    assert b"Task.ActivityDate" in text
    assert ("Smarketing_Integration", BRIDGE[0]) in town.given
    [left] = town.setup.plan(order()).acts
    assert left.words == "Smarketing_Integration grants Task.WhoId"
    refused = {("fieldPermissions", "Smarketing_Integration Task.WhoId"): "it is required"}
    assert reasons(refused, [left]) == {left.key: "it is required"}
    assert reasons({}, [left])[left.key].startswith("Salesforce took nothing")


def test_a_permission_set_that_a_user_may_not_have_is_told_in_salesforces_words():
    town = Town()
    answer = town.answer

    def licensed(request):
        if request.path_url.endswith("/sobjects/PermissionSetAssignment") and KIM[0] in request.body.decode():
            words = "The user license doesn't allow the permission: Edit Tasks"
            return 400, [{"errorCode": "FIELD_INTEGRITY_EXCEPTION", "message": words}]
        if request.path_url.endswith("/sobjects/PermissionSetAssignment"):
            return 400, [{"errorCode": "DUPLICATE_VALUE", "message": "somebody was faster"}]
        return answer(request)

    town.wire.answer = licensed
    assert town.setup.apply(order()) == {
        ("PermissionSetAssignment", f"Smarketing_Rep_View {KIM[0]}"): (
            "The user license doesn't allow the permission: Edit Tasks"
        )
    }


def test_a_permission_set_that_vanished_cannot_be_given():
    town = Town()
    town.setup.apply(order())
    town.given.clear()
    records = town.records
    town.records = lambda path: [] if "FROM%20PermissionSet%20" in path else records(path)
    assert set(town.setup.apply(order()).values()) == {
        "there is no permission set Smarketing_Integration to give",
        "there is no permission set Smarketing_Rep_View to give",
    }


def test_a_deployment_that_fails_as_a_whole_is_told_of_all_that_was_in_it():
    town = Town()
    town.take = lambda _request: (201, {"id": "0Af1"})
    town.outcome = {"done": True, "success": False, "status": "Failed", "errorMessage": "the org is being moved"}
    refused = town.setup.apply(order())
    assert set(refused.values()) == {"the org is being moved"}
    assert (FIELD, "Lead.Answer__c") in refused
    assert not town.given


def test_a_layout_that_somebody_saved_meanwhile_is_not_written_over():
    town = Town()
    theirs = read(THEIRS.replace("Links", "Other links").encode())
    live = town.setup._live

    def saved(asked):
        found, town.setup._live = live(asked), live
        town.there["Layout", LAYOUT] = theirs
        return found

    town.setup._live = saved
    refused = town.setup.apply(order())
    [words] = refused.values()
    assert words.startswith("somebody has changed it in Salesforce while this command was running")
    assert town.there["Layout", LAYOUT].content == theirs.content
    assert (FIELD, "Lead.Answer__c") in town.there
    assert town.setup.apply(order()) == {}
    assert b"Other links" in town.there["Layout", LAYOUT].content
    assert b"Sales feedback" in town.there["Layout", LAYOUT].content


def test_layouts_are_left_alone_where_that_is_asked_for():
    town = Town()
    assert town.setup.apply(replace(order(), pages=False)) == {}
    assert town.there["Layout", LAYOUT].content == THEIRS.encode()


def test_an_admins_session_does_it_and_the_bridge_gets_the_set():
    town = Town()
    api = api_over(town.wire, town.clock)
    org = OrgSetup(api, api.borrowing("00D!admin"))
    people = org.people([KIM[1]])
    assert people == People(BRIDGE, dict([KIM]))
    org.plan(Order(order().asked, people))
    assert set(town.tokens) == {"00D!admin"}
    assert "00D!admin" not in repr(org.__dict__)


def test_an_admins_session_that_is_over_is_told_and_not_renewed():
    town = Town()
    town.wire.answer = lambda _request: (401, [{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
    api = api_over(town.wire, town.clock)
    with pytest.raises(Unauthorised, match="the admin's session is over"):
        OrgSetup(api, api.borrowing("00D!admin"))._rows("SELECT Id FROM User")


def test_a_name_that_no_active_user_has_is_refused_before_anything_is_done():
    town = Town()
    with pytest.raises(Refused, match=r"gone@acme\.example: no active user has this name"):
        town.setup.people(["gone@acme.example", KIM[1]])


def test_a_user_who_is_not_let_at_metadata_is_told_how_an_admin_does_it():
    town = Town()
    words = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
    town.soap = lambda _request: (500, fault("INSUFFICIENT_ACCESS", words))
    with pytest.raises(Unauthorised) as told:
        town.setup.plan(order())
    assert words in str(told.value)
    assert "SALESFORCE_ADMIN_TOKEN" in str(told.value)
    town = Town()
    town.take = lambda _request: (403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": words}])
    with pytest.raises(Unauthorised, match="SALESFORCE_ADMIN_TOKEN"):
        town.setup.apply(order())


@pytest.mark.parametrize("body", [b"<html>", b"<a/>"])
def test_a_refusal_that_cannot_be_read_is_a_fault_of_the_wire(body: bytes):
    town = Town()
    town.soap = lambda _request: (500, body)
    with pytest.raises(Transient, match="500"):
        town.setup.plan(order())


def test_documents_that_were_cut_off_are_told():
    town = Town()
    done = "<done>true</done><success>true</success><id>1</id><zipFile>UEsDB</zipFile>"
    town.soap = lambda _request: (200, soap("checkRetrieveStatus", done))
    with pytest.raises(Transient, match="cut off"):
        town.setup.plan(order())


def test_an_org_that_refuses_something_else_each_time_is_not_asked_for_ever():
    town = Town()
    take = town.take

    def refusing(request):
        archive = request.body.partition(b"application/zip\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        town.refuses = {max(name for _, name in unpacked(archive)): "no"}
        return take(request)

    town.take = refusing
    many = [field("Lead", f"Field_{number:02}__c") for number in range(20)]
    refused = town.setup.apply(order(*many))
    assert len(town.deployed) == len(refused) == 10


def test_a_look_in_passing_tells_what_records_tell():
    town = Town()
    views = [{"DeveloperName": "Smarketing_Waiting_For_Feedback", "SobjectType": "Lead"}]
    records = town.records
    town.records = lambda path: views if "FROM%20ListView" in path else records(path)
    due = replace(DUE, why="sla.yaml:1 sla.fields.due_at.salesforce")
    state = replace(ANSWER, name="State__c", why="sla.yaml:2 sla.fields.state.salesforce")
    status = replace(ANSWER, name="Status__c", why="feedback.yaml:1 feedback.told.status.salesforce")
    asked = order(due, state, status)
    assert town.setup.glance(asked.asked) == (
        "the permission set Smarketing_Integration",
        "the permission set Smarketing_Rep_View",
        "Smarketing_Integration for the bridge's own user",
        "Smarketing_Rep_View for reps, which nobody has yet (--rep)",
        "the list view Lead.Smarketing_My_Leads_Due_Today",
    )
    town.setup.apply(order())
    town.records = records
    assert town.setup.glance(replace(order().asked, wanted=())) == ()


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", soap("x", "<done>true</done><success>true</success>")],
)
def test_answers_that_cannot_be_read_are_asked_for_again_and_then_told(body: bytes):
    town = Town()
    town.soap = lambda _request: (200, body)
    with pytest.raises(Transient):
        town.setup.plan(order())


def test_a_retrieval_that_fails_is_told_in_salesforces_words():
    town = Town()
    failed = "<done>true</done><success>false</success><errorMessage>no room</errorMessage><id>1</id>"
    town.soap = lambda _request: (200, soap("checkRetrieveStatus", failed))
    with pytest.raises(Refused, match="could not hand out its documents: no room"):
        town.setup.plan(order())


def test_an_org_that_is_never_done_is_not_waited_for_for_ever():
    town = Town()
    town.waits = 10_000
    with pytest.raises(Transient, match="for ten minutes"):
        town.setup.plan(order())
    assert 600 < sum(town.clock.slept) < 610


def test_the_bridges_user_is_asked_of_the_sign_in_service_where_the_index_does_not_tell():
    town = Town()
    answer = town.answer

    def without(request):
        if request.path_url.endswith("/services/oauth2/userinfo"):
            return 200, {"user_id": BRIDGE[0]}
        if request.path_url.endswith("/v67.0/"):
            return 200, {"sobjects": "/x"}
        return answer(request)

    town.wire.answer = without
    assert town.setup.people([]) == People(BRIDGE, {})


def test_an_archive_is_not_unpacked_beyond_what_salesforce_allows_itself(monkeypatch):
    monkeypatch.setattr("connector.salesforce.setup.package.UNPACKED_MAX", 100)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("layouts/Lead-X.layout", b"<Layout/>" * 20)
    with pytest.raises(Refused, match="larger than it allows"):
        unpacked(buffer.getvalue())
