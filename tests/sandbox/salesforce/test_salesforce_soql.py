"""SOQL: what it finds, in which order and in how many pages, and how it points at mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.salesforce import Org, actions
from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.soql_compile import Compiler
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_run import run
from connector.sandbox.services import Services

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
PEOPLE = (
    {"LastName": "Ash", "Company": "A", "Email": "Ash@x.example", "HubSpot_Score__c": 10, "Interests__c": "CRM;Sales"},
    {
        "LastName": "Birch",
        "Company": "B",
        "Email": "birch@x.example",
        "HubSpot_Score__c": 20,
        "Birthday__c": "2026-11-01",
    },
    {"LastName": "Cedar", "Company": "C%", "Newsletter__c": True, "HubSpot_Score__c": 30, "Interests__c": "CRM"},
    {"LastName": "Dog'wood", "Company": "D", "Title": "Boss", "Birthday__c": "2026-11-02"},
)


@pytest.fixture
def people(org: Org) -> list[str]:
    return org.load("Lead", PEOPLE)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("LastName = 'ASH'", "A"),
        ("lastname != 'Ash'", "BCD"),
        ("Title != 'Boss'", "ABC"),
        ("Title = null", "ABC"),
        ("Title <> NULL", "D"),
        ("HubSpot_Score__c > 10 AND HubSpot_Score__c <= 30", "BC"),
        ("HubSpot_Score__c < 15", "A"),
        ("LastName LIKE '%r%'", "BC"),
        ("LastName LIKE '_sh'", "A"),
        ("Company LIKE '%\\%'", "C"),
        ("Company LIKE '\\_'", ""),
        ("NOT LastName LIKE 'a%'", "BCD"),
        ("LastName = 'Dog\\'wood'", "D"),
        ("LastName IN ('ash', 'CEDAR')", "AC"),
        ("LastName NOT IN ('Ash', 'Cedar')", "BD"),
        ("Email NOT IN ('ash@x.example')", "BCD"),
        ("Newsletter__c = TRUE", "C"),
        ("(LastName = 'Ash' OR LastName = 'Birch') AND HubSpot_Score__c = 20", "B"),
        ("NOT (LastName = 'Ash' OR LastName = 'Birch')", "CD"),
        ("Interests__c INCLUDES ('Sales')", "A"),
        ("Interests__c INCLUDES ('CRM;Sales', 'Events')", "A"),
        ("Interests__c EXCLUDES ('Sales')", "BCD"),
        ("Birthday__c = TODAY", "D"),
        ("Birthday__c < TODAY", "B"),
        ("Birthday__c = LAST_N_DAYS:1", "BD"),
        ("SystemModstamp = TODAY", "ABCD"),
        ("SystemModstamp < TODAY", ""),
        ("SystemModstamp >= 2026-11-02T08:15:30Z", "ABCD"),
        ("SystemModstamp > 2026-11-02T10:15:30+02:00", ""),
        ("Owner.Name = 'ada admin'", "ABCD"),
        ("Owner.IsActive = false", ""),
        ("Email = 'ASH@X.example'", "A"),
        ("Lead.LastName = 'Ash'", "A"),
    ],
)
def test_a_condition_finds(api, people, where, found) -> None:
    names = api.values(f"select Id, LastName from Lead where {where}", "LastName")
    assert "".join(name[0] for name in names) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("LastName DESC", "DCBA"),
        ("HubSpot_Score__c", "DABC"),
        ("HubSpot_Score__c NULLS LAST", "ABCD"),
        ("HubSpot_Score__c DESC NULLS LAST", "CBAD"),
        ("Newsletter__c DESC, LastName DESC", "CDBA"),
        ("SystemModstamp DESC, Id DESC", "DCBA"),
        ("Owner.Name, LastName", "ABCD"),
    ],
)
def test_an_order_is_kept(api, people, order, found) -> None:
    names = api.values(f"SELECT LastName FROM Lead ORDER BY {order}", "LastName")
    assert "".join(name[0] for name in names) == found


def test_limit_and_offset_cut_the_result_and_its_count(api, people) -> None:
    page = api.query("SELECT LastName FROM Lead ORDER BY LastName LIMIT 2 OFFSET 1")
    assert (page["totalSize"], [record["LastName"] for record in page["records"]]) == (2, ["Birch", "Cedar"])


def test_counting_returns_no_records(api, people) -> None:
    assert api.query("SELECT count() FROM lead WHERE Company LIKE 'C\\%'") == {
        "totalSize": 1,
        "done": True,
        "records": [],
    }


def test_records_spell_names_canonically_nest_parents_and_gather_addresses(api, org) -> None:
    org.load("Lead", [{"LastName": "A", "Company": "B", "City": "Bonn"}])
    (record,) = api.query("select lastNAME, owner.name, Owner.Id, ADDRESS, MasterRecord.Name from LEAD")["records"]
    assert list(record) == ["attributes", "LastName", "Owner", "Address", "MasterRecord"]
    assert record["Owner"]["attributes"]["type"] == "User"
    assert (record["Owner"]["Name"], record["Owner"]["Id"]) == ("Ada Admin", org.admin_user)
    assert record["Address"] == {"street": None, "city": "Bonn", "state": None, "postalCode": None, "country": None}
    assert record["MasterRecord"] is None


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        ("SELECT Foo FROM Lead", "INVALID_FIELD", "ERROR at Row:1:Column:8\nNo such column 'Foo' on entity 'Lead'"),
        ("SELECT Id FROM Lead WHERE Foo = 1", "INVALID_FIELD", "No such column 'Foo' on entity 'Lead'"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Dragon", "INVALID_TYPE", "sObject type 'Dragon' is not supported."),
        ("SELECT Id FROM Lead WHERE Email IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id Lead", "MALFORMED_QUERY", "unexpected token: 'Lead'"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        (
            "SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01'",
            "INVALID_FIELD",
            "should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Lead WHERE LastName = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_a_wrong_query_is_refused_with_salesforces_words(api, soql, code, text) -> None:
    refused, message = api.refusal(soql)
    assert refused == code
    assert text in message


def test_fields_spells_out_what_the_user_sees(api, org, people) -> None:
    actions.set_field_permission(org, "Lead", "HubSpot_Persona__c", "none")
    record = api.query("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 1")["records"][0]
    assert "HubSpot_Score__c" in record
    assert not {"HubSpot_Persona__c", "LastName"} & set(record)


def test_pages_follow_by_locator_until_done(api, org) -> None:
    ids = org.load("Lead", ({"LastName": f"L{number}", "Company": "C"} for number in range(450)))
    header = {"sforce-query-options": "batchSize=200"}
    page = api.query("SELECT Id FROM Lead", **header)
    found = [record["Id"] for record in page["records"]]
    assert (page["totalSize"], page["done"], len(found)) == (450, False, 200)
    org.load("Lead", [{"LastName": "Late", "Company": "C"}])
    while not page["done"]:
        status, page = api.call("GET", page["nextRecordsUrl"].partition("v67.0/")[2], **header)
        assert status == 200
        found += [record["Id"] for record in page["records"]]
    assert found == ids


def test_pages_may_be_short_without_anything_being_lost(api, org) -> None:
    org.settings.short_pages = True
    ids = org.load("Lead", ({"LastName": f"L{number}", "Company": "C"} for number in range(5000)))
    page = api.query("SELECT Id FROM Lead")
    found, pages = [record["Id"] for record in page["records"]], 1
    while not page["done"]:
        page = api.call("GET", page["nextRecordsUrl"].partition("v67.0/")[2])[1]
        found += [record["Id"] for record in page["records"]]
        pages += 1
    assert found == ids
    assert pages > 2


def test_a_locator_dies_after_two_days(api, org) -> None:
    org.load("Lead", ({"LastName": f"L{number}", "Company": "C"} for number in range(2001)))
    page = api.query("SELECT Id FROM Lead")
    org.services.clock.advance(172_801)
    api.token = api.login()
    status, errors = api.call("GET", page["nextRecordsUrl"].partition("v67.0/")[2])
    assert (status, errors[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_deleted_rows_are_seen_by_query_all_only(api, org, people) -> None:
    actions.delete(org, id=people[0])
    assert len(api.values("SELECT Id FROM Lead", "Id")) == 3
    gone = api.query("SELECT Id FROM Lead WHERE IsDeleted = true", "queryAll")["records"]
    assert [record["Id"] for record in gone] == [people[0]]


def test_meta_rows_say_what_picklist_values_mean(api) -> None:
    assert api.values("SELECT ApiName FROM LeadStatus WHERE IsConverted = true", "ApiName") == ["Closed - Converted"]
    stages = api.query("SELECT ApiName, DefaultProbability FROM OpportunityStage WHERE IsWon = true")["records"]
    assert [(stage["ApiName"], stage["DefaultProbability"]) for stage in stages] == [("Closed Won", 100.0)]
    queues = api.query("SELECT QueueId, Queue.DeveloperName FROM QueueSobject WHERE SobjectType = 'Lead'")["records"]
    assert queues[0]["Queue"]["DeveloperName"] == "New_Leads"
    assert api.query("SELECT Id, OrganizationType FROM Organization")["records"][0]["Id"] == api.org.id
    assert api.query("SELECT Id FROM RecordType")["totalSize"] == 0


_STAMPS = [START - timedelta(seconds=seconds) for seconds in range(6)]
_STAMP = st.sampled_from(_STAMPS).map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
_ATOMS = st.one_of(
    st.builds("SystemModstamp {} {}".format, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _STAMP),
    st.builds("Email = '{}@x.example'".format, st.integers(0, 4)),
    st.builds("Email IN ('{}@x.example', '{}@X.example')".format, st.integers(0, 4), st.integers(0, 4)),
    st.builds("LastName < 'L{}'".format, st.integers(0, 9)),
    st.builds(
        "Id {} '00Q5f000000000{}'".format,
        st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
        st.sampled_from("159AFKabc"),
    ),
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: "(" + " AND ".join(terms) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: "(" + " OR ".join(terms) + ")"),
        inner.map("(NOT {})".format),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def crowd() -> Org:
    services = Services.of(3, lambda: START)
    services.clock.freeze(START)
    made = Org(services)
    stamps = [moment.isoformat() for moment in _STAMPS]
    made.load(
        "Lead",
        (
            {
                "LastName": f"L{number % 10}",
                "Company": "C",
                "Email": f"{number % 5}@x.example",
                "SystemModstamp": stamps[number % 6],
            }
            for number in range(40)
        ),
    )
    return made


@settings(max_examples=120, deadline=None)
@given(
    where=_CONDITIONS,
    order=st.sampled_from(["ORDER BY Id", "ORDER BY SystemModstamp, Id", "ORDER BY SystemModstamp DESC, Id DESC"]),
    limit=st.integers(1, 50),
)
def test_indexes_find_exactly_what_a_scan_finds_in_the_same_order(
    crowd: Org, where: str, order: str, limit: int
) -> None:
    """A plan that is too narrow would lose rows in silence; this compares every plan with brute force."""
    scope = Scope(crowd.catalogue, crowd.access, crowd.admin_user, START)
    table = crowd.catalogue["Lead"]
    test = Compiler(scope, table.kind).predicate(parse(f"SELECT Id FROM Lead WHERE {where}").where)
    slow = [row for row in table.rows.values() if test(row)]
    stamp = table.kind.slot("SystemModstamp")
    if "SystemModstamp" in order:
        slow.sort(key=lambda row: (row[stamp], row[0]), reverse="DESC" in order)
    fast = run(f"SELECT Id FROM Lead WHERE {where} {order} LIMIT {limit}", scope, "67.0").rows
    assert [row[0] for row in fast] == [row[0] for row in slow[:limit]]


@settings(max_examples=60, deadline=None)
@given(where=_CONDITIONS)
def test_without_an_order_the_same_rows_are_found(crowd: Org, where: str) -> None:
    scope = Scope(crowd.catalogue, crowd.access, crowd.admin_user, START)
    table = crowd.catalogue["Lead"]
    test = Compiler(scope, table.kind).predicate(parse(f"SELECT Id FROM Lead WHERE {where}").where)
    slow = [row[0] for row in table.rows.values() if test(row)]
    assert sorted(row[0] for row in run(f"SELECT Id FROM Lead WHERE {where}", scope, "67.0").rows) == slow
