"""A small definition, the org that a setup of it leaves behind, and a customer's layout."""

from __future__ import annotations

from dataclasses import replace

from connector.core.refs import Side
from connector.core.values import Kind
from connector.salesforce.setup.documents import read
from connector.salesforce.setup.live import Live, People
from connector.salesforce.setup.package import packed as _packed
from connector.salesforce.setup.package import unpacked
from connector.salesforce.setup.planning import Order, planned
from connector.salesforce.source.asked import Asked
from connector.wanted import Audience, Choice, Section, Wanted

VERSION = "67.0"
BRIDGE, KIM = ("005BRIDGE", "bridge@acme.example"), ("005KIM", "kim@acme.example")
LAYOUT = "Lead-Lead Layout"
THEIRS = """<?xml version='1.0' encoding="UTF-8"?>
<!-- the customer's own -->
<Layout xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <excludeButtons>Submit</excludeButtons>
    <layoutSections><customLabel>false</customLabel>
        <label>Größe &amp; "Lead" &lt;Information&gt;</label>
\t<layoutColumns><layoutItems><behavior>Required</behavior><field>LastName</field></layoutItems></layoutColumns>
        <layoutColumns/>
        <style>TwoColumnsTopToBottom</style></layoutSections>
    <layoutSections>
        <label>Links</label>
        <style>CustomLinks</style>
    </layoutSections>
    <somethingNew xsi:nil="true" told="a > b"/>
    <relatedLists><fields>TASK.SUBJECT</fields><relatedList>RelatedActivityList</relatedList></relatedLists>
</Layout>
"""


def field(obj: str, name: str, kind: Kind = Kind.TEXT, **more: object) -> Wanted:
    """A field that reps see; `options` as texts."""
    options = tuple(Choice(each, each.title()) for each in more.pop("options", ()))
    told = {"section": Section.FEEDBACK, "shown_to": frozenset({Audience.REPS}), "length": 255, **more}
    if kind is not Kind.TEXT:
        told["length"] = None
    about = ("What it is.", f"feedback.yaml:1 feedback.told.{name.lower()}.salesforce")
    return Wanted(Side.SALESFORCE, obj, name, name.removesuffix("__c"), kind, *about, options=options, **told)


ID = field("Lead", "Hub_Id__c", length=64, unique=True, external_id=True, section=Section.IDS, shown_to=frozenset())
ANSWER = field("Lead", "Answer__c", Kind.PICKLIST, options=("yes", "no"), written_by_people=True)
DUE = field("Lead", "Due__c", Kind.DATETIME, section=Section.SLA)
WANTED = (ID, ANSWER, DUE, replace(ID, object="Contact"), replace(ANSWER, object="Contact"))


def order(*wanted: Wanted, **more: object) -> Order:
    """What is asked for: these fields, for the bridge's user and one rep."""
    return Order(Asked(wanted or WANTED, (("Lead", "Email"),), **more), People(BRIDGE, dict([KIM])), "s3cret")


def bare(layout: str = THEIRS) -> Live:
    """An org that knows no bridge, with a layout."""
    return Live({("Layout", LAYOUT): read(layout.encode())}, (LAYOUT,))


def after(asked: Order, live: Live) -> Live:
    """The org once everything planned is made."""
    plan = planned(asked, live)
    made = unpacked(_packed(plan.deployed, VERSION))
    given = {tuple(act.name.split(" ")) for act in plan.assigned}
    return replace(live, components={**live.components, **made}, assigned=live.assigned | given)


def with_component(live: Live, kind: str, name: str, *edits: tuple[str, str]) -> Live:
    """The org after an admin has edited the text of one component."""
    text = live.components[kind, name].content.decode()
    for old, new in edits:
        assert old in text, (old, text)
        text = text.replace(old, new, 1)
    return replace(live, components={**live.components, (kind, name): read(text.encode())})
