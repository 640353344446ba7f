"""What is wrong in lifecycle, personas or feedback is told by file, line and key, with what would be right."""

from __future__ import annotations

import pytest

from connector.config.definition import definition_of
from tests.config.conftest import Folder
from tests.config.definitions import SMALL

PERSONAS = """\
personas:
  fields: {hubspot: persona, salesforce: Persona__c}
  rules:
    boss: {name: Boss, when: hubspot.email != null}
"""
FEEDBACK = """\
feedback:
  answer: {verdict: {salesforce: Answer__c}}
  verdicts:
    accept: {leads_to: mql}
  reasons:
    timing: {label: Timing, verdicts: accept, class: recycle, re_enter: lead}
"""


def problems(folder: Folder, lifecycle: str = SMALL, personas: str = PERSONAS, feedback: str = FEEDBACK) -> list[str]:
    for name, text in (("lifecycle", lifecycle), ("personas", personas), ("feedback", feedback)):
        folder.write(f"mappings/{name}.yaml", text)
    return folder.problems(lambda: definition_of(folder.load()))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("band: mofu", "band: middle", "yaml:14 lifecycle.stages.mql.band: 'middle' is not one of"),
        ("team: marketing", "taem: marketing", "lifecycle.stages.lead.taem: is not known here; did you mean 'team'?"),
        (
            "from: lead, to",
            "from: laed, to",
            "yaml:19 lifecycle.moves[0].from: there is no stage 'laed'; did you mean 'lead'?",
        ),
        ("kind: forward", "kind: forwards", "lifecycle.moves[0].kind: 'forwards' is not one of"),
        (", by: [marketing, automatic]", "", "lifecycle.moves[0].by: is missing: who may move people so?"),
        (
            "kind: forward",
            "kind: never",
            "lifecycle.moves[0].by: means nothing in a way that is closed (kind: never); remove it",
        ),
        (
            "[marketing, automatic]",
            "marketign",
            "lifecycle.moves[0].by: 'marketign' is not one of marketing, sales, automatic; did",
        ),
        ("  moves:", "  first: [laed]\n  moves:", "lifecycle.first: there is no stage 'laed'; did you mean 'lead'?"),
        ("  moves:", "  converted: sql\n  moves:", "lifecycle.converted: there is no stage 'sql'; did you mean 'mql'?"),
        (
            "mapping: people",
            "mapping: peopel",
            "yaml:2 lifecycle.mapping: there is no mapping 'peopel'; did you mean 'people'?",
        ),
        (
            "{lifecyclestage: mql}",
            "{lifecyclestage: mql}\n      criteria: hubspot.emial != null",
            "yaml:17 lifecycle.stages.mql.criteria: 'hubspot.emial != null' at character 9: no rule maps",
        ),
        (
            "{lifecyclestage: mql}",
            "{lifecyclestage: mql}\n      deal: stage == 'mlq'",
            "lifecycle.stages.mql.deal: \"stage == 'mlq'\" at character 10: stage is never 'mlq'; did you mean 'mql'?",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, rules: {all: {pool: inbuond}}, pools: {inbound: {owners: a@x.test}}}\n  moves:",
            "lifecycle.handoff.rules.all.pool: there is no pool 'inbuond'; did you mean 'inbound'?",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, rules: {all: {when: true}}}\n  moves:",
            "lifecycle.handoff.rules.all.pool: is missing; name a pool, or say keep: true to leave",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, rules: {all: {when: touch.human, keep: true}}}\n  moves:",
            "lifecycle.handoff.rules.all.when: asks about a touch, an answer or a deal, but is asked when",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, task: 'Call {nmae}'}\n  moves:",
            "lifecycle.handoff.task: {nmae} is not known here; only {name}, the person's name, is filled in",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, pools: {all: {owners: a@x.test, zone: Berlin}}}\n  moves:",
            "lifecycle.handoff.pools.all.zone: 'Berlin' is no time zone; write one like Europe/Berlin",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, why: [{say: Score}]}\n  moves:",
            "lifecycle.handoff.why[0]: needs either `when` (told if that holds) or `field` (told with its value)",
        ),
        (
            "  moves:",
            "  handoff: {stages: mql, why: [{say: Score, field: hubspot.score}]}\n  moves:",
            "lifecycle.handoff.why[0].field: 'hubspot.score != null' at character 9: no rule maps 'hubspot.score'",
        ),
    ],
)
def test_a_mistake_in_lifecycle_yaml_is_told(folder, right, wrong, told):
    assert right in SMALL
    found = problems(folder, lifecycle=SMALL.replace(right, wrong, 1))
    assert any(told in line and line.startswith("mappings/lifecycle.yaml:") for line in found), found


