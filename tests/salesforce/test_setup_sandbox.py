"""The setup of an org of the sandbox in this process: activities, widening, and bytes that must not move."""

from __future__ import annotations

import pytest

from connector.core.values import Kind
from connector.salesforce.setup.planning import Order, planned
from connector.salesforce.source.asked import Asked
from connector.sandbox.salesforce import actions, administration, customizing
from tests.salesforce.sandbox import Scene
from tests.salesforce.setting_up import ANSWER, WANTED, field

KIM = "kim.sales@example.test"
BOTH = tuple(field(obj, "Call_Kind__c", Kind.PICKLIST, options=("short", "long")) for obj in ("Task", "Event"))


@pytest.fixture
def scene() -> Scene:
    """An org without a field of anybody's."""
    made = Scene()
    customizing.remove_custom_fields(made.org)
    return made


def asked(scene: Scene, *wanted) -> Order:
    return Order(Asked(wanted), scene.crm.setup().people([KIM]))


def seen(scene: Scene, obj: str) -> dict[str, bool]:
    """What a rep is shown in their own session: custom fields, and whether they may edit each."""
    token = administration.open_session(scene.org, KIM)["token"]
    api = scene.crm.api.borrowing(token)
    told = api._session.get(
        f"{api.login.token().instance_url}{api.root}sobjects/{obj}/describe",
        headers={"Authorization": f"Bearer {token}"},
    )
    return {each["name"]: each["updateable"] for each in told.json()["fields"] if each["custom"]}


def test_a_field_of_activities_is_made_once_and_granted_on_tasks_and_events(scene: Scene):
    setup, order = scene.crm.setup(), asked(scene, *WANTED, *BOTH)
    assert setup.apply(order) == {}
    assert setup.plan(order).acts == ()
    assert (seen(scene, "Task"), seen(scene, "Event")) == ({"Call_Kind__c": False}, {"Call_Kind__c": False})


def test_options_that_are_added_later_come_after_those_an_admin_has(scene: Scene):
    setup = scene.crm.setup()
    setup.apply(asked(scene, ANSWER))
    actions.set_picklist(scene.org, "Lead", "Answer__c", ["yes", "no", "ours"])
    wider = field("Lead", "Answer__c", Kind.PICKLIST, options=("yes", "no", "later"))
    order = asked(scene, wider)
    [act] = setup.plan(order).acts
    assert act.words == "Lead.Answer__c offers 'later' too"
    assert setup.apply(order) == {}
    assert setup.plan(order).acts == ()
    choices = scene.org.catalogue["Lead"].kind.fields["Answer__c"].choices
    assert [each.value for each in choices] == ["yes", "no", "ours", "later"]


def test_every_layout_is_the_bytes_it_was_around_what_was_put_into_it(scene: Scene):
    setup, order = scene.crm.setup(), asked(scene, *WANTED)
    before = setup._live(order)
    made = {act.name: act.text for act in planned(order, before).acts if act.type == "Layout"}
    assert sorted(made) == ["Contact-Contact Layout", "Lead-Lead Layout", "Lead-Partner Lead Layout"]
    for name, text in made.items():
        was = before.components["Layout", name].content
        at = was.index(b"</layoutSections>") + len(b"</layoutSections>")
        assert text.startswith(was[:at])
        assert text.endswith(was[at:])
        assert text[at : -len(was[at:])].count(b"<label>") in (1, 2)
