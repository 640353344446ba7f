"""Whose requests are believed. Vectors are published ones, or computed elsewhere (HubSpot fact sheet 11.4)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox import signing
from webhooks.signatures import (
    OUR_TIME,
    OURS,
    V1_OR_V2,
    V3,
    V3_TIME,
    WHICH,
    Sent,
    Unsigned,
    check_hubspot,
    check_ours,
    check_shared,
    decoded,
    v1,
    v2,
    v3,
)

S = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
U = "https://www.example.com/webhook_uri"
B1 = b"{'example_field':'example_value'}"
B2 = b'{"example_field":"example_value"}'
B3 = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":'
    b'"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
)
ESCAPED = "https://hooks.example.com/hs?src=hs%3Aapp%2Fv3&x=%28a%29"
BEYOND_ASCII = '[{"objectId":1,"propertyValue":"Zoë Ångström — 東京"}]'.encode()
NOW = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
ONLY_V3 = ("v3",)


def sent(headers: Mapping[str, str], body: bytes = B2, method: str = "POST", url: str = U) -> Sent:
    lower = {name.lower(): value for name, value in headers.items()}
    return Sent(method, url, lambda name: lower.get(name.lower()), body)


def milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def signed(at: datetime = NOW, secret: str = S, body: bytes = B2) -> Sent:
    stamp = milliseconds(at)
    return sent({V3: signing.v3(secret, "POST", U, body, int(stamp)), V3_TIME: stamp}, body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (B1, "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
        (B3, "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
    ],
)
def test_the_published_vectors_of_v1(body: bytes, expected: str):
    assert v1(S, sent({}, body)) == expected
    check_hubspot(sent({V1_OR_V2: expected, WHICH: "v1"}, body), [S], ("v1",), NOW)


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", b"", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
        ("POST", B1, "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"),
        ("POST", B2, "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"),
    ],
)
def test_the_published_vectors_of_v2(method: str, body: bytes, expected: str):
    assert v2(S, sent({}, body, method)) == expected
    check_hubspot(sent({V1_OR_V2: expected, WHICH: "v2"}, body, method), [S], ("v2",), NOW)


@pytest.mark.parametrize(
    ("url", "body", "stamp", "expected"),
    [
        pytest.param(U, B1, "1693657560000", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=", id="python"),
        pytest.param(U, B1, "1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=", id="ruby"),
        pytest.param(U, B2, "1700000300000", "ZEux4lGY4urKtKJ9fqGCQDJ0FasZeSunWHlJMEoU3Bg=", id="json"),
        pytest.param(U, B3, "1564113600500", "+r3cQe2xhAmobOAMhJIrVNtvq0R4VE7rXpN8HitwqVo=", id="events"),
        pytest.param(ESCAPED, b"[]", "1700000300000", "jRVJI+K8Sx+K+0iLor3PXeHeK4f5sIm/7TuXV6+T9Wk=", id="escapes"),
        pytest.param(U, BEYOND_ASCII, "1700000300000", "YpW3wHbDfLlHKhgXblJZLh4UWFwrP7ODmy2gzq99a28=", id="unicode"),
    ],
)
def test_the_vectors_of_v3(url: str, body: bytes, stamp: str, expected: str):
    assert v3(S, sent({}, body, url=url), stamp) == expected
    then = datetime.fromtimestamp(int(stamp) / 1000, UTC)
    check_hubspot(sent({V3: expected, V3_TIME: stamp}, body, url=url), [S], ONLY_V3, then)


def test_a_signature_over_the_address_as_it_was_called_is_not_hubspots():
    undecoded = sent({V3: "nXj91op7RZ7XDcc4palGX8/wnig6Gk19dPfqE2SCFcU=", V3_TIME: "1700000300000"}, b"[]", url=ESCAPED)
    with pytest.raises(Unsigned, match="does not match"):
        check_hubspot(undecoded, [S], ONLY_V3, datetime.fromtimestamp(1700000300, UTC))


def test_exactly_twelve_escapes_are_decoded():
    every = "".join(f"%{number:02X}" for number in range(256))
    left = decoded(every)
    gone = [f"%{number:02X}" for number in range(256) if f"%{number:02X}" not in left]
    assert gone == ["%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%2F", "%3A", "%3B", "%3F", "%40"]
    assert decoded("%253A?a=%20%26%3D%2B") == "%253A?a=%20%26%3D%2B"


@given(st.text(alphabet="%23AFabf/:?@x", max_size=30))
def test_both_sides_decode_alike(url: str):
    assert decoded(url) == signing.decoded(url)


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-300, None), (-300.001, "stale"), (60, None), (60.001, "early"), (36_000, "early")]
)
def test_a_request_is_believed_for_five_minutes_and_one_minute_ahead(seconds: float, reason: str | None):
    at = NOW + timedelta(seconds=seconds)
    if reason is None:
        check_hubspot(signed(at), [S], ONLY_V3, NOW)
    else:
        with pytest.raises(Unsigned) as why:
            check_hubspot(signed(at), [S], ONLY_V3, NOW)
        assert why.value.reason == reason


def test_while_a_secret_is_replaced_both_are_believed():
    check_hubspot(signed(secret="new"), ["old", "new"], ONLY_V3, NOW)
    check_hubspot(signed(secret="old"), ["old", "new"], ONLY_V3, NOW)
    with pytest.raises(Unsigned, match="does not match"):
        check_hubspot(signed(secret="other"), ["old", "new"], ONLY_V3, NOW)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({V3: "abc"}, "missing"),
        ({V3_TIME: milliseconds(NOW)}, "missing"),
        ({V3: "", V3_TIME: milliseconds(NOW)}, "signature"),
        ({V3: "Zoë\udc80\ud800", V3_TIME: milliseconds(NOW)}, "signature"),
        ({V3: "x", V3_TIME: "now"}, "missing"),
        ({V3: "x", V3_TIME: "-1"}, "missing"),
        ({V3: "x", V3_TIME: "٣"}, "missing"),
        ({V3: "x", V3_TIME: "1" * 400}, "missing"),
        ({V3: "x", V3_TIME: "0"}, "stale"),
    ],
)
def test_a_request_without_a_proper_signature_is_not_believed(headers: Mapping[str, str], reason: str):
    with pytest.raises(Unsigned) as why:
        check_hubspot(sent(headers), [S], ONLY_V3, NOW)
    assert why.value.reason == reason


@pytest.mark.parametrize("which", ["v1", "v2"])
def test_the_older_signatures_are_believed_only_where_an_installation_says_so(which: str):
    made = {"v1": v1, "v2": v2}[which](S, sent({}))
    old = sent({V1_OR_V2: made, WHICH: which})
    check_hubspot(old, [S], ("v3", which), NOW)
    for versions in (ONLY_V3, ("v3", {"v1": "v2", "v2": "v1"}[which])):
        with pytest.raises(Unsigned, match="no signature of a version"):
            check_hubspot(old, [S], versions, NOW)


def test_a_wrong_signature_of_v3_is_not_saved_by_an_older_one():
    """Else whoever has seen one request could send it again for ever."""
    headers = {V1_OR_V2: v1(S, sent({})), WHICH: "v1", V3: "wrong", V3_TIME: milliseconds(NOW)}
    with pytest.raises(Unsigned, match="does not match"):
        check_hubspot(sent(headers), [S], ("v1", "v3"), NOW)


def test_every_part_of_a_request_is_signed():
    whole = signed()
    for changed in (
        Sent("PUT", U, whole.header, B2),
        Sent("POST", U + "?a", whole.header, B2),
        Sent("POST", U, whole.header, B2 + b" "),
        Sent("POST", U, {V3: whole.header(V3), V3_TIME: milliseconds(NOW - timedelta(seconds=1))}.get, B2),
    ):
        with pytest.raises(Unsigned):
            check_hubspot(changed, [S], ONLY_V3, NOW)


def of_ours(seconds: int, secret: str = "events-secret-16", *, upper: bool = False) -> Sent:
    """A request as the documentation's Apex makes it: hex HMAC-SHA256 of time, dot and body."""
    stamp = str(int(NOW.timestamp()) + seconds)
    made = hmac.new(secret.encode(), f"{stamp}.".encode() + B2, hashlib.sha256).hexdigest()
    return sent({OUR_TIME: stamp, OURS: made.upper() if upper else made})


