"""What Salesforce's pushes tell: outbound messages (SOAP) and the JSON of a Flow or Apex; where to look again.

Both carry ids alone as far as we are concerned: an outbound message holds values of the moment it was sent, may come
twice, late and out of order, and tells neither deletions nor merges (Salesforce fact sheet 6.1); polling does. XML is
read as a stream without DTD and entities, no deeper than such a message is, and no tree of it is built. Nothing
raises but `opened` and `records`, by which the door looks at a request before it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from connector.core.refs import Ref, id18, salesforce
from connector.engine.told import Told

DEPTH_MAX = 32
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NOTIFICATIONS = (f"{_SOAP}Envelope", f"{_SOAP}Body", f"{_OUTBOUND}notifications")
_ORGANIZATION = (*_NOTIFICATIONS, f"{_OUTBOUND}OrganizationId")
_NOTIFICATION = (*_NOTIFICATIONS, f"{_OUTBOUND}Notification")
_RECORD = (*_NOTIFICATION, f"{_OUTBOUND}sObject")
_RECORD_ID = "}Id"  # sf:Id, in the namespace of the enterprise or the partner WSDL
_NAME = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


class NotUnderstood(ValueError):
    """A request that is not what it should be; the words are for whoever sent it and hold nothing of it."""


@dataclass(slots=True)
class Message:
    """An outbound message: whose it is, and the (object, id) of its records as they stand there."""

    organization: str = ""
    records: list[tuple[str, str]] = field(default_factory=list)
    notifications: int = 0


def outbound(org: str | None, headers: Mapping[str, str], body: bytes) -> Told:
    """What an outbound message tells. org: whose messages are believed; None: anyone's."""
    del headers
    try:
        message = opened(body)
    except NotUnderstood as why:
        return Told(unknown=(str(why),))
    if org is not None and not same_org(message.organization, org):
        return Told(unknown=(f"of another org than {id18(org)}, to which the bridge belongs",))
    missing = message.notifications - len(message.records)
    return _told(message.records, "outbound message", missing)


def events(org: str | None, headers: Mapping[str, str], body: bytes) -> Told:
    """What the JSON of a Flow or Apex tells. org: whose records are believed; None: anyone's."""
    del headers
    try:
        sender, found = records(body)
    except NotUnderstood as why:
        return Told(unknown=(str(why),))
    if org is not None and sender is not None and not same_org(sender, org):
        return Told(unknown=(f"of another org than {id18(org)}, to which the bridge belongs",))
    return _told(found, "event")


def same_org(one: str, other: str) -> bool:
    """Whether two ids, of 15 or 18 characters, are of one org."""
    return id18(one) == id18(other)


def opened(body: bytes) -> Message:
    """An outbound message, taken out of its envelope.

    Raises:
        NotUnderstood: when it is none: no XML, or one with a DTD or entities, another document, no notification.
    """
    envelope: Any = _Envelope()
    parser = XMLParser(target=envelope, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotUnderstood("no outbound message: it cannot be read as XML, or not safely") from error
    message: Message = envelope.message
    if not message.notifications:
        raise NotUnderstood("no outbound message: it holds no notification")
    return message


def records(body: bytes) -> tuple[str | None, list[tuple[str, str]]]:
    """The sender's org as far as it is told, and (object, id) of the records: {"records": [{"object", "id"}]}.

    Raises:
        NotUnderstood: when it is not of that shape; a record of another shape has an empty object and id.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotUnderstood("no JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("records"), list):
        raise NotUnderstood('no JSON object with "records": [{"object": "Lead", "id": "00Q..."}]')
    organization = found.get("organization")
    return None if organization is None else str(organization), [_record(one) for one in found["records"]]


def _record(found: Any) -> tuple[str, str]:
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("object", "")), str(found.get("id", ""))


def _told(found: Sequence[tuple[str, str]], why: str, missing: int = 0) -> Told:
    refs = dict.fromkeys(_refs(found))
    unnamed = missing + sum(1 for obj, record_id in found if not _readable(obj, record_id))
    unknown = (f"{unnamed} of {len(found) + missing} records do not say which they are",) if unnamed else ()
    return Told(tuple((ref, why) for ref in refs), unknown=unknown)


def _refs(found: Sequence[tuple[str, str]]) -> Iterator[Ref]:
    return (salesforce(obj, record_id) for obj, record_id in found if _readable(obj, record_id))


def _readable(obj: str, record_id: str) -> bool:
    return bool(_NAME.fullmatch(obj) and _ID.fullmatch(record_id))


class _Envelope:
    """What the parser tells its events to: remembers where it stands and the few texts that matter."""

    def __init__(self) -> None:
        self.message = Message()
        self._path: list[str] = []
        self._object = ""
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self._path.append(tag)
        if len(self._path) > DEPTH_MAX:
            raise ValueError("deeper than any outbound message")
        path = tuple(self._path)
        if path == _NOTIFICATION:
            self.message.notifications += 1
        elif path == _RECORD:
            self._object = attributes.get(_TYPE, "").rpartition(":")[2]
        elif path == _ORGANIZATION or (path[:-1] == _RECORD and tag.endswith(_RECORD_ID)):
            self._text = []

    def data(self, text: str) -> None:
        """Some text of the element that began last."""
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """The element ends."""
        del tag
        path = tuple(self._path)
        if self._text is not None:
            said, self._text = "".join(self._text).strip(), None
            if path == _ORGANIZATION:
                self.message.organization = said
            else:
                self.message.records.append((self._object, said))
        self._path.pop()

    def close(self) -> None:
        """The document has ended."""
