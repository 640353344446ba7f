"""What the bridge itself carries over may mean something to both teams: whoever it is about is looked at once more."""

from __future__ import annotations

from tests.engine.agreeing import both, in_hubspot, in_salesforce
from tests.engine.town import Town, pair, rule


def test_the_rep_reads_at_once_what_the_bridge_has_told_marketing(agreed: Town) -> None:
    rules = (*(one for one in pair("Lead").rules if one.name != "title"), rule("form", "form", "Title"))
    agreed.remapped(pair("Lead", rules=rules), pair("Contact", rules=rules))
    contact, lead = both(agreed, life="lead", form="demo")
    agreed.hubspot.edit(contact, score="60")
    agreed.once()
    assert str(in_salesforce(agreed, lead)["Why"]).endswith("Last form: demo")
    agreed.salesforce.edit(lead, Title="price list")
    agreed.once()
    assert in_hubspot(agreed, contact)["form"] == "price list"
    assert str(in_salesforce(agreed, lead)["Why"]).endswith("Last form: price list")
    assert agreed.dirty() == 0