def test_two_rows_that_decide_one_way_are_told_and_a_named_one_counts_before_any(folder):
    twice = SMALL + "    - {from: lead, to: mql, kind: backward, by: sales}\n"
    assert problems(folder, lifecycle=twice) == [
        "mappings/lifecycle.yaml:20 lifecycle.moves[1]: decides lead to mql a second time (first in row 1)"
    ]
    folder.write("mappings/lifecycle.yaml", SMALL + "    - {from: any, to: any, kind: never}\n")
    moves = definition_of(folder.load()).lifecycle.moves
    assert set(moves) == {("lead", "mql")}


def test_mistakes_in_personas_and_feedback_are_told_together(folder):
    found = problems(
        folder,
        personas=PERSONAS.replace("hubspot.email != null", "touch.human") + "  values: {hubspot: {bos: x}}\n",
        feedback=FEEDBACK,
    )
    assert found == [
        "mappings/personas.yaml:5 personas.values.hubspot.bos: there is no persona 'bos'; did you mean 'boss'?"
    ]
    found = problems(
        folder,
        personas=PERSONAS.replace("hubspot.email != null", "touch.human"),
        feedback=FEEDBACK.replace("leads_to: mql", "leads_to: sal").replace("re_enter: lead", "re_enter: laed"),
    )
    assert [line.partition(": ")[0] for line in found] == [
        "mappings/feedback.yaml:4 feedback.verdicts.accept.leads_to",
        "mappings/feedback.yaml:6 feedback.reasons.timing.re_enter",
        "mappings/personas.yaml:4 personas.rules.boss.when",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("verdicts: accept", "verdicts: [acept]", "feedback.reasons.timing.verdicts[0]: 'acept' is not one of"),
        (
            "verdicts: accept",
            "verdicts: reject",
            "feedback.reasons.timing.verdicts: 'reject' is none of the verdicts above",
        ),
        ("class: recycle", "class: later", "feedback.reasons.timing.class: 'later' is not one of"),
        (
            "re_enter: lead",
            "details: [a, a]",
            "feedback.reasons.timing: 'timing_a' already stands for 'timing' in HubSpot",
        ),
        (
            "accept: {leads_to: mql}",
            "accept: {leads_to: mql}\n    reject: {leads_to: lead, salesforce: ACCEPT}",
            "'ACCEPT' already stands for 'accept' in Salesforce",
        ),
    ],
)
def test_a_mistake_in_feedback_yaml_is_told(folder, right, wrong, told):
    assert right in FEEDBACK
    found = problems(folder, feedback=FEEDBACK.replace(right, wrong, 1))
    assert any(told in line for line in found), found


def test_a_date_that_a_mapping_reads_as_text_is_told(folder):
    mapping = (folder.path / "mappings" / "people.yaml").read_text()
    folder.write("mappings/people.yaml", mapping + "  back: {hubspot: back_on, salesforce: Back_On__c}\n")
    answer = "answer: {verdict: {salesforce: Answer__c}, revisit: {salesforce: Back_On__c}}"
    found = problems(folder, feedback=FEEDBACK.replace("answer: {verdict: {salesforce: Answer__c}}", answer))
    message = "holds a date, but mapping or also_read read salesforce.Back_On__c as text"
    assert found == [f"mappings/feedback.yaml:2 feedback.answer.revisit.salesforce: {message}"]


def test_a_second_file_of_one_kind_is_refused(folder):
    folder.write("mappings/a.yaml", SMALL)
    folder.write("mappings/b.yaml", SMALL)
    assert folder.problems(folder.load) == [
        "mappings/b.yaml:1 lifecycle: stands in mappings/a.yaml already; keep one of the two"
    ]


def test_a_mapping_that_is_off_cannot_carry_a_lifecycle(folder):
    folder.write("mappings/people.yaml", "enabled: false\n" + (folder.path / "mappings" / "people.yaml").read_text())
    folder.write("mappings/lifecycle.yaml", SMALL)
    message = "the mapping 'people' is off; switch it on, or the lifecycle off (enabled: false)"
    found = folder.problems(lambda: definition_of(folder.load()))
    assert found == [f"mappings/lifecycle.yaml:2 lifecycle.mapping: {message}"]
