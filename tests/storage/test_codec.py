"""Every decoder is the exact inverse of its encoder."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.core.plan import Agreed, Memory
from connector.core.readings import Presence, Reading, Stamp
from connector.core.refs import Ref, Side, hubspot
from connector.storage import codec

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.none() | TEXTS
NAMES = st.text("abc_", min_size=1, max_size=5)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # made aware
REFS = st.builds(Ref, st.sampled_from(Side), st.text("abcXYZ_", min_size=1), st.text("0123abcABC:", min_size=1))
MEMORIES = st.builds(
    Memory,
    base=st.dictionaries(NAMES, st.builds(Agreed, VALUES, VALUES)),
    sent=st.dictionaries(
        st.sampled_from(Side), st.dictionaries(NAMES, st.lists(VALUES, min_size=1).map(tuple), min_size=1)
    ),
)
READINGS = st.builds(
    Reading,
    ref=REFS,
    presence=st.sampled_from(Presence),
    values=st.dictionaries(NAMES, VALUES),
    modified_at=st.none() | MOMENTS,
    stamps=st.dictionaries(NAMES, st.builds(Stamp, MOMENTS, TEXTS)),
    unreadable=st.dictionaries(NAMES, TEXTS),
    moved_to=st.none() | REFS,
    aliases=st.lists(TEXTS).map(tuple),
    converted=st.booleans(),
)


@given(MEMORIES)
def test_a_memory_comes_back_as_it_was(memory: Memory) -> None:
    assert codec.memory(codec.memory_bytes(memory)) == memory


@given(READINGS)
def test_a_reading_comes_back_as_it_was_with_all_its_rarer_parts(reading: Reading) -> None:
    assert codec.reading(codec.key(reading.ref), codec.reading_bytes(reading)) == reading


@given(MOMENTS)
def test_a_moment_comes_back_to_the_microsecond(at: datetime) -> None:
    assert codec.moment(codec.micros(at)) == at


@given(REFS)
def test_a_stored_key_is_the_text_form_of_the_ref(ref: Ref) -> None:
    assert codec.key(ref) == str(ref)
    assert codec.ref(codec.key(ref)) == ref


def test_a_blank_field_and_one_not_asked_for_stay_different() -> None:
    reading = Reading(hubspot("contacts", "1"), values={"phone": None})
    again = codec.reading("hubspot:contacts:1", codec.reading_bytes(reading))
    assert "phone" in again.values
    assert "fax" not in again.values


def test_an_ordinary_reading_is_stored_without_its_empty_parts() -> None:
    assert codec.reading_bytes(Reading(hubspot("contacts", "1"), values={"a": "b"})) == b'[{"a":"b"},null]'


def test_a_memory_is_stored_as_compactly_as_documented() -> None:
    memory = Memory({"phone": Agreed("+44", None)}, {Side.SALESFORCE: {"phone": ("+44", "+45")}})
    assert codec.memory_bytes(memory) == b'[{"phone":["+44",null]},{"s":{"phone":["+44","+45"]}}]'


def test_the_earlier_ids_of_a_link_follow_what_was_sent() -> None:
    memory = Memory({"phone": Agreed("+44", None)}, formerly=("00Q1", "00Q2"))
    assert codec.memory_bytes(memory) == b'[{"phone":["+44",null]},{},["00Q1","00Q2"]]'
    assert codec.memory(codec.memory_bytes(memory)) == memory
