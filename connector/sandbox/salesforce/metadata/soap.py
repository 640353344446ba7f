"""The SOAP Metadata API, as far as REST has no such thing: what metadata is there, and a retrieve of it.

Element names and their order are those of the WSDL. (Salesforce fact sheet 5.1, 5.3.)
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce.calls import Reply
from connector.sandbox.salesforce.cleaning import stamp
from connector.sandbox.salesforce.metadata.components import FOLDERS, WHOLES
from connector.sandbox.salesforce.metadata.deploys import check_customizer
from connector.sandbox.salesforce.metadata.documents import Node, Problem, read
from connector.sandbox.salesforce.metadata.layout_rules import namespace
from connector.sandbox.salesforce.metadata.retrieves import Retrieve, path_of
from connector.sandbox.salesforce.metadata.schema import NAMESPACE, lines, plain
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.settings import CURRENT_VERSION, OLDEST_VERSION

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

PATH = re.compile(r"/services/Soap/m/(\d+)\.0(?:/[^/]*)?/?")
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_QUERIES_MAX = 3


def answer(org: Org, request: Request, version: int) -> Reply:
    """One SOAP call; every refusal is a fault."""
    try:
        _check(request.method, version)
        envelope = read(request.body)
        user_id = _session(org, envelope)
        check_customizer(org, user_id)
        return _envelope(200, _called(org, _operation(envelope)))
    except Problem as problem:
        return _fault(Refusal("INVALID_OPERATION", problem.text))
    except Refusal as refusal:
        return _fault(refusal)


def _check(method: str, version: int) -> None:
    if method != "POST":
        raise Refusal("INVALID_OPERATION", f"a SOAP call is a POST, not {method}")
    if not OLDEST_VERSION <= version <= CURRENT_VERSION:
        raise Refusal("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {version}.0")


def _session(org: Org, envelope: Node) -> str:
    header = envelope.child("Header")
    told = header.child("SessionHeader") if header is not None else None
    now = org.now().timestamp()
    session = org.sessions.use(told.said("sessionId"), now, org.settings.session_lifetime_s) if told else None
    if session is None:
        raise Refusal("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    if org.services.settings.quotas_enforced and org.usage.used >= org.settings.daily_api_requests:
        raise Refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    org.usage.count(now)
    return session.user_id


def _operation(envelope: Node) -> Node:
    body = envelope.child("Body")
    if envelope.name != "Envelope" or envelope.namespace != _ENVELOPE or body is None or len(body.children) != 1:
        raise Refusal("INVALID_OPERATION", "a SOAP envelope with one operation in its body is expected")
    found = body.children[0]
    if found.namespace != NAMESPACE:
        raise found.problem(f"No operation available for request {{{found.namespace}}}{found.name}")
    return found


def _called(org: Org, operation: Node) -> str:
    match operation.name:
        case "listMetadata":
            return _list(org, operation)
        case "retrieve":
            return _retrieve(org, operation)
        case "checkRetrieveStatus":
            return _looked(org, operation)
    raise operation.problem(f"No operation available for request {{{NAMESPACE}}}{operation.name}")


def _list(org: Org, operation: Node) -> str:
    queries = [plain(child, "ListMetadataQuery") for child in operation.children if child.name == "queries"]
    if not 0 < len(queries) <= _QUERIES_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"listMetadata takes from 1 to {_QUERIES_MAX} queries")
    found = ""
    for query in queries:
        of_type = query["type"]
        if of_type not in FOLDERS and of_type not in WHOLES:
            raise Refusal("INVALID_TYPE", f"Unknown type:{of_type}")
        for name in org.metadata.names(of_type):
            found += _result(properties(org, of_type, name), "FileProperties")
    return _response("listMetadata", found)


def _retrieve(org: Org, operation: Node) -> str:
    asked = operation.child("retrieveRequest")
    if asked is None:
        raise operation.problem("Required field is missing: retrieveRequest")
    wanted = plain(asked, "RetrieveRequest").get("unpackaged")
    if wanted is None:
        raise asked.problem("this sandbox retrieves what is unpackaged only")
    named = [(each["name"], member) for each in wanted.get("types", []) for member in each.get("members", [])]
    made = org.retrieves.start(named, str(wanted["version"]))
    told = {"done": False, "id": made.id, "state": "Queued"}
    return _response("retrieve", _result(told, "AsyncResult"))


def _looked(org: Org, operation: Node) -> str:
    found = org.retrieves.find(operation.said("asyncProcessId"))
    if found is None:
        raise Refusal("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {operation.said('asyncProcessId')}")
    found.looks += 1
    status = found.status(org.settings.deploy_polls)
    done = status == "Succeeded"
    told: dict[str, Any] = {"done": done, "id": found.id, "status": status, "success": done, "zipFile": ""}
    if done:
        told |= _outcome(org, found, with_zip=operation.said("includeZip") != "false")
    return _response("checkRetrieveStatus", _result(told, "RetrieveResult"))


def _outcome(org: Org, found: Retrieve, *, with_zip: bool) -> dict[str, Any]:
    listed = [properties(org, of_type, name) for of_type, name in found.there]
    messages = [{"fileName": "unpackaged/package.xml", "problem": text} for text in found.missing]
    content = base64.b64encode(found.content).decode() if with_zip else ""
    return {"fileProperties": listed, "messages": messages, "zipFile": content}


def properties(org: Org, of_type: str, name: str) -> dict[str, Any]:
    """What is known of a component beside its content."""
    package = namespace(name) if of_type == "Layout" else ""
    moment = stamp(org.schema_changed).replace("+0000", "Z")
    users = org.catalogue["User"]
    admin = users.rows[org.admin_user][users.kind.slot("Name")]
    return {
        "createdById": org.admin_user,
        "createdByName": admin,
        "createdDate": moment,
        "fileName": f"unpackaged/{path_of(of_type, name)}",
        "fullName": name,
        "id": org.metadata.id(of_type, name),
        "lastModifiedById": org.admin_user,
        "lastModifiedByName": admin,
        "lastModifiedDate": moment,
        "manageableState": "installed" if package else "unmanaged",
        **({"namespacePrefix": package} if package else {}),
        "type": of_type,
    }


def _result(told: Mapping[str, Any], of_type: str) -> str:
    return f"<result>{''.join(lines(told, of_type))}</result>"


def _response(name: str, result: str) -> str:
    return f'<{name}Response xmlns="{NAMESPACE}">{result}</{name}Response>'


def _fault(refusal: Refusal) -> Reply:
    text = f"{refusal.code}: {escape(refusal.message)}"
    body = f"<soapenv:Fault><faultcode>sf:{refusal.code}</faultcode><faultstring>{text}</faultstring></soapenv:Fault>"
    return _envelope(500, body)


def _envelope(status: int, body: str) -> Reply:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns:sf="{NAMESPACE}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Reply(status, None, {}, text.encode(), "text/xml; charset=utf-8")
