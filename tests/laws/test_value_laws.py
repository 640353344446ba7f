"""Law 8 and its kin: transforms round-trip, canonical forms are stable, days never shift."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.comparison import comparison
from connector.core.mapping import Direction, Refusal, Rule
from connector.core.merge import same
from connector.core.transforms import TRANSFORMS, LengthPolicy, Transform, Unmapped, identity, limit_length, value_map
from connector.core.values import Kind, canonical
from tests.laws.worlds import POOLS, STATUSES

WORDS = st.text(alphabet="aAßİ é-'.@1;", max_size=12).map(lambda text: canonical(Kind.TEXT, text))
MAPS = tuple(value_map(STATUSES, unmapped, "Other") for unmapped in Unmapped)
TWO_WAY = (*(each for each in TRANSFORMS.values() if each.back), *MAPS)


def rule(transform: Transform, kind: Kind = Kind.TEXT) -> Rule:
    direction = Direction.BOTH if transform.back else Direction.TO_SALESFORCE
    return Rule("r", "h", "s", kind, transform.there, transform.back or identity, comparison(kind), direction)


@pytest.mark.parametrize("transform", [*TRANSFORMS.values(), *MAPS])
@given(value=WORDS | st.sampled_from(("true", "false", "new", "open", "working", "strange")))
def test_what_was_carried_there_is_the_same(transform: Transform, value: str | None) -> None:
    """After a value has travelled to Salesforce nothing more is to be said, however much the transform lost."""
    after = transform.there(value)
    assert isinstance(after, Refusal) or same(rule(transform), value, after)


@pytest.mark.parametrize("transform", TWO_WAY)
@given(value=WORDS | st.sampled_from(("Yes", "No", "1", "0", "Open", "Working", "Other")))
def test_what_was_carried_back_is_the_same(transform: Transform, value: str | None) -> None:
    """Likewise on the way to HubSpot."""
    after = transform.back(value)
    assert isinstance(after, Refusal) or same(rule(transform), after, value)


@given(value=WORDS, length=st.integers(1, 8))
def test_a_cut_text_fits_and_is_the_same(value: str | None, length: int) -> None:
    cut = limit_length(length, LengthPolicy.TRUNCATE)
    assert len(cut(value) or "") <= length
    assert same(rule(Transform(cut, identity)), value, cut(value))


@pytest.mark.parametrize("kind", Kind)
@given(raw=st.one_of(WORDS, st.integers(), st.floats(), st.booleans(), st.dates().map(str), st.datetimes().map(str)))
def test_a_canonical_value_reads_as_itself(kind: Kind, raw: object) -> None:
    """Reading back what was stored changes nothing; comparing it neither."""
    try:
        once = canonical(kind, raw)
    except ValueError:
        return
    assert canonical(kind, once) == once
    form = comparison(kind, "FR")
    assert form(once) == form(canonical(kind, once))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6))
def test_a_number_keeps_its_worth(number: Decimal) -> None:
    assert Decimal(canonical(Kind.NUMBER, str(number)) or "") == number
    assert canonical(Kind.NUMBER, f"{number:E}") == canonical(Kind.NUMBER, str(number))


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_all_spellings_of_an_instant_are_one(moment: datetime) -> None:
    """Salesforce fact sheet 1.9 and HubSpot fact sheet 2.2: six spellings, one canonical form."""
    at = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    millis = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}"
    east = at.astimezone(ZoneInfo("Asia/Kathmandu")).isoformat(timespec="milliseconds")
    epoch = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    spellings = (f"{millis}Z", f"{millis}+0000", f"{millis}+00:00", at.isoformat(), east, str(epoch), epoch)
    assert {canonical(Kind.DATETIME, spelling) for spelling in spellings} == {f"{millis}Z"}


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(sorted(available_timezones())))
def test_a_date_never_shifts_a_day(day: date, zone: str) -> None:
    """Whatever zone a portal or an org lives in, the day written is the day read."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    for spelling in (str(day), f"{day}T00:00:00Z", f"{day}T00:00:00.000+0000", midnight.isoformat()):
        assert canonical(Kind.DATE, spelling) == str(day)
    utc = datetime(day.year, day.month, day.day, tzinfo=UTC)
    assert canonical(Kind.DATE, str((utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))) == str(day)


@pytest.mark.parametrize("kind", POOLS)
@given(data=st.data())
def test_comparison_is_stable(kind: Kind, data: st.DataObject) -> None:
    """The form of a form is the form: no value drifts through repeated comparison."""
    form = comparison(kind, "FR")
    value = data.draw(st.sampled_from(POOLS[kind]))
    assert form(form(value)) == form(value)
