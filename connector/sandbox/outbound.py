"""Salesforce's outbound messages as text: the envelope that goes out and the answer that counts (fact sheet 6.1).

A 200 alone is no acknowledgement; only `<Ack>true</Ack>` in a `notificationsResponse` is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
_ACKNOWLEDGED = re.compile(
    rb"<(?:\w+:)?notificationsResponse\b[^>]*>\s*<(?:\w+:)?Ack\b[^>]*>\s*true\s*</(?:\w+:)?Ack>\s*</", re.IGNORECASE
)
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\
 xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{organization}</OrganizationId>
   <ActionId>{action}</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>{url}/services/Soap/c/67.0/{organization}</EnterpriseUrl>
   <PartnerUrl>{url}/services/Soap/u/67.0/{organization}</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>
"""
_NOTIFICATION = """   <Notification>
    <Id>{id}</Id>
    <sObject xsi:type="sf:{sobject}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     {fields}
    </sObject>
   </Notification>"""


def notification(notification_id: str, sobject: str, fields: Mapping[str, str | None]) -> str:
    """One record as it is now; fields without a value are left out, as Salesforce does."""
    spelt = "".join(f"<sf:{name}>{escape(value)}</sf:{name}>" for name, value in fields.items() if value is not None)
    return _NOTIFICATION.format(id=notification_id, sobject=sobject, fields=spelt)


def envelope(organization: str, action: str, url: str, notifications: Sequence[str]) -> bytes:
    """One request of 1 to 100 notifications."""
    return _ENVELOPE.format(
        organization=organization, action=action, url=url, notifications="\n".join(notifications)
    ).encode()


def acknowledged(status: int, body: bytes) -> bool:
    """Whether Salesforce would take this answer for an acknowledgement."""
    return status == 200 and _ACKNOWLEDGED.search(body) is not None  # noqa: PLR2004 - HTTP's OK
