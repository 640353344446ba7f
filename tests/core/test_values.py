"""Canonical forms and the forms in which values compare."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest

from connector.core.comparison import comparison
from connector.core.values import Kind, Unreadable, canonical, plain

READ = [
    (Kind.TEXT, "  Ada ", "Ada"),
    (Kind.TEXT, "a\r\nb", "a\r\nb"),
    (Kind.TEXT, 12, "12"),
    (Kind.TEXT, 1.5, "1.5"),
    (Kind.TEXT, True, "true"),
    (Kind.TEXT, False, "false"),
    (Kind.EMAIL, "Ada@X.test", "Ada@X.test"),
    (Kind.NUMBER, "1000", "1000"),
    (Kind.NUMBER, "007", "7"),
    (Kind.NUMBER, "0", "0"),
    (Kind.NUMBER, "-0.0", "0"),
    (Kind.NUMBER, "1000.50", "1000.5"),
    (Kind.NUMBER, 12, "12"),
    (Kind.NUMBER, 1000.0, "1000"),
    (Kind.NUMBER, 0.1, "0.1"),
    (Kind.MONEY, 3.5e8, "350000000"),
    (Kind.MONEY, "3.5E8", "350000000"),
    (Kind.MONEY, "-12.30", "-12.3"),
    (Kind.NUMBER, Decimal("1E-7"), "0.0000001"),
    (Kind.BOOLEAN, True, "true"),
    (Kind.BOOLEAN, False, "false"),
    (Kind.BOOLEAN, "TRUE", "true"),
    (Kind.BOOLEAN, "false", "false"),
    (Kind.BOOLEAN, 1, "true"),
    (Kind.DATE, "2026-11-02", "2026-11-02"),
    (Kind.DATE, "2026-11-02T00:00:00.000+0000", "2026-11-02"),
    (Kind.DATE, "2026-11-02T23:30:00-08:00", "2026-11-02"),
    (Kind.DATE, "1793577600000", "2026-11-02"),
    (Kind.DATE, 1793577600000, "2026-11-02"),
    (Kind.DATE, "86400000", "1970-01-02"),
    (Kind.DATE, "-86400000", "1969-12-31"),
    (Kind.DATETIME, "2026-11-02T08:15:30.123Z", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30Z", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30.000+0000", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02T09:15:30.000+01:00", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30.123456Z", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02 08:15:30", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02", "2026-11-02T00:00:00.000Z"),
    (Kind.DATETIME, "1793607330123", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, 1793607330123, "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30+0000", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30.000+0100", "2026-11-02T07:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02 08:15:30.123Z", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30,123Z", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30.1234", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-11-02T0815+0100", "2026-11-02T07:15:00.000Z"),
    (Kind.DATETIME, "20261102T081530Z", "2026-11-02T08:15:30.000Z"),
    (Kind.DATETIME, "2026-11-02T081530.5Z", "2026-11-02T08:15:30.500Z"),
    (Kind.DATETIME, "2026-11-02T081530.12345+0000", "2026-11-02T08:15:30.123Z"),
    (Kind.DATETIME, "2026-W45-1T08:15:30.123Z", "2026-11-02T08:15:30.123Z"),
    (Kind.DATE, "-5", "1969-12-31"),
    (Kind.NUMBER, "1E40", "1" + "0" * 40),
    (Kind.NUMBER, "1E-40", "0." + "0" * 39 + "1"),
    (Kind.PICKLIST, " Open ", "Open"),
    (Kind.MULTIPICKLIST, ";b;a", "a;b"),
    (Kind.MULTIPICKLIST, "b; a ;b", "a;b"),
    (Kind.MULTIPICKLIST, ["b", "a"], "a;b"),
    (Kind.MULTIPICKLIST, ";", None),
    (Kind.OWNER, 12345, "12345"),
    (Kind.REFERENCE, "0035g00000AbcdeAAB", "0035g00000AbcdeAAB"),
]


@pytest.mark.parametrize(("kind", "raw", "expected"), READ)
def test_every_spelling_of_the_wire_is_read(kind, raw, expected) -> None:
    assert canonical(kind, raw) == expected


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("raw", [None, "", "   ", "\t\n"])
def test_blank_is_none_in_every_kind(kind, raw) -> None:
    assert canonical(kind, raw) is None


UNREAD = [
    (Kind.TEXT, {"street": "x"}, "expected a text, found dict"),
    (Kind.NUMBER, "many", "expected a number"),
    (Kind.NUMBER, float("nan"), "expected a number of ordinary size"),
    (Kind.NUMBER, "Infinity", "expected a number of ordinary size"),
    (Kind.NUMBER, "1E999999", "expected a number of ordinary size"),
    (Kind.NUMBER, "1E41", "expected a number of ordinary size"),
    (Kind.NUMBER, "1E-41", "expected a number of ordinary size"),
    (Kind.BOOLEAN, "perhaps", "expected true or false"),
    (Kind.BOOLEAN, 2, "expected true or false"),
    (Kind.DATE, "02/11/2026", "expected a date like 2026-11-02"),
    (Kind.DATE, "2026-W45-1", "expected a date like 2026-11-02"),
    (Kind.DATE, "x1793577600000", "expected a date like 2026-11-02"),
    (Kind.DATE, "-soon", "expected a date like 2026-11-02"),
    (Kind.DATE, "2026-02-30", "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.DATE, True, "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.DATETIME, "soon", "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.DATETIME, "9" * 30, "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.DATETIME, "0001-01-01T00:00:00+14:00", "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.DATETIME, [1], "expected a date or time, in ISO 8601 or epoch milliseconds"),
    (Kind.MULTIPICKLIST, 5, "expected choices joined by ';', found int"),
]


@pytest.mark.parametrize(("kind", "raw", "reason"), UNREAD)
def test_what_a_kind_cannot_understand_is_said_without_the_value(kind, raw, reason) -> None:
    with pytest.raises(Unreadable) as raised:
        canonical(kind, raw)
    assert raised.value.reason == reason
    assert str(raised.value) == reason


@pytest.fixture(params=["Asia/Kathmandu", "America/Los_Angeles"])
def zone_of_the_machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_a_moment_without_a_zone_is_utc_wherever_the_bridge_runs(zone_of_the_machine: str) -> None:
    assert canonical(Kind.DATETIME, "2026-11-02 08:15:30") == "2026-11-02T08:15:30.000Z"
    assert canonical(Kind.DATETIME, "2026-11-02T09:15:30+01:00") == "2026-11-02T08:15:30.000Z"
    assert canonical(Kind.DATE, "1793577600000") == "2026-11-02"


@pytest.mark.parametrize(
    ("number", "text"), [("1E+3", "1000"), ("-0", "0"), ("0.00", "0"), ("10.0", "10"), ("-1.50", "-1.5")]
)
def test_numbers_are_printed_plainly(number, text) -> None:
    assert plain(Decimal(number)) == text


SAME = [
    (Kind.TEXT, "a\r\nb", "a\nb"),
    (Kind.EMAIL, "Ada@X.test", "ada@x.TEST"),
    (Kind.PHONE, "+33 1 40 20 00 00", "01 40 20 00 00"),
    (Kind.PHONE, "+33140200000 ext. 5", "01 40 20 00 00 x5"),
    (Kind.PHONE, "12", "1-2"),
    (Kind.PHONE, "call me", "CALL ME"),
    (Kind.MONEY, "10.005", "10.01"),
    (Kind.MONEY, "10.001", "10"),
    (Kind.MONEY, "1000.005", "1000.01"),
    (Kind.BOOLEAN, None, "false"),
    (Kind.BOOLEAN, "Yes", "true"),
    (Kind.BOOLEAN, "No", "false"),
    (Kind.BOOLEAN, "1", "true"),
    (Kind.BOOLEAN, "0", "false"),
    (Kind.DATETIME, "2026-11-02", "2026-11-02T00:00:00.000Z"),
    (Kind.DATETIME, "2026-11-02T08:15:30.999Z", "2026-11-02T08:15:30.000Z"),
    (Kind.MULTIPICKLIST, "b;a", "a;b"),
    (Kind.REFERENCE, "0035g00000Abcde", "0035g00000AbcdeAAB"),
    (Kind.REFERENCE, "003000000000001", "003000000000001AAA"),
    (Kind.OWNER, None, None),
]
DIFFERENT = [
    (Kind.TEXT, "Ada", "ada"),
    (Kind.TEXT, "", None),
    (Kind.PHONE, "+33140200000", "+33140200000 ext. 5"),
    (Kind.PHONE, "+33140200000", None),
    (Kind.MONEY, "10.01", "10.02"),
    (Kind.MONEY, "1" * 40 + ".001", None),
    (Kind.NUMBER, "10.001", "10"),
    (Kind.BOOLEAN, "true", None),
    (Kind.DATE, "2026-11-02", "2026-11-03"),
    (Kind.DATETIME, None, "2026-11-02T08:15:30.000Z"),
    (Kind.MULTIPICKLIST, "a", "a;b"),
    (Kind.OWNER, "123456789012345", "1234567890123450AA"),
    (Kind.PICKLIST, "Open", "open"),
]


@pytest.mark.parametrize(("kind", "one", "another"), SAME)
def test_what_a_remote_merely_rewrites_is_the_same(kind, one, another) -> None:
    form = comparison(kind, "FR")
    assert form(one) == form(another)


@pytest.mark.parametrize(("kind", "one", "another"), DIFFERENT)
def test_what_a_person_would_call_different_is(kind, one, another) -> None:
    form = comparison(kind, "FR")
    assert form(one) != form(another)


def test_a_national_number_needs_a_region() -> None:
    assert comparison(Kind.PHONE)("01 40 20 00 00") == "0140200000"
    assert comparison(Kind.PHONE, "FR")("01 40 20 00 00") == "+33140200000"
