"""Questions about a person's situation: what they see, what they answer, how their faults read, and what they cost."""

from __future__ import annotations

import timeit
from datetime import UTC, datetime

import pytest

from connector.config.questions import question
from connector.core.journey import Answered, Channel, Dealt, Touched, Verdict
from connector.core.refs import Side
from connector.core.situation import Question, Situation
from connector.core.values import Kind

KINDS = {
    Side.HUBSPOT: {"hubspotscore": Kind.NUMBER, "email": Kind.EMAIL, "industry": Kind.TEXT},
    Side.SALESFORCE: {"Status": Kind.PICKLIST},
}
SCALES = {
    "stage": ("lead", "mql"),
    "band": ("tofu", "mofu"),
    "persona": ("it_lead", "owner"),
    "answer.verdict": tuple(Verdict),
    "touch.channel": tuple(Channel),
}
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def asked(source: str) -> Question:
    found = question(source, KINDS, SCALES)
    assert isinstance(found, Question), found
    return found


def situation(**said: object) -> Situation:
    here = Situation(fields={Side.HUBSPOT: {"hubspotscore": "60", "email": "a@x.test"}}, stage="mql", band="mofu")
    for word, value in said.items():
        setattr(here, word, value)
    return here


@pytest.mark.parametrize(
    ("source", "said", "answer"),
    [
        ("true", {}, True),
        ("hubspot.hubspotscore >= 50", {}, True),
        ("hubspot.hubspotscore >= 61", {}, False),
        ("hubspot.hubspotscore >= 50", {"fields": {}}, False),
        ("hubspot.industry == null", {}, True),
        ("salesforce.Status == 'Open'", {}, False),
        ("salesforce.Status == 'Open'", {"fields": {Side.SALESFORCE: {"Status": "Open"}}}, True),
        ("in_hubspot && !in_salesforce", {}, True),
        ("in_hubspot && !in_salesforce", {"fields": {}}, False),
        ("stage == 'mql' && band == 'mofu'", {}, True),
        ("stage in ['lead', 'mql']", {"stage": "lead"}, True),
        ("stage == null", {"stage": ""}, True),
        ("persona == null && owner == null", {}, True),
        ("persona == 'it_lead'", {"persona": "it_lead"}, True),
        ("loops < 2", {"loops": 1}, True),
        ("loops < 2", {"loops": 2}, False),
        ("handed", {}, False),
        ("handed", {"handed_at": AT}, True),
        ("touch.outbound && touch.human", {}, False),
        ("touch.outbound && touch.human", {"touch": Touched(Channel.CALL, outbound=True, human=True)}, True),
        ("touch.outbound && touch.human", {"touch": Touched(Channel.EMAIL, outbound=True, human=False)}, False),
        ("touch.channel in ['call', 'meeting']", {"touch": Touched(Channel.CALL, outbound=False, human=True)}, True),
        ("touch == null && answer == null && deal == null", {}, True),
        ("answer != null", {"answer": Answered(Verdict.ACCEPT)}, True),
        (
            "answer.verdict == 'recycle' && answer.reason == 'timing'",
            {"answer": Answered(Verdict.RECYCLE, "timing")},
            True,
        ),
        (
            "deal.won && deal.amount > 1000",
            {"deal": Dealt("1", "closedwon", closed=True, won=True, amount="1500")},
            True,
        ),
        ("deal.won && deal.amount > 1000", {"deal": Dealt("1", "closedwon", closed=True, won=True)}, False),
        ("!deal.closed", {"deal": Dealt("1", "new", closed=False, won=False)}, True),
        ("!deal.closed", {}, False),
    ],
)
def test_a_question_answers_for_the_situation(source, said, answer):
    found = asked(source)
    assert found.holds(situation(**said)) is answer
    assert found.holds(situation(**said)) is answer  # remembered answers are the same


def test_answers_kept_for_one_situation_are_not_given_for_another():
    found = asked("in_salesforce || salesforce.Status == 'Open' || handed || loops > 1 || touch.human")
    human = Touched(Channel.CALL, outbound=True, human=True)
    for said in ({}, {"fields": {Side.SALESFORCE: {}}}, {"handed_at": AT}, {"loops": 2}, {"touch": human}):
        assert found.holds(situation(**said)) is bool(said), said


def test_a_question_says_what_it_reads_and_whether_it_is_about_a_moment():
    found = asked("hubspot.hubspotscore > 3 &&\n  salesforce.Status != null && stage == 'mql'")
    assert found.fields == {Side.HUBSPOT: {"hubspotscore": Kind.NUMBER}, Side.SALESFORCE: {"Status": Kind.PICKLIST}}
    assert found.text == "hubspot.hubspotscore > 3 && salesforce.Status != null && stage == 'mql'"
    assert not found.momentary
    assert asked("touch.human && hubspot.email == 'deal.won'").momentary
    assert not asked("hubspot.email == 'deal.won'").momentary


@pytest.mark.parametrize(
    ("source", "line", "character", "message"),
    [
        ("hubspot.score > 1", 1, 9, "no rule maps 'hubspot.score' and also_read does not list it"),
        ("hubspot.hubspotscor > 1", 1, 9, "also_read does not list it; did you mean 'hubspotscore'?"),
        ("stge == 'mql'", 1, 1, "'stge' is unknown; fields are hubspot.NAME or salesforce.NAME; did you mean 'stage'?"),
        ("stage == 'mlq'", 1, 10, "stage is never 'mlq'; did you mean 'mql'?"),
        ("true && stage in ['lead',\n  'lost']", 2, 3, "stage is never 'lost'; there are lead, mql"),
        ("touch.outbond", 1, 7, "'touch' has no 'outbond'; did you mean 'outbound'?"),
        ("touch", 1, 1, "'touch' alone is no value; write touch.channel, or touch != null for there being one"),
        ("answer.verdict == 'accepted'", 1, 19, "answer.verdict is never 'accepted'; did you mean 'accept'?"),
        ("loops > 'x'", 1, 1, "compares or combines different kinds of value; convert one with double(x) or string(x)"),
        ("loops + 1", 1, 1, "does not ask a question; its answer must be true or false"),
        ("stage = 'mql'", 1, 7, "'=' compares nothing; write '==' for equal"),
    ],
)
def test_faults_say_where_and_what_would_be_right(source, line, character, message):
    found = question(source, KINDS, SCALES)
    assert isinstance(found, list), found
    assert (found[0].line, found[0].character) == (line, character)
    assert message in found[0].message


def test_without_scales_any_value_may_be_asked_for():
    assert isinstance(question("stage == 'whatever'", KINDS), Question)


def test_a_remembered_answer_costs_less_than_a_few_microseconds():
    found = asked("stage == 'mql' && hubspot.hubspotscore >= 50 && touch.human")
    here = situation(touch=Touched(Channel.CALL, outbound=True, human=True))
    best = min(timeit.repeat(lambda: found.holds(here), number=2000, repeat=5)) / 2000
    assert best < 5e-6  # CEL itself takes more than that with so many words
