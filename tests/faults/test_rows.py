"""One row of many is refused, in every documented way: it waits for a person or is sent again; its neighbours go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side
from connector.errors import BridgeError, Transient
from tests.faults.rows import HUBSPOT_WAYS, PART_WAYS, SALESFORCE_WAYS, Row, Words
from tests.faults.scenes import Pair, Scene
from tests.faults.trial import Trial, trial
from tests.misbehaviour.rig import addresses

BULK: Mapping[str, Mapping[str, object]] = {"salesforce": {"bulk_from_rows": 1}}


@dataclass
class Street:
    """Two neighbours, edited on one side at the same time; the row of the first is refused."""

    played: Trial
    victim: Pair
    neighbour: Pair
    acts: int = 0

    def edited(self, side: Side) -> None:
        """Both are edited on a side."""
        self.acts += 1
        for number, pair in enumerate((self.victim, self.neighbour)):
            if side is Side.HUBSPOT:
                properties = {"jobtitle": self.token(number)}
                self.played.stage.act(side, "edit", object="contacts", id=pair[0], properties=properties)
            else:
                self.played.stage.act(side, "edit", id=pair[1], values={"Title": self.token(number)})
        self.played.stage.clock.advance(10)

    def token(self, number: int) -> str:
        """What the first or the second was edited to."""
        return f"row {self.acts} {number}"

    def run(self, row: Row) -> BridgeError | None:
        """A run in which the row is refused."""
        self.played.gate.rewrite = row
        try:
            return self.played.run()
        finally:
            self.played.gate.rewrite = None
            assert row.struck, dict(self.played.gate.names)

    def arrived(self, side: Side) -> tuple[bool, bool]:
        """Whether the edits of the two stand on a side."""
        people = self.played.stage.people(side)
        name, place = ("jobtitle", 0) if side is Side.HUBSPOT else ("Title", 1)
        first, second = (people[pair[place]][name] for pair in (self.victim, self.neighbour))
        return first == self.token(0), second == self.token(1)

    def issue(self, code: str) -> Issue:
        """What is shown of the refused row."""
        concerned = {*self.victim}
        found = [each for each in self.played.stage.shown() if concerned & {ref.id for ref in each.refs}]
        assert {(each.kind, each.code) for each in found} == {(IssueKind.PARKED, code)}
        return found[0]

    def mended(self, side: Side) -> None:
        """A person lets it be tried again; it arrives, and nothing is left open."""
        self.played.release()
        assert self.played.run() is None
        assert self.arrived(side) == (True, True)
        assert self.played.parked() == 0


@contextmanager
def street(name: str, **settings: Mapping[str, object]) -> Iterator[Street]:
    with trial(Scene(name, (), settings=settings), 1) as played:
        first, second, *_ = played.spare
        yield Street(played, first, second)
        played.end()


def said(code: str, *fields: str, message: str = "refused") -> Words:
    return {"statusCode": code, "message": message, "fields": list(fields)}


SALESFORCE_REFUSES = (
    said("STRING_TOO_LONG", "Title", message="Title: data value too large: (max length=128)"),
    said("INVALID_FIELD", "Title", message="No such column 'Title' on sobject of type Lead"),
    said("INVALID_FIELD_FOR_INSERT_UPDATE", "Title"),
    said("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Title"),
    said("INVALID_TYPE_ON_FIELD_IN_RECORD", "Title"),
    said("NUMBER_OUTSIDE_VALID_RANGE", "Title"),
    said("FIELD_INTEGRITY_EXCEPTION", "Title"),
    said("FIELD_FILTER_VALIDATION_EXCEPTION", "Title"),
    said("INVALID_EMAIL_ADDRESS", "Title"),
    said("REQUIRED_FIELD_MISSING", "LastName", message="Required fields are missing: [LastName]"),
    said("FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No titles on Mondays."),
    said("DUPLICATES_DETECTED", message="Use one of these records?"),
    said(
        "DUPLICATE_VALUE",
        message="duplicate value found: HubSpot_Contact_Id__c duplicates value on record with id: 00Q000000000001",
    ),
    said("ENTITY_IS_DELETED", message="entity is deleted"),
    said("NOT_FOUND"),
    said("CANNOT_UPDATE_CONVERTED_LEAD", message="cannot reference converted lead"),
    said("INVALID_CROSS_REFERENCE_KEY"),
    said("MALFORMED_ID", "Id"),
    said("INSUFFICIENT_ACCESS_OR_READONLY"),
    said("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"),
    said("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message="LeadTrigger: execution of BeforeUpdate"),
    said("CANNOT_EXECUTE_FLOW_TRIGGER"),
    said("INACTIVE_OWNER_OR_USER"),
    said("STORAGE_LIMIT_EXCEEDED"),
    said("SOME_NEW_CODE", message="something new"),
)
SALESFORCE_PASSES = (
    "UNABLE_TO_LOCK_ROW",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "PROCESSING_HALTED",
    "UNKNOWN_EXCEPTION",
)


@pytest.mark.parametrize("settings", [pytest.param({}, id="collections"), pytest.param(BULK, id="bulk")])
def test_a_row_that_salesforce_refuses_is_parked_with_its_code_and_what_to_do(
    settings: Mapping[str, Mapping[str, object]],
) -> None:
    refusals = SALESFORCE_REFUSES[::3] if settings else SALESFORCE_REFUSES  # a job words them all alike
    with street("salesforce rows", **settings) as shown:
        for words in refusals:
            shown.edited(Side.HUBSPOT)
            assert shown.run(Row(shown.victim[1], words, SALESFORCE_WAYS)) is None, words
            assert shown.arrived(Side.SALESFORCE) == (False, True), words
            issue = shown.issue(words["statusCode"])
            named = [name for name in words["fields"] if name == "Title"]
            assert issue.field == "".join(named), words
            assert issue.hint, words
            shown.mended(Side.SALESFORCE)


@pytest.mark.parametrize("settings", [pytest.param({}, id="collections"), pytest.param(BULK, id="bulk")])
def test_a_row_that_salesforce_could_not_write_just_now_is_sent_again(
    settings: Mapping[str, Mapping[str, object]],
) -> None:
    with street("locked rows", **settings) as shown:
        for code in SALESFORCE_PASSES:
            shown.edited(Side.HUBSPOT)
            row = Row(shown.victim[1], said(code), SALESFORCE_WAYS, times=2)
            assert shown.run(row) is None, code
            assert shown.arrived(Side.SALESFORCE) == (True, True), code
            shown.edited(Side.HUBSPOT)
            error = shown.run(Row(shown.victim[1], said(code), SALESFORCE_WAYS))
            assert type(error) is Transient, code
            assert code in str(error)
            assert shown.arrived(Side.SALESFORCE) == (False, True), code
            shown.played.lift()
            shown.mended(Side.SALESFORCE)


def test_a_row_that_a_bulk_job_never_got_to_is_sent_again() -> None:
    with street("unprocessed", **BULK) as shown:
        shown.edited(Side.HUBSPOT)
        assert shown.run(Row(shown.victim[1], {}, SALESFORCE_WAYS, times=1)) is None
        assert shown.arrived(Side.SALESFORCE) == (True, True)
        shown.edited(Side.HUBSPOT)
        assert type(shown.run(Row(shown.victim[1], {}, SALESFORCE_WAYS))) is Transient
        assert shown.arrived(Side.SALESFORCE) == (False, True)
        shown.played.lift()
        shown.mended(Side.SALESFORCE)


def invalid(code: str, name: str = "jobtitle") -> Words:
    """A refused property, as a JSON array inside the message."""
    inside = orjson.dumps([{"isValid": False, "message": "not valid", "error": code, "name": name}]).decode()
    return {"category": "VALIDATION_ERROR", "message": f"Property values were not valid: {inside}"}


def detailed(code: str, name: str = "jobtitle") -> Words:
    """The same, told by `errors` alone."""
    detail = {"message": "not valid", "code": code, "context": {"propertyName": [name]}}
    return {"category": "VALIDATION_ERROR", "message": "Property values were not valid", "errors": [detail]}


HUBSPOT_CODES = (
    "PROPERTY_DOESNT_EXIST",
    "READ_ONLY_VALUE",
    "INVALID_EMAIL",
    "INVALID_OPTION",
    "INVALID_LONG",
    "INVALID_INTEGER",
    "INVALID_DATE",
    "MISSING_REQUIRED_PROPERTY",
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
    "SOME_NEW_CODE",
)
HUBSPOT_REFUSES = (
    *((code, "jobtitle", form(code)) for code in HUBSPOT_CODES for form in (invalid, detailed)),
    ("MISSING_REQUIRED_PROPERTY", "", invalid("MISSING_REQUIRED_PROPERTY", "hs_other")),
    ("CONFLICT", "", {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 3401"}),
    ("VALIDATION_ERROR", "", {"category": "VALIDATION_ERROR", "message": "refused"}),
    ("SOME_NEW_CATEGORY", "", {"category": "SOME_NEW_CATEGORY"}),
)
HUBSPOT_PASSES = (
    {"category": "RATE_LIMITS", "message": "You have reached your limit."},
    {"category": "INTERNAL_ERROR", "message": "internal error"},
    {"category": "OBJECT_NOT_FOUND", "message": "Could not get some CONTACT objects"},  # which read as there
    {},  # its result is left out
)


def test_an_input_that_hubspot_refuses_is_parked_with_its_code_and_what_to_do() -> None:
    with street("hubspot rows") as shown:
        for code, field, words in HUBSPOT_REFUSES:
            shown.edited(Side.SALESFORCE)
            assert shown.run(Row(shown.victim[0], words, HUBSPOT_WAYS)) is None, words
            assert shown.arrived(Side.HUBSPOT) == (False, True), words
            issue = shown.issue(code)
            assert (issue.field, bool(issue.hint)) == (field, True), words
            shown.mended(Side.HUBSPOT)


def test_an_input_that_hubspot_did_not_get_to_is_sent_again() -> None:
    with street("hubspot passing") as shown:
        for words in HUBSPOT_PASSES:
            shown.edited(Side.SALESFORCE)
            assert shown.run(Row(shown.victim[0], words, HUBSPOT_WAYS, times=1)) is None, words
            assert shown.arrived(Side.HUBSPOT) == (True, True), words
            shown.edited(Side.SALESFORCE)
            assert type(shown.run(Row(shown.victim[0], words, HUBSPOT_WAYS))) is Transient, words
            assert shown.arrived(Side.HUBSPOT) == (False, True), words
            shown.played.lift()
            shown.mended(Side.HUBSPOT)


MAKING_REFUSED = (
    said("REQUIRED_FIELD_MISSING", "Company", message="Required fields are missing: [Company]"),
    said("FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No arrivals on Mondays."),
    said("STORAGE_LIMIT_EXCEEDED"),
    said("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"),
    said("SOME_NEW_CODE"),
)


def arrival(shown: Street, side: Side, who: str) -> None:
    """Somebody new."""
    address = f"{who}{shown.acts}@example.test"
    if side is Side.HUBSPOT:
        properties = {"email": address, "firstname": who, "lastname": "New"}
        shown.played.stage.act(side, "create", object="contacts", properties=properties)
    else:
        values = {"Email": address, "FirstName": who, "LastName": "New", "Company": "Acme"}
        shown.played.stage.act(side, "create", sobject="Lead", values=values)
    shown.played.stage.clock.advance(10)


def there(shown: Street, side: Side) -> tuple[int, int]:
    """How many of each of two arrivals are on a side."""
    name = "email" if side is Side.HUBSPOT else "Email"
    held = addresses(shown.played.stage.people(side), name)
    return held[f"ann{shown.acts}@example.test"], held[f"bob{shown.acts}@example.test"]


@pytest.mark.parametrize("settings", [pytest.param({}, id="collections"), pytest.param(BULK, id="bulk")])
def test_a_person_whom_salesforce_refuses_to_make_is_parked_and_others_are_made(
    settings: Mapping[str, Mapping[str, object]],
) -> None:
    with street("making", **settings) as shown:
        for words in MAKING_REFUSED:
            shown.acts += 1
            arrival(shown, Side.HUBSPOT, "ann")
            arrival(shown, Side.HUBSPOT, "bob")
            ann = next(
                one
                for one, row in shown.played.stage.people(Side.HUBSPOT).items()
                if row["email"] == f"ann{shown.acts}@example.test"
            )
            assert shown.run(Row(ann, words, SALESFORCE_WAYS)) is None, words
            assert there(shown, Side.SALESFORCE) == (0, 1), words
            shown.victim = (ann, "")
            assert shown.issue(words["statusCode"]).hint
            shown.played.release()
            assert shown.played.run() is None
            assert there(shown, Side.SALESFORCE) == (1, 1)
            assert shown.played.parked() == 0


def test_a_duplicate_that_salesforce_names_to_nobody_is_asked_about_and_made_once() -> None:
    with street("duplicates") as shown:
        shown.acts += 1
        arrival(shown, Side.HUBSPOT, "ann")
        arrival(shown, Side.HUBSPOT, "bob")
        row = Row(f"ann{shown.acts}@example.test", said("DUPLICATES_DETECTED"), SALESFORCE_WAYS)
        assert shown.run(row) is None
        assert there(shown, Side.SALESFORCE) == (1, 1)


@pytest.mark.parametrize("words", [invalid("INVALID_EMAIL", "email"), detailed("INVALID_OPTION", "hs_other")])
def test_a_person_whom_hubspot_refuses_to_make_is_parked_and_others_are_made(words: Words) -> None:
    with street("making in hubspot") as shown:
        shown.acts += 1
        arrival(shown, Side.SALESFORCE, "ann")
        arrival(shown, Side.SALESFORCE, "bob")
        row = Row(f"ann{shown.acts}@example.test", words, HUBSPOT_WAYS)
        assert shown.run(row) is None
        assert there(shown, Side.HUBSPOT) == (0, 1)
        assert shown.played.parked() == 1
        shown.played.release()
        assert shown.played.run() is None
        assert there(shown, Side.HUBSPOT) == (1, 1)


PARTS_PASS = {
    "QUERY_TIMEOUT": 400,
    "UNABLE_TO_LOCK_ROW": 400,
    "SERVER_UNAVAILABLE": 503,
    "UNKNOWN_EXCEPTION": 500,
}


@pytest.mark.parametrize("place", ["0", "1", "2", "3"])
def test_a_part_of_a_composite_call_that_fails_in_passing_is_asked_again(place: str) -> None:
    with street("parts") as shown:
        for code, status in PARTS_PASS.items():
            shown.edited(Side.HUBSPOT)
            shown.edited(Side.SALESFORCE)
            words = {"status": status, "error": {"errorCode": code, "message": "later"}}
            assert shown.run(Row(place, words, PART_WAYS, times=1)) is None, code
            assert shown.arrived(Side.HUBSPOT) == (True, True), code
