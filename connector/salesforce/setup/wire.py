"""The two doors to an org's metadata: documents come through SOAP, since REST has no way to read them, and go by REST.

Both only begin something: the org works on it and is asked until it is done (Salesforce fact sheet 5.1, 5.3). Parsing
is hardened as for messages from outside. A session stands in the envelope, and in nothing that is told or logged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element as Parsed  # the class alone; defusedxml parses
from xml.etree.ElementTree import ParseError  # likewise

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connector.errors import Refused, Transient, Unauthorised
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Fault, presentable
from connector.salesforce.setup.documents import Document
from connector.salesforce.setup.package import Key, named, unpacked
from connector.salesforce.source.xml import Element, element

PATIENCE_S: Final = 600.0
PAUSES_S: Final = (0.5, 1.0, 2.0, 4.0)  # between questions; the last again and again
_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_XML: Final = "text/xml; charset=UTF-8"
_BOUNDARY: Final = "smarketing-5f1c5d0e8b2a4f3d"
_FORBIDDEN: Final = (
    "To set Salesforce up, the user must be let at metadata (permissions 'Modify Metadata Through Metadata API "
    "Functions' and 'Customize Application'), which a user for integrations mostly is not. Let an admin's session do "
    "it: `sf org login web --alias ORG`, then put what `sf org display --target-org ORG --verbose` shows as Access "
    "Token into the environment variable SALESFORCE_ADMIN_TOKEN and run the command again; or write a folder that an "
    "admin deploys: smarketing setup salesforce --source salesforce"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A component that the org refuses, in its words."""

    type: str
    name: str
    problem: str


class Metadata:
    """The metadata of one org."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.version = api.root.rstrip("/").rpartition("/v")[2]

    def layouts(self) -> list[tuple[str, bool]]:
        """The full name of every layout, and whether a package brought it.

        Raises:
            Unauthorised: the session's user is not let at metadata; and as `api.Api.send`.
        """
        asked = ("listMetadata", (("queries", (("type", "Layout"),)), ("asOfVersion", self.version)))
        return [(_said(one, "fullName"), bool(_said(one, "namespacePrefix"))) for one in self._results(asked)]

    def retrieved(self, keys: Iterable[Key]) -> dict[Key, Document]:
        """The components that there are of those, by type and name. Raises as `layouts`."""
        wanted = (*named(keys), ("version", self.version))
        request = (("apiVersion", self.version), ("singlePackage", True), ("unpackaged", wanted))
        [begun] = self._results(("retrieve", (("retrieveRequest", request),)))
        status = ("checkRetrieveStatus", (("asyncProcessId", _said(begun, "id")), ("includeZip", True)))

        def ask() -> Parsed | None:
            [found] = self._results(status)
            return found if _said(found, "done") == "true" else None

        done = self._until_done(ask, "retrieving documents")
        if _said(done, "success") != "true":
            words = presentable(_said(done, "errorMessage")) or _said(done, "status")
            raise Refused(f"Salesforce could not hand out its documents: {words}. Run the command again")
        try:
            return unpacked(base64.b64decode(_said(done, "zipFile"), validate=True))
        except binascii.Error:
            raise Transient("Salesforce's documents were cut off; they are asked for again") from None

    def deployed(self, archive: bytes) -> list[Failure]:
        """What the org refused of an archive; if anything, it has made nothing of it. Raises as `layouts`."""
        options = {"singlePackage": True, "rollbackOnError": True, "checkOnly": False, "testLevel": "NoTestRun"}
        head = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
        body = b"".join((
            f'{head}"json"\r\nContent-Type: application/json\r\n\r\n'.encode(),
            orjson.dumps({"deployOptions": options}),
            f'\r\n{head}"file"; filename="deploy.zip"\r\nContent-Type: application/zip\r\n\r\n'.encode(),
            archive,
            f"\r\n--{_BOUNDARY}--\r\n".encode(),
        ))  # fmt: skip
        media = f"multipart/form-data; boundary={_BOUNDARY}"
        begun = self._let(Call("POST", "metadata/deployRequest", "deploy", text=body, media=media, expects=("id",)))
        path = f"metadata/deployRequest/{begun['id']}?includeDetails=true"

        def ask() -> Any:
            told = self._let(Call("GET", path, "deploy", expects=("deployResult",)))["deployResult"]
            return told if told.get("done") else None

        return _failures(self._until_done(ask, "deploying"))

    def _let(self, call: Call) -> Any:
        try:
            return self._api.json(call)
        except Unauthorised as error:
            raise Unauthorised(f"{error}. {_FORBIDDEN}") from error

    def _results(self, asked: Element) -> list[Parsed]:
        """What one SOAP call answers, its results."""

        def ask() -> list[Parsed]:
            token = self._api.login.token().access
            path, body = f"/services/Soap/m/{self.version}", _envelope(token, asked)
            call = Call("POST", path, "metadata", text=body, media=_XML, explained=_faults)
            return list(_parsed(self._api.once(call).content).iter(f"{{{_NAMESPACE}}}result"))

        try:
            return self._api.repeated(ask)
        except Unauthorised as error:
            raise Unauthorised(f"{error}. {_FORBIDDEN}") from error

    def _until_done(self, ask: Callable[[], Any], doing: str) -> Any:
        clock = self._api.traffic.clock
        begun, asked = clock.monotonic(), 0
        while (found := ask()) is None:
            if clock.monotonic() - begun > PATIENCE_S:
                raise Transient(f"Salesforce has been {doing} for ten minutes; see Setup > Deployment Status")
            clock.sleep(PAUSES_S[min(asked, len(PAUSES_S) - 1)])
            asked += 1
        return found


def _envelope(token: str, asked: Element) -> bytes:
    name, content = asked
    assert isinstance(content, tuple), "a call has parts"
    parts = "".join(element(each) for each in content)
    header = element(("sessionId", token))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">\n'
        f'<soapenv:Header><SessionHeader xmlns="{_NAMESPACE}">\n{header}</SessionHeader></soapenv:Header>\n'
        f'<soapenv:Body><{name} xmlns="{_NAMESPACE}">\n{parts}</{name}></soapenv:Body>\n</soapenv:Envelope>\n'
    )
    return text.encode()


def _parsed(content: bytes) -> Parsed:
    try:
        found: Parsed = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError):
        raise Transient("Salesforce's answer about its metadata cannot be read; it is asked again") from None
    return found


def _faults(content: bytes) -> tuple[Fault, ...]:
    """What a SOAP fault says; its code stands after a colon (`sf:INVALID_SESSION_ID`)."""
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError):
        return ()
    code = next((each.text or "" for each in root.iter("faultcode")), "").rpartition(":")[2]
    words = next((each.text or "" for each in root.iter("faultstring")), "")
    return (Fault(code, presentable(words.removeprefix(f"{code}: "))),) if code else ()


def _said(parent: Parsed, name: str) -> str:
    return (parent.findtext(f"{{{_NAMESPACE}}}{name}") or "").strip()


def _failures(told: Any) -> list[Failure]:
    """The components that were refused; the whole under the name "" when none of them is to blame."""
    if told.get("success"):
        return []
    found = (told.get("details") or {}).get("componentFailures") or []
    those = found if isinstance(found, list) else [found]  # one alone may come without its list
    failures = [
        Failure(
            str(one.get("componentType") or ""), str(one.get("fullName") or ""), presentable(str(one.get("problem")))
        )
        for one in those
    ]
    words = str(told.get("errorMessage") or f"the deployment ended as {told.get('status')}")
    return failures or [Failure("", "", presentable(words))]
