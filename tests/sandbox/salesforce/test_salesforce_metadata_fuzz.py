"""Documents mutilated at random: the org refuses them or takes them, answers always, and stays usable."""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.sandbox.salesforce.deploying import ENDED, TIER, deploy, fields, grants, retrieve, together, whole
from tests.sandbox.salesforce.test_salesforce_metadata_rules import VALUE, flow, picklist, view

WORDS = (b"", b"true", b"-1", b"99999999999", b"x" * 300, b"Lead", b"Task", b"nan", b"a.b.c", b"Checkbox", b"Picklist")
LEAF = re.compile(rb"<(\w+)>([^<]*)</\1>")
MAPPING = {
    "objectMapping": {
        "inputObject": "Lead",
        "mappingFields": {"inputField": "Budget__c", "outputField": "Budget__c"},
        "outputObject": "Contact",
    },
}


def mutilated(content: bytes, dice: Random) -> bytes:
    """One leaf says something else or is gone, or some bytes are others."""
    how, leaf = dice.random(), dice.choice(list(LEAF.finditer(content)))
    if how < 0.5:
        return content[: leaf.start(2)] + dice.choice(WORDS) + content[leaf.end(2) :]
    if how < 0.8:
        return content[: leaf.start()] + content[leaf.end() :]
    place = dice.randrange(len(content))
    return content[:place] + dice.randbytes(dice.randint(0, 4)) + content[place + dice.randint(0, 4) :]


@pytest.mark.parametrize("seed", range(4))
def test_no_document_breaks_the_org(api, org, seed) -> None:
    dice, ends = Random(seed), set()
    org.settings.sandbox_org = True
    path, name = "LeadConvertSettings/LeadConvertSettings.LeadConvertSetting", "LeadConvertSettings"
    layouts = retrieve(api, Layout=["*"])[0]
    good = together(
        fields(TIER, picklist(VALUE)), grants(Lead_Tier__c=True, Lead_Fax=False), view(), flow(), layouts,
        whole("LeadConvertSettings", path, name, MAPPING),
    )  # fmt: skip
    assert deploy(api, good)["status"] == "Succeeded"
    for _ in range(25):
        victim = dice.choice(sorted(good))
        result = deploy(api, {**good, victim: mutilated(good[victim], dice)}, rollbackOnError=dice.random() < 0.5)
        assert result["status"] in ENDED
        assert result["success"] == (result["status"] != "Failed")
        ends.add(result["status"])
    assert len(ends) > 1
    assert len(retrieve(api, CustomObject=["*"], Layout=["*"], PermissionSet=["*"], Flow=["*"])[0]) > 5
    assert api.read("Lead", api.lead())["LastName"] == "Doe"
    for each in api.call("GET", "sobjects/Lead/listviews")[1]["listviews"]:
        assert api.raw("GET", f"sobjects/Lead/listviews/{each['id']}/results").status in {200, 400}
