from datetime import UTC, datetime

import orjson
import pytest

from connector.core.readings import Presence
from connector.core.refs import salesforce
from connector.core.values import Kind
from connector.ports import View
from connector.salesforce.rows import Lens, csv_value, json_renders, json_row

VIEW = View(
    "Lead",
    {
        "LastName": Kind.TEXT,
        "Score__c": Kind.NUMBER,
        "HasOptedOutOfEmail": Kind.BOOLEAN,
        "Owner.Name": Kind.TEXT,
        "Birth__c": Kind.DATE,
    },
)
ROW = {
    "attributes": {"type": "Lead"},
    "Id": "00Q5f000005bwLFEAY",
    "SystemModstamp": "2026-11-02T08:15:30.000+0000",
    "IsDeleted": False,
    "IsConverted": False,
    "LastName": "Ada",
    "Score__c": 3.5e8,
    "HasOptedOutOfEmail": False,
    "Owner": {"attributes": {}, "Name": "Kim"},
    "Birth__c": None,
}


def read(**changes):
    return Lens(VIEW, list(VIEW.fields)).reading({**ROW, **changes})


def test_a_row_becomes_canonical():
    reading = read()
    assert reading.ref == salesforce("Lead", "00Q5f000005bwLF")
    assert reading.modified_at == datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
    assert reading.values == {
        "LastName": "Ada",
        "Score__c": "350000000",
        "HasOptedOutOfEmail": "false",
        "Owner.Name": "Kim",
        "Birth__c": None,
    }


def test_a_field_that_was_not_asked_for_is_absent():
    assert "LastName" not in Lens(VIEW, ["Id", "Birth__c"]).reading(ROW).values


def test_salesforce_may_spell_a_name_its_own_way():
    lens = Lens(View("Lead", {"lastname": Kind.TEXT}), ["lastname"])
    assert lens.reading(ROW).values == {"lastname": "Ada"}


def test_what_its_kind_cannot_understand_is_kept_as_it_came():
    reading = read(Birth__c="one day", Score__c={"odd": 1})
    assert reading.unreadable == {"Birth__c": "one day", "Score__c": '{"odd":1}'}
    assert "Birth__c" not in reading.values


def test_a_parentless_path_is_blank():
    assert read(Owner=None).values["Owner.Name"] is None


@pytest.mark.parametrize(
    ("changes", "presence", "moved_to", "converted"),
    [
        ({}, Presence.PRESENT, None, False),
        ({"IsDeleted": True}, Presence.ARCHIVED, None, False),
        (
            {"IsDeleted": True, "MasterRecordId": "00Q5f000005bwLG"},
            Presence.MOVED,
            salesforce("Lead", "00Q5f000005bwLG"),
            False,
        ),
        (
            {"IsConverted": True, "ConvertedContactId": "0035f000005bwLF"},
            Presence.MOVED,
            salesforce("Contact", "0035f000005bwLF"),
            True,
        ),
        (
            {"IsConverted": True, "ConvertedContactId": "0035f000005bwLF", "IsDeleted": True},
            Presence.MOVED,
            salesforce("Contact", "0035f000005bwLF"),
            True,
        ),
        ({"IsConverted": True, "ConvertedContactId": None}, Presence.ARCHIVED, None, True),
    ],
    ids=["present", "deleted", "merged", "converted", "converted and deleted", "converted to a hidden contact"],
)
def test_a_record_s_fate_is_told(changes, presence, moved_to, converted):
    reading = read(**changes)
    assert (reading.presence, reading.moved_to, reading.converted) == (presence, moved_to, converted)
    assert bool(reading.values) is (moved_to is None)


TYPES = {"N": "double", "B": "boolean", "D": "date", "S": "string"}


def test_values_are_written_as_their_described_type_wants_them():
    values = {"N": "12345678901234567.25", "B": "true", "D": "2026-11-02", "S": "007"}
    body = orjson.dumps(json_row(values, json_renders(TYPES)))
    assert body == b'{"N":12345678901234567.25,"B":true,"D":"2026-11-02","S":"007"}'


def test_clears_are_null_but_a_checkbox_is_never_blank():
    body = orjson.dumps(json_row(dict.fromkeys(TYPES), json_renders(TYPES)))
    assert body == b'{"N":null,"B":false,"D":null,"S":null}'
    assert [csv_value(None, told) for told in TYPES.values()] == ["#N/A", "false", "#N/A", "#N/A"]


def test_a_number_that_is_none_is_left_for_salesforce_to_refuse():
    assert json_row({"N": "about ten"}, json_renders(TYPES)) == {"N": "about ten"}
