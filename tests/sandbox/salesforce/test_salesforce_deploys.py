"""Deployments over REST: asked for again and again, all or nothing, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile, ZipInfo

import orjson
import pytest
import requests

from connector.sandbox.process import Plan, serve_in_thread
from connector.sandbox.salesforce import actions, administration
from tests.sandbox.salesforce.deploying import (
    TIER,
    deploy,
    fields,
    grants,
    look,
    manifest,
    problem,
    problems,
    send,
    together,
    zipped,
)

BAD = {"fullName": "Bad__c", "label": "Bad", "type": "Text"}


def test_a_deployment_goes_through_its_states_and_then_the_field_is_there(api, org, log) -> None:
    status, begun = send(api, zipped(fields(TIER)))
    assert (status, begun["deployResult"]["status"], begun["deployResult"]["done"]) == (201, "Pending", False)
    assert (begun["id"][:3], begun["deployOptions"]["rollbackOnError"]) == ("0Af", True)
    told = [look(api, begun["id"]) for _ in range(3)]
    assert [each["status"] for each in told] == ["Pending", "InProgress", "Succeeded"]
    assert [each["done"] for each in told] == [False, False, True]
    assert told[1]["details"]["componentSuccesses"] == []
    [made] = told[2]["details"]["componentSuccesses"]
    assert (made["fullName"], made["componentType"], made["created"], made["changed"]) == (
        "Lead.Tier__c", "CustomField", True, False,
    )  # fmt: skip
    assert (made["id"][:3], made["fileName"], made["problem"]) == ("00N", "objects/Lead.object", None)
    assert (told[2]["numberComponentsTotal"], told[2]["numberComponentsDeployed"]) == (1, 1)
    field = org.catalogue["Lead"].kind.fields["Tier__c"]
    assert (field.type, field.length, field.label) == ("string", 10, "Tier")
    [entry] = log()
    assert (entry["operation"], entry["object"], entry["id"]) == ("deployed", "CustomField", "Lead.Tier__c")


def test_a_second_deployment_of_the_same_changes_nothing_and_leaves_no_trace(api, org, log) -> None:
    parcel = together(fields(TIER), grants(Lead_Tier__c=True))
    deploy(api, parcel)
    digest, writes = org.digest(), len(log())
    result = deploy(api, parcel)
    assert result["status"] == "Succeeded"
    assert {(each["created"], each["changed"]) for each in result["details"]["componentSuccesses"]} == {(False, False)}
    assert (org.digest(), len(log())) == (digest, writes)


def test_metadata_is_part_of_the_orgs_fingerprint(api, org) -> None:
    digests = [org.digest()]
    deploy(api, fields(TIER))
    digests.append(org.digest())
    result = deploy(api, fields({**TIER, "inlineHelpText": "How dear they are."}))
    assert result["details"]["componentSuccesses"][0]["changed"] is True
    digests.append(org.digest())
    assert len(set(digests)) == 3


def test_one_bad_component_takes_everything_back(api, org) -> None:
    digest = org.digest()
    result = deploy(api, fields(TIER, BAD))
    assert (result["status"], result["success"], result["numberComponentErrors"]) == ("Failed", False, 1)
    [failure] = result["details"]["componentFailures"]
    assert failure["fullName"] == "Lead.Bad__c"
    assert failure["problem"] == "Must specify 'length' for a CustomField of type Text"
    assert (failure["problemType"], failure["lineNumber"] > 1, failure["columnNumber"] > 0) == ("Error", True, True)
    assert org.digest() == digest


def test_a_sandbox_org_may_keep_what_is_good_and_a_production_org_may_not(api, org) -> None:
    status, refused = send(api, zipped(fields(TIER, BAD)), rollbackOnError=False)
    assert (status, refused[0]["errorCode"]) == (400, "INVALID_PARAMETER_VALUE")
    org.settings.sandbox_org = True
    result = deploy(api, fields(TIER, BAD), rollbackOnError=False)
    assert (result["status"], len(problems(result))) == ("SucceededPartial", 1)
    assert org.catalogue["Lead"].kind.has("Tier__c")
    assert not org.catalogue["Lead"].kind.has("Bad__c")


def test_a_check_tells_everything_and_makes_nothing(api, org) -> None:
    digest = org.digest()
    result = deploy(api, together(fields(TIER), grants(Lead_Tier__c=True)), checkOnly=True)
    assert (result["status"], result["checkOnly"]) == ("Succeeded", True)
    assert [each["created"] for each in result["details"]["componentSuccesses"]] == [True, True]
    assert org.digest() == digest


def test_what_leans_on_a_bad_field_is_bad_too(api) -> None:
    result = deploy(api, together(fields(BAD), grants(Lead_Bad__c=True)))
    assert problems(result) == [
        "Must specify 'length' for a CustomField of type Text",
        "In field: field - no CustomField named Lead.Bad__c found",
    ]


def test_an_admin_can_make_a_component_fail_and_a_deployment_slow(api, org) -> None:
    actions.set_settings(org, deploy_refused={"Lead.Tier__c": "UNKNOWN_EXCEPTION: try again"}, deploy_polls=5)
    _, begun = send(api, zipped(fields(TIER)))
    assert [look(api, begun["id"])["status"] for _ in range(6)] == ["Pending", *["InProgress"] * 4, "Failed"]
    assert problems(look(api, begun["id"])) == ["UNKNOWN_EXCEPTION: try again"]
    org.settings.deploy_refused.clear()
    assert deploy(api, fields(TIER))["status"] == "Succeeded"


def test_a_deployment_takes_effect_in_its_time_though_nobody_looks(api, org) -> None:
    org.settings.deploy_s = 60
    _, begun = send(api, zipped(fields(TIER)))
    assert [look(api, begun["id"])["status"] for _ in range(4)] == ["Pending", *["InProgress"] * 3]
    assert not org.catalogue["Lead"].kind.has("Tier__c")
    org.services.clock.advance(61)
    api.call("GET", "limits")
    assert org.catalogue["Lead"].kind.has("Tier__c")
    assert look(api, begun["id"])["status"] == "Succeeded"


def test_a_deployment_that_waits_can_be_cancelled(api, org) -> None:
    org.settings.deploy_s = 60
    _, begun = send(api, zipped(fields(TIER)))
    path = f"metadata/deployRequest/{begun['id']}"
    assert api.call("PATCH", path, {"deployResult": {"status": "Succeeded"}})[0] == 400
    assert api.call("PATCH", path, {"deployResult": {"status": "Canceling"}})[0] == 202
    org.services.clock.advance(61)
    assert [look(api, begun["id"])["status"] for _ in range(3)][-1] == "Canceled"
    assert not org.catalogue["Lead"].kind.has("Tier__c")


def test_without_details_none_are_told_and_an_unknown_deployment_is_not_found(api) -> None:
    _, begun = send(api, zipped(fields(TIER)))
    told = api.call("GET", f"metadata/deployRequest/{begun['id'][:15]}")[1]["deployResult"]
    assert "details" not in told
    assert api.call("GET", "metadata/deployRequest/0Af5f0000000099AAA")[0] == 404
    assert api.call("GET", "metadata/deployRequest/nonsense")[0] == 404


def test_only_who_may_customize_deploys(api, org) -> None:
    org.settings.bridge_may_customize = False
    status, refused = send(api, zipped(fields(TIER)))
    assert (status, refused[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    body = {"FullName": "Lead.Tier__c", "Metadata": {"label": "Tier", "type": "Text", "length": 10}}
    assert api.call("POST", "tooling/sobjects/CustomField", body)[0] == 403
    api.token = administration.open_session(org, "ada.admin@example.test")["token"]
    assert deploy(api, fields(TIER))["status"] == "Succeeded"
    api.token = administration.open_session(org, "kim.sales@example.test")["token"]
    assert send(api, zipped(fields(TIER)))[0] == 403
    with pytest.raises(LookupError, match="no active user"):
        administration.open_session(org, "otto.gone@example.test")


@pytest.mark.parametrize(
    "path", ["../evil.object", "/etc/passwd", "objects/../../x", "a\\b", "C:/x", "objects//x", "./x"]
)
def test_a_path_that_leads_out_of_the_zip_is_refused_at_once(api, path) -> None:
    status, refused = send(api, zipped({path: b"x", **fields(TIER)}))
    assert (status, refused[0]["errorCode"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "leads out of it" in refused[0]["message"]


def test_links_second_files_and_files_that_are_no_zip_are_refused_at_once(api) -> None:
    held = BytesIO()
    with ZipFile(held, "w") as parcel:
        link = ZipInfo("objects/Lead.object")
        link.external_attr = 0o120777 << 16
        parcel.writestr(link, "/etc/passwd")
    assert "is a link" in send(api, held.getvalue())[1][0]["message"]
    held = BytesIO()
    with ZipFile(held, "w") as parcel:
        parcel.writestr(ZipInfo("package.xml"), manifest())
        with pytest.warns(UserWarning, match="Duplicate name"):
            parcel.writestr(ZipInfo("package.xml"), manifest())
    assert "two files of one name" in send(api, held.getvalue())[1][0]["message"]
    for broken in (b"", b"no zip", zipped(fields(TIER))[:-30]):
        assert send(api, broken)[0] == 400


def test_a_bomb_is_refused_before_it_is_unpacked(api, monkeypatch) -> None:
    monkeypatch.setattr("connector.sandbox.salesforce.metadata.parcels.UNPACKED_BYTES_MAX", 5_000)
    assert send(api, zipped({"objects/Lead.object": b"0" * 5_001}))[1][0]["errorCode"] == "LIMIT_EXCEEDED"
    monkeypatch.setattr("connector.sandbox.salesforce.metadata.parcels.FILES_MAX", 3)
    many = zipped({f"layouts/{number}.layout": b"" for number in range(4)})
    assert send(api, many)[1][0]["errorCode"] == "LIMIT_EXCEEDED"
    monkeypatch.setattr("connector.sandbox.salesforce.metadata.parcels.ZIP_BYTES_MAX", 100)
    assert send(api, zipped(fields(TIER)))[1][0]["errorCode"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data; boundary=b", 400),
        (b'--b\r\nContent-Disposition: form-data; name="json"\r\n\r\n{}\r\n', "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="json"\r\n\r\n{}\r\n--b--',
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
def test_what_is_no_deployment_is_refused(api, body, media, status) -> None:
    assert api.raw("POST", "metadata/deployRequest", body=body, **{"content-type": media}).status == status


@pytest.mark.parametrize("options", [{"rollback": True}, {"checkOnly": "yes"}, {"testLevel": "Some"}])
def test_options_that_do_not_exist_are_refused(api, options) -> None:
    status, refused = send(api, zipped(fields(TIER)), **options)
    assert (status, refused[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_package_may_stand_in_one_folder(api) -> None:
    inside = {f"unpackaged/{path}": content for path, content in fields(TIER).items()}
    assert problem(api, inside) == "No package.xml found"
    assert deploy(api, inside, singlePackage=False)["status"] == "Succeeded"
    assert send(api, zipped({**inside, "other/package.xml": b""}), singlePackage=False)[0] == 400


def test_the_manifest_and_the_files_must_agree(api) -> None:
    listed = {**fields(TIER), "package.xml": manifest(CustomField=["Lead.Tier__c", "Lead.Gone__c"])}
    assert problem(api, listed) == (
        "An object 'Lead.Gone__c' of type CustomField was named in package.xml, but was not found in zipped directory"
    )
    unlisted = {**fields(TIER), "package.xml": manifest(CustomObject=["Contact"])}
    found = problems(deploy(api, unlisted))
    assert found[0] == "The object 'Lead.Tier__c' of type CustomField is Not in package.xml"
    assert len(found) == 2
    assert deploy(api, {**fields(TIER), "package.xml": manifest(CustomObject=["Lead"])})["status"] == "Succeeded"
    for text in (manifest("99.0"), manifest(Nonsense=["x"]), manifest(CustomField=["*"]), b"<Package/>", b"no xml"):
        assert problem(api, {"package.xml": text})
    assert "Unknown folder" in problem(api, {"readme/x.md": b"", "package.xml": manifest()})


def test_the_whole_works_over_the_wire() -> None:
    with serve_in_thread(lambda: datetime.now(UTC), Plan(deliver=False)) as served:
        grant = {
            "grant_type": "password", "username": "ada.admin@example.test", "password": "sandbox-password",
            "client_id": "sandbox-consumer-key", "client_secret": "sandbox-consumer-secret",
        }  # fmt: skip
        token = requests.post(f"{served.salesforce_url}/services/oauth2/token", data=grant, timeout=10).json()
        own = {"Authorization": f"Bearer {token['access_token']}"}
        data = f"{served.salesforce_url}/services/data/v67.0"
        options = orjson.dumps({"deployOptions": {"singlePackage": True, "rollbackOnError": True}})
        parts = {
            "json": (None, options, "application/json"),
            "file": ("deploy.zip", zipped(fields(TIER)), "application/zip"),
        }
        begun = requests.post(f"{data}/metadata/deployRequest", files=parts, headers=own, timeout=10)
        assert begun.status_code == 201, begun.text
        path = f"{data}/metadata/deployRequest/{begun.json()['id']}"
        for _ in range(3):
            told = requests.get(path, headers=own, timeout=10).json()["deployResult"]
        assert (told["status"], told["createdByName"]) == ("Succeeded", "Ada Admin")
