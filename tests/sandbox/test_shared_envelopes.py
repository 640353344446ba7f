"""What deliveries look like: HubSpot's signatures against published vectors, Salesforce's messages as XML."""

from xml.etree import ElementTree as ET

import pytest

from connector.sandbox import outbound, signing

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL = "https://www.example.com/webhook_uri"
B1 = b"{'example_field':'example_value'}"
B2 = b'{"example_field":"example_value"}'
B3 = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
B4 = '[{"objectId":1,"propertyValue":"Zoë Ångström — 東京"}]'.encode()
ESCAPED = "https://hooks.example.com/hs?src=hs%3Aapp%2Fv3&x=%28a%29"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (B1, "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
        (B3, "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
    ],
)
def test_v1_signatures_match_the_published_vectors(body: bytes, expected: str) -> None:
    assert signing.v1(SECRET, body) == expected


@pytest.mark.parametrize(
    ("url", "body", "timestamp_ms", "expected"),
    [
        (URL, B1, 1693657560000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        (URL, B1, 1700000300000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        (URL, B2, 1700000300000, "ZEux4lGY4urKtKJ9fqGCQDJ0FasZeSunWHlJMEoU3Bg="),
        (URL, B3, 1564113600500, "+r3cQe2xhAmobOAMhJIrVNtvq0R4VE7rXpN8HitwqVo="),
        (ESCAPED, b"[]", 1700000300000, "jRVJI+K8Sx+K+0iLor3PXeHeK4f5sIm/7TuXV6+T9Wk="),
        (URL, B4, 1700000300000, "YpW3wHbDfLlHKhgXblJZLh4UWFwrP7ODmy2gzq99a28="),
    ],
)
def test_v3_signatures_match_the_known_vectors(url: str, body: bytes, timestamp_ms: int, expected: str) -> None:
    assert signing.v3(SECRET, "post", url, body, timestamp_ms) == expected


def test_a_delivery_carries_both_signatures_and_the_moment_of_the_attempt() -> None:
    assert signing.headers(SECRET, URL, B3, 1564113600500) == {
        "Content-Type": "application/json",
        "X-HubSpot-Signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Request-Timestamp": "1564113600500",
        "X-HubSpot-Signature-v3": "+r3cQe2xhAmobOAMhJIrVNtvq0R4VE7rXpN8HitwqVo=",
    }


def test_a_message_is_the_xml_salesforce_sends() -> None:
    told = outbound.notification("04l1", "Lead", {"Id": "00Q1", "Company": "Smith & <Sons>", "Title": None})
    root = ET.fromstring(outbound.envelope("00D1", "04k1", "https://acme.example", [told, told]))
    spaces = {"o": "http://soap.sforce.com/2005/09/outbound", "sf": "urn:sobject.enterprise.soap.sforce.com"}
    notices = root.findall(".//o:Notification", spaces)
    assert root.findtext(".//o:OrganizationId", namespaces=spaces) == "00D1"
    assert [notice.findtext("o:Id", namespaces=spaces) for notice in notices] == ["04l1", "04l1"]
    record = notices[0].find("o:sObject", spaces)
    assert record is not None
    assert record.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "sf:Lead"
    assert [(field.tag.partition("}")[2], field.text) for field in record] == [
        ("Id", "00Q1"),
        ("Company", "Smith & <Sons>"),
    ]


ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body>\n<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


@pytest.mark.parametrize(
    ("status", "body", "counts"),
    [
        pytest.param(200, ACK, True, id="the documented answer"),
        pytest.param(200, ACK.replace(b"notificationsResponse", b"n:notificationsResponse"), True, id="with a prefix"),
        pytest.param(200, ACK.replace(b"true", b"false"), False, id="a refusal"),
        pytest.param(200, b"OK", False, id="a plain 200"),
        pytest.param(200, b"", False, id="an empty 200"),
        pytest.param(200, b"<Ack>true</Ack>", False, id="an Ack outside of its response"),
        pytest.param(500, ACK, False, id="the right body under the wrong status"),
        pytest.param(0, b"", False, id="no answer at all"),
    ],
)
def test_only_the_right_acknowledgement_counts(status: int, body: bytes, *, counts: bool) -> None:
    assert outbound.acknowledged(status, body) is counts
