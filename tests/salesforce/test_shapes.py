import pytest

from connector.core.values import Kind
from connector.ports import Option
from connector.salesforce.shapes import Shapes, shape_of
from tests.salesforce.wire import Wire, api_over


def field(**changes):
    plain = {
        "name": "Status",
        "label": "Lead Status",
        "type": "picklist",
        "length": 255,
        "createable": True,
        "updateable": True,
        "nillable": False,
        "defaultedOnCreate": False,
        "calculated": False,
        "autoNumber": False,
        "externalId": False,
        "unique": False,
        "restrictedPicklist": True,
        "picklistValues": [{"active": False, "label": "Open", "value": "open"}],
        "referenceTo": [],
    }
    entry = plain | changes
    return shape_of({"name": "Lead", "fields": [entry]}).schema.fields[entry["name"]]


def test_a_described_field_is_told_whole():
    told = field()
    assert (told.name, told.label, told.type, told.length) == ("Status", "Lead Status", "picklist", 255)
    assert told.options == (Option("open", "Open", active=False),)
    assert (told.restricted, told.required, told.creatable, told.updatable) == (True, True, True, True)
    assert told.kinds == {Kind.PICKLIST, Kind.TEXT}


NUMBERS = [
    ({"type": "currency", "precision": 18, "scale": 0, "digits": 0}, (0, 18)),
    ({"type": "double", "precision": 16, "scale": 2, "digits": 0}, (2, 16)),
    ({"type": "percent", "precision": 3, "scale": 0}, (0, 3)),
    ({"type": "int", "precision": 0, "scale": 0, "digits": 8}, (0, 8)),  # a whole number tells its digits elsewhere
    ({"type": "double"}, (None, None)),
    ({"type": "string", "precision": 0, "scale": 0, "digits": 0}, (None, None)),
]


@pytest.mark.parametrize(("changes", "room"), NUMBERS)
def test_a_number_tells_the_decimals_and_digits_it_keeps(changes, room):
    told = field(**changes)
    assert (told.scale, told.precision) == room


@pytest.mark.parametrize(
    "changes",
    [
        {"nillable": True},
        {"defaultedOnCreate": True},
        {"type": "boolean"},
        {"createable": False},
    ],
)
def test_a_field_is_required_only_when_nothing_else_fills_it(changes):
    assert field(**changes).required is False


@pytest.mark.parametrize("changes", [{"type": "address"}, {"calculated": True}, {"autoNumber": True}])
def test_compound_calculated_and_numbered_fields_are_never_written(changes):
    told = field(**changes)
    assert (told.creatable, told.updatable, told.required) == (False, False, False)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"type": "double"}, {Kind.NUMBER, Kind.MONEY}),
        ({"type": "currency"}, {Kind.NUMBER, Kind.MONEY}),
        ({"type": "datetime"}, {Kind.DATETIME}),
        ({"type": "multipicklist"}, {Kind.MULTIPICKLIST}),
        ({"type": "reference", "referenceTo": ["Group", "User"]}, {Kind.OWNER, Kind.REFERENCE, Kind.TEXT}),
        ({"type": "reference", "referenceTo": ["Account"]}, {Kind.REFERENCE, Kind.TEXT}),
        ({"type": "string"}, set(Kind)),
        ({"type": "address"}, set()),
        ({"type": "something new"}, set()),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",  # a set has no order of its own
)
def test_the_type_tells_which_kinds_a_field_can_carry(changes, kinds):
    assert field(**changes).kinds == kinds


def test_a_shape_taken_from_an_earlier_schema_costs_no_call_and_is_dropped_when_the_org_contradicts():
    entry = {"name": "Budget__c", "type": "double", "createable": True, "updateable": True}
    locked = {**entry, "updateable": False}
    wire = Wire(lambda _: (200, {"name": "Lead", "fields": [locked]}))
    shapes = Shapes(api_over(wire))
    earlier = shape_of({"name": "Lead", "fields": [entry]})
    shapes.prime({"Lead": earlier.schema})
    primed = shapes.shape("Lead")
    assert (primed.types, primed.creatable, primed.updatable) == (
        {"Budget__c": "double"},
        {"Budget__c"},
        {"Budget__c"},
    )
    assert primed.renders == earlier.renders
    assert wire.requests == []
    shapes.forget("Lead")
    assert shapes.shape("Lead").updatable == frozenset()
    assert len(wire.requests) == 1