@pytest.mark.parametrize(("seconds", "reason"), [(-300, None), (-301, "stale"), (300, None), (301, "early")])
def test_an_event_of_a_flow_is_believed_for_five_minutes_either_way(seconds: int, reason: str | None):
    if reason is None:
        check_ours(of_ours(seconds), ["another", "events-secret-16"], NOW)
        check_ours(of_ours(seconds, upper=True), ["events-secret-16"], NOW)
    else:
        with pytest.raises(Unsigned) as why:
            check_ours(of_ours(seconds), ["events-secret-16"], NOW)
        assert why.value.reason == reason


def test_an_event_of_a_flow_without_or_with_a_wrong_signature_is_not_believed():
    for request in (sent({}), sent({OUR_TIME: str(int(NOW.timestamp()))}), of_ours(0, "another")):
        with pytest.raises(Unsigned):
            check_ours(request, ["events-secret-16"], NOW)


def test_a_secret_in_the_path_is_believed_whole_or_not_at_all():
    check_shared("0123456789abcdef", ["other", "0123456789abcdef"])
    for wrong in ("", "0123456789abcde", "0123456789abcdefg", "0123456789ABCDEF", "\udcff"):
        with pytest.raises(Unsigned, match="does not match"):
            check_shared(wrong, ["0123456789abcdef"])
