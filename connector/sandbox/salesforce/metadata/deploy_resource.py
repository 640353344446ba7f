"""metadata/deployRequest: a zip goes in, an id comes out, and the end is asked for again and again.

(Salesforce fact sheet 5.1.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply, flag, parse_json
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.metadata.components import opened
from connector.sandbox.salesforce.metadata.deploys import Deploy, check_customizer
from connector.sandbox.salesforce.metadata.parcels import unpack
from connector.sandbox.salesforce.refusals import Refusal, not_found

_SWITCHES = frozenset(
    {
        "allowMissingFiles",
        "autoUpdatePackage",
        "checkOnly",
        "ignoreWarnings",
        "performRetrieve",
        "purgeOnDelete",
        "rollbackOnError",
        "runAllTests",
        "singlePackage",
    }
)
_TEST_LEVELS = frozenset({"NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg"})
_BOUNDARY = re.compile(r"""multipart/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)


def answer(call: Call) -> Reply:
    """Anything under metadata/. Raises Refusal."""
    match call.method, call.parts[1:]:
        case "POST", ["deployRequest"]:
            check_customizer(call.org, call.act.user_id)
            return _start(call)
        case "GET", ["deployRequest", deploy_id]:
            check_customizer(call.org, call.act.user_id)
            return _look(call, _known(call, deploy_id))
        case "PATCH", ["deployRequest", deploy_id]:
            check_customizer(call.org, call.act.user_id)
            return _cancel(call, _known(call, deploy_id))
    raise not_found()


def _start(call: Call) -> Reply:
    parts = _parts(call.headers.get("content-type", ""), call.body)
    if "json" not in parts or "file" not in parts:
        raise _invalid("a deployment has a part named json, its options, and a part named file, its zip")
    options = _options(parse_json(parts["json"]))
    if not options["rollbackOnError"] and not call.org.settings.sandbox_org:
        raise _invalid("rollbackOnError must be true when deploying to a production organization")
    files = unpack(parts["file"])
    parcel = opened(files if options["singlePackage"] else _only_folder(files))
    deploy = call.org.deploys.start(options, call.act, parcel)
    told = {
        "id": deploy.id,
        "status": "Pending",
        "done": False,
        "success": False,
        **_said(deploy),
        "runTestsEnabled": False,
    }
    headers = {"Location": f"{call.base}/metadata/deployRequest/{deploy.id}"}
    body = {"id": deploy.id, "validatedDeployRequestId": None, "deployOptions": options, "deployResult": told}
    return Reply(201, body, headers)


def _invalid(text: str) -> Refusal:
    return Refusal("INVALID_PARAMETER_VALUE", text)


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a form by name. Raises Refusal when it is none."""
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "a deployment is sent as multipart/form-data", http=415)
    mark = b"--" + (match[1] or match[2]).encode()
    found: dict[str, bytes] = {}
    for piece in (b"\r\n" + body).split(b"\r\n" + mark)[1:]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if piece.startswith(b"--"):
            return found
        if not blank or name is None:
            break
        found[name[1].decode("utf-8", "replace")] = content
    raise _invalid("the form is broken: a part has no name, or the closing boundary is missing")


def _options(said: Any) -> dict[str, Any]:
    """The caller's options, with what is not said as Salesforce fills it in. Raises Refusal."""
    given = said.get("deployOptions") if isinstance(said, Mapping) else None
    if not isinstance(given, Mapping):
        raise Refusal("JSON_PARSER_ERROR", "deployOptions are expected")
    options: dict[str, Any] = {**dict.fromkeys(sorted(_SWITCHES), False), "testLevel": None, "runTests": None}
    for name, value in given.items():
        if name not in options:
            raise Refusal("JSON_PARSER_ERROR", f"Unrecognized field '{name}' of deployOptions")
        if name in _SWITCHES and not isinstance(value, bool):
            raise Refusal("JSON_PARSER_ERROR", f"deployOptions.{name}: {value!r} is no boolean")
        options[name] = value
    if options["testLevel"] not in {*_TEST_LEVELS, None}:
        raise Refusal("JSON_PARSER_ERROR", f"deployOptions.testLevel: {options['testLevel']!r} is no test level")
    return options


def _only_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The package in the one folder at the root of the zip. Raises Refusal when there are several."""
    folders = {path.partition("/")[0] for path in files if "/" in path}
    if len(folders) != 1:
        raise _invalid("this sandbox deploys one package: one folder at the root of the zip, or singlePackage")
    prefix = f"{folders.pop()}/"
    return {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)}


def _known(call: Call, deploy_id: str) -> Deploy:
    found = call.org.deploys.find(id18(deploy_id)) if looks_like_id(deploy_id) else None
    if found is None:
        raise not_found()
    return found


def _cancel(call: Call, deploy: Deploy) -> Reply:
    wanted = call.mapping().get("deployResult")
    if not isinstance(wanted, Mapping) or wanted.get("status") != "Canceling":
        raise _invalid('a deployment is changed by {"deployResult": {"status": "Canceling"}}')
    call.org.deploys.cancel(deploy)
    return Reply(202, {"id": deploy.id, "deployResult": _result(call, deploy)})


def _look(call: Call, deploy: Deploy) -> Reply:
    deploy.looks += 1
    result = _result(call, deploy)
    if flag(call.query.get("includeDetails")):
        done = result["done"]
        result["details"] = {
            "allComponentMessages": [],
            "componentFailures": deploy.failures if done else [],
            "componentSuccesses": deploy.successes if done else [],
            "retrieveResult": None,
            "runTestResult": {"failures": [], "numFailures": 0, "numTestsRun": 0, "successes": [], "totalTime": 0.0},
        }
    body = {"id": deploy.id, "validatedDeployRequestId": None, "deployOptions": deploy.options, "deployResult": result}
    return Reply(200, body)


def _said(deploy: Deploy) -> dict[str, Any]:
    return {name: deploy.option(name) for name in ("checkOnly", "ignoreWarnings", "rollbackOnError")}


def _result(call: Call, deploy: Deploy) -> dict[str, Any]:
    status = deploy.status(call.org.settings.deploy_polls)
    done = status not in {"Pending", "InProgress"}
    return {
        "canceledBy": deploy.act.user_id if status == "Canceled" else None,
        "canceledByName": None,
        **_said(deploy),
        "completedDate": deploy.completed if done else None,
        "createdBy": deploy.act.user_id,
        "createdByName": _name(call, deploy.act.user_id),
        "createdDate": deploy.created,
        "done": done,
        "errorMessage": None,
        "errorStatusCode": None,
        "id": deploy.id,
        "lastModifiedDate": deploy.completed if done else deploy.created,
        "numberComponentErrors": len(deploy.failures) if done else 0,
        "numberComponentsDeployed": len(deploy.successes) if done else 0,
        "numberComponentsTotal": deploy.total,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "runTestsEnabled": False,
        "startDate": None if status == "Pending" else deploy.created,
        "stateDetail": None,
        "status": status,
        "success": status in {"Succeeded", "SucceededPartial"},
    }


def _name(call: Call, user_id: str) -> str:
    users = call.org.catalogue["User"]
    return str(users.rows[user_id][users.kind.slot("Name")])
