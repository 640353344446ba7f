"""Tasks for reps in the org: made once, found again, and what stands in the way of one."""

from datetime import date

import pytest

from connector.core.refs import salesforce
from connector.ports import Done, Rejected, Todo
from connector.sandbox.salesforce import actions, dealings
from connector.sandbox.services import Fault
from tests.salesforce.listening import Listening
from tests.salesforce.sandbox import calls_of


@pytest.fixture
def org():
    return Listening()


def remind(org, *keys, about=None, **more):
    about = about or org.ada
    given = {
        "owner": org.org.catalogue["User"].ids[2],
        "subject": "Call",
        "body": "",
        "due": date(2026, 11, 5),
    }
    return org.crm.remind([Todo(about, **{**given, **more}, key=key) for key in keys])


def test_what_an_answer_that_was_lost_has_made_is_found_at_once(org):
    org.services.faults.add(Fault("reset", "salesforce", "POST", "composite/sobjects$", after_commit=True))
    (outcome,) = remind(org, "k")
    assert outcome.created
    assert len(org.org.catalogue["Task"].ids) == 1


def test_a_task_that_a_rep_has_closed_or_thrown_away_is_not_made_again(org):
    closed, thrown = remind(org, "a", "b")
    dealings.complete_task(org.org, closed.ref.id)
    actions.delete(org.org, thrown.ref.id)
    assert remind(org, "a", "b") == [Done(closed.ref), Done(thrown.ref)]


def test_a_subject_that_does_not_fit_is_cut_and_stands_whole_in_the_description(org):
    subject = "Call them about " + "very " * 60 + "important things"
    (outcome,) = remind(org, "k", subject=subject, body="Why.")
    held = org.held(outcome.ref)
    assert (len(held["Subject"]) <= 255, held["Subject"].endswith("…")) == (True, True)
    assert held["Description"].split("\n\n") == [subject, "Why.", "Smarketing reference: k"]
    assert remind(org, "k", subject=subject, body="Why.") == [Done(outcome.ref)]


def test_a_description_that_does_not_fit_keeps_the_reference(org):
    (outcome,) = remind(org, "k", body="x" * 40_000)
    assert len(org.held(outcome.ref)["Description"]) == 32_000
    assert remind(org, "k", body="x" * 40_000) == [Done(outcome.ref)]


def test_a_task_about_a_converted_lead_is_refused_with_where_it_went(org):
    lead = org.lead("Eve")
    (first,) = remind(org, "k", about=lead)
    became = org.convert(lead)
    (absent,) = remind(org, "k", about=lead)
    assert absent.reading.moved_to == became
    assert remind(org, "k", about=became) == [Done(first.ref)]


def test_a_task_may_be_a_queue_s_and_a_refusal_names_the_field(org):
    (queued,) = remind(org, "q", owner=org.org.catalogue["Group"].ids[0])
    assert queued.created
    (refused,) = remind(org, "r", owner=org.org.catalogue["User"].ids[6])
    assert isinstance(refused, Rejected)
    assert refused.rejections[0].code == "INACTIVE_OWNER_OR_USER"


def test_many_tasks_take_few_calls(org):
    people = [org.contact(f"P{number}") for number in range(150)]
    owner, due = org.org.catalogue["User"].ids[2], date(2026, 11, 5)
    todos = [Todo(each, owner, "Call", "", due, "k") for each in people]
    assert calls_of(org, lambda: org.crm.remind(todos)) == 3
    assert calls_of(org, lambda: org.crm.remind(todos)) == 2


def test_nothing_to_be_reminded_of_costs_nothing(org):
    assert calls_of(org, lambda: org.crm.remind([])) == 0


def test_the_task_is_due_that_day_important_and_open(org):
    (outcome,) = remind(org, "k")
    held = org.held(outcome.ref)
    told = [held[name] for name in ("WhoId", "WhatId", "ActivityDate", "Status", "Priority", "IsClosed")]
    assert told == [org.ada.id, None, "2026-11-05", "Not Started", "High", False]
    assert outcome.ref == salesforce("Task", outcome.ref.id)
