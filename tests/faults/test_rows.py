"""One row of many is refused, in every documented way: it waits for a person or is sent again; its neighbours go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side
from connector.errors import BridgeError, Transient
from tests.faults.rows import HUBSPOT_WAYS, PART_WAYS, SALESFORCE_WAYS, Row, Words
from tests.faults.scenes import Pair, Scene
from tests.faults.trial import Trial, trial

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
        assert [(each.kind, each.code) for each in found] == [(IssueKind.PARKED, code)]
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
    with street("salesforce rows", **settings) as shown:
        for words in SALESFORCE_REFUSES:
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
