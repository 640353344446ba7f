"""Zips as a deploying tool makes them, and the calls that carry them."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from zipfile import ZipFile, ZipInfo

import orjson

from connector.sandbox.exchange import Request

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
ENDED = {"Succeeded", "SucceededPartial", "Failed", "Canceled"}
TIER = {"fullName": "Tier__c", "label": "Tier", "length": 10, "type": "Text"}


def xml(name: str, content) -> str:
    """An element: mappings hold elements, lists repeat them."""
    if isinstance(content, list):
        return "".join(xml(name, each) for each in content)
    if isinstance(content, dict):
        return f"<{name}>{''.join(xml(key, value) for key, value in content.items())}</{name}>\n"
    return f"<{name}>{str(content).lower() if isinstance(content, bool) else content}</{name}>\n"


def document(root: str, content: dict) -> bytes:
    body = "".join(xml(name, value) for name, value in content.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{body}</{root}>'.encode()


def manifest(version: str = "67.0", **types: list[str]) -> bytes:
    return document("Package", {"types": [{"members": m, "name": n} for n, m in types.items()], "version": version})


def zipped(files: dict[str, bytes]) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w") as parcel:
        for path, content in files.items():
            parcel.writestr(ZipInfo(path), content)
    return held.getvalue()


def fields(*said: dict, sobject: str = "Lead") -> dict[str, bytes]:
    """A parcel of custom fields of one object."""
    return {
        f"objects/{sobject}.object": document("CustomObject", {"fields": list(said)}),
        "package.xml": manifest(CustomField=[f"{sobject}.{each['fullName']}" for each in said]),
    }


def whole(of_type: str, path: str, name: str, content: dict) -> dict[str, bytes]:
    """A parcel of one thing that is a file of its own."""
    return {path: document(of_type, content), "package.xml": manifest(**{of_type: [name]})}


def grants(name: str = "Rep", **editable: bool) -> dict[str, bytes]:
    """A permission set that grants fields (`Lead.Tier__c` is written Lead_Tier__c)."""
    rows = [{"editable": e, "field": f.replace("_", ".", 1), "readable": True} for f, e in editable.items()]
    path = f"permissionsets/{name}.permissionset"
    return whole("PermissionSet", path, name, {"fieldPermissions": rows, "label": name})


def together(*parcels: dict[str, bytes]) -> dict[str, bytes]:
    """Parcels as one; their manifests become one, and so do files of one object."""
    files: dict[str, bytes] = {}
    for path, content in (item for each in parcels for item in each.items()):
        before, inner = files.get(path, content), content.partition(f'xmlns="{NAMESPACE}">'.encode())[2]
        merged = path.endswith(".object") and before != content
        files[path] = before.removesuffix(b"</CustomObject>") + inner if merged else content
    types = re.findall(rb"<types>.*?</types>", b"".join(each["package.xml"] for each in parcels), re.DOTALL)
    head = f'<Package xmlns="{NAMESPACE}">'.encode()
    return {**files, "package.xml": head + b"".join(types) + b"<version>67.0</version></Package>"}


def send(api, archive: bytes, **options):
    """Begin a deployment; status and body."""
    told = orjson.dumps({"deployOptions": {"singlePackage": True, "rollbackOnError": True, **options}})
    body = b"".join((
        b'--b-1\r\nContent-Disposition: form-data; name="json"\r\nContent-Type: application/json\r\n\r\n', told,
        b'\r\n--b-1\r\nContent-Disposition: form-data; name="file"; filename="d.zip"\r\n',
        b"Content-Type: application/zip\r\n\r\n", archive, b"\r\n--b-1--\r\n",
    ))  # fmt: skip
    answer = api.raw(
        "POST", "metadata/deployRequest", body=body, **{"content-type": "multipart/form-data; boundary=b-1"}
    )
    return answer.status, orjson.loads(answer.body)


def look(api, deploy_id: str) -> dict:
    status, body = api.call("GET", f"metadata/deployRequest/{deploy_id}", query="includeDetails=true")
    assert status == 200, body
    return body["deployResult"]


def deploy(api, files: dict[str, bytes], **options) -> dict:
    """A whole deployment; the result it ended with."""
    status, begun = send(api, zipped(files), **options)
    assert status == 201, begun
    while (result := look(api, begun["id"]))["status"] not in ENDED:
        assert not result["done"]
    return result


def problems(result: dict) -> list[str]:
    return [each["problem"] for each in result["details"]["componentFailures"]]


def problem(api, files: dict[str, bytes]) -> str:
    """Why the org refuses a parcel, which has one thing wrong with it."""
    result = deploy(api, files)
    assert (result["status"], result["success"]) == ("Failed", False)
    [found] = problems(result)
    return found


def soap(api, body: str, version: int = 67, token: str = ""):
    header = f'<SessionHeader xmlns="{NAMESPACE}"><sessionId>{token or api.token}</sessionId></SessionHeader>'
    text = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soapenv:Header>{header}</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    path = f"/services/Soap/m/{version}.0"
    answer = api.org.handle(Request("POST", path, "", {"content-type": "text/xml", "soapaction": '""'}, text.encode()))
    return answer.status, answer.body.decode()


def retrieve(api, **types: list[str]) -> tuple[dict[str, bytes], str]:
    """The files of a retrieve, and the last answer."""
    wanted = "".join(xml("types", {"members": members, "name": name}) for name, members in types.items())
    asked = f"<unpackaged>{wanted}<version>67.0</version></unpackaged>"
    request = f"<apiVersion>67.0</apiVersion><singlePackage>true</singlePackage>{asked}"
    status, told = soap(api, f'<retrieve xmlns="{NAMESPACE}"><retrieveRequest>{request}</retrieveRequest></retrieve>')
    assert (status, said(told, "state")) == (200, "Queued"), told
    look_again = f'<checkRetrieveStatus xmlns="{NAMESPACE}">{xml("asyncProcessId", said(told, "id"))}'
    while said(told, "done") != "true":
        status, told = soap(api, f"{look_again}<includeZip>true</includeZip></checkRetrieveStatus>")
        assert status == 200, told
    with ZipFile(BytesIO(base64.b64decode(said(told, "zipFile")))) as parcel:
        return {name.removeprefix("unpackaged/"): parcel.read(name) for name in parcel.namelist()}, told


def said(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return found[1] if found else ""
