"""What rows of activities and deals say, decided without asking anybody."""

from datetime import UTC, datetime

import pytest

from connector.core.journey import Channel, Touched
from connector.core.refs import salesforce
from connector.errors import Transient
from connector.salesforce.activities import of_deal, of_event, of_task

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
AT = "2026-11-02T08:15:30.000+0000"
LEAD, CONTACT = "00Q5f0000000001EAA", "0035f0000000001AAA"
KIM, OURS, QUEUE = "0055f0000000003AAA", "0055f0000000001AAA", "00G5f0000000001EAA"
ROW = {
    "Id": "00T5f0000000001EAA",
    "WhoId": LEAD,
    "OwnerId": KIM,
    "CreatedById": KIM,
    "LastModifiedById": KIM,
    "CreatedDate": "2026-11-01T08:00:00.000+0000",
    "SystemModstamp": "2026-11-02T08:20:00.000+0000",
    "CompletedDateTime": AT,
    "StartDateTime": AT,
}


def task(**values):
    return of_task({**ROW, **values}, OURS, NOW)


@pytest.mark.parametrize(
    ("values", "channel", "outbound"),
    [
        ({"TaskSubtype": "Call"}, Channel.CALL, True),
        ({"TaskSubtype": "Call", "CallType": "Outbound"}, Channel.CALL, True),
        ({"TaskSubtype": "Call", "CallType": "Inbound"}, Channel.CALL, False),
        ({"TaskSubtype": "Call", "CallType": "Internal"}, Channel.CALL, False),
        ({"TaskSubtype": "Email"}, Channel.EMAIL, True),
        ({"TaskSubtype": "ListEmail"}, Channel.EMAIL, True),
        ({"TaskSubtype": "LinkedIn"}, Channel.MESSAGE, True),
        ({"TaskSubtype": "Cadence", "Type": "Call"}, Channel.CALL, True),
        ({"TaskSubtype": "Task", "Type": "Email"}, Channel.EMAIL, True),
        ({"TaskSubtype": "Task", "Type": "Meeting"}, Channel.MEETING, True),
        ({"TaskSubtype": "Task", "CallType": "Outbound"}, Channel.CALL, True),
        ({"TaskSubtype": "Task", "Type": "Other"}, Channel.OTHER, False),
        ({"TaskSubtype": "Task"}, Channel.OTHER, False),
        ({}, Channel.OTHER, False),
    ],
)
def test_a_task_says_how_somebody_was_in_touch(values, channel, outbound):
    entry = task(**values)
    assert (entry.what.channel, entry.what.outbound) == (channel, outbound)


@pytest.mark.parametrize(
    ("values", "human"),
    [
        ({"TaskSubtype": "Call"}, True),
        ({"TaskSubtype": "ListEmail"}, False),
        ({"TaskSubtype": "Call", "OwnerId": QUEUE}, False),
        ({"TaskSubtype": "Email", "OwnerId": OURS}, False),
        ({"TaskSubtype": "Call", "CreatedById": OURS, "LastModifiedById": OURS}, False),
        ({"TaskSubtype": "Call", "CreatedById": OURS, "LastModifiedById": KIM}, True),
        ({"TaskSubtype": "Call", "CreatedById": OURS[:15], "LastModifiedById": OURS[:15]}, False),
    ],
)
def test_what_a_list_a_queue_or_the_bridge_did_is_no_human_s(values, human):
    assert task(**values).what.human is human


def test_where_we_do_not_know_our_own_user_nobody_is_taken_for_us():
    assert of_task({**ROW, "CreatedById": "", "LastModifiedById": ""}, "", NOW).what.human


def test_a_task_counts_when_it_was_completed_else_when_it_was_made_and_never_in_the_future():
    assert task().at == datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
    assert task(CompletedDateTime=None).at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert task(CompletedDateTime="2026-11-02T09:00:05.000+0000").at == NOW
    with pytest.raises(Transient, match="without any time"):
        task(CompletedDateTime=None, CreatedDate=None, SystemModstamp=None)


@pytest.mark.parametrize("who", [None, "", "0015f0000000001AAA"])
def test_an_activity_about_no_person_is_left_out(who):
    assert of_task({**ROW, "WhoId": who}, OURS, NOW) is None
    assert of_event({**ROW, "WhoId": who}, OURS, NOW) is None


def test_an_event_is_a_meeting_at_its_begin():
    entry = of_event({**ROW, "WhoId": CONTACT}, OURS, NOW)
    assert (entry.ref, entry.at) == (salesforce("Contact", CONTACT), datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC))
    assert entry.what == Touched(Channel.MEETING, outbound=True, human=True, by=KIM)


DEAL = {
    "Id": "0065f0000000001AAA",
    "StageName": "Prospecting",
    "Amount": 1500.0,
    "IsClosed": False,
    "IsWon": False,
    "CreatedDate": "2026-11-01T08:00:00.000+0000",
    "LastStageChangeDate": AT,
    "SystemModstamp": "2026-11-02T08:20:00.000+0000",
}


def deal(since=None, **values):
    return of_deal(salesforce("Contact", CONTACT), {**DEAL, **values}, since, NOW)


def test_a_deal_stands_since_its_stage_was_entered_or_since_the_person_has_a_part_in_it():
    assert deal().at == datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
    assert deal(LastStageChangeDate=None).at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    later = datetime(2026, 11, 2, 8, 40, tzinfo=UTC)
    assert deal(since=later).at == later
    assert deal(since=datetime(2026, 10, 1, tzinfo=UTC)).at == deal().at


def test_where_stage_changes_are_hidden_a_deal_stands_since_it_was_last_changed_and_is_told_once_a_stage():
    hidden = {name: value for name, value in DEAL.items() if name != "LastStageChangeDate"}
    first = of_deal(salesforce("Contact", CONTACT), hidden, None, NOW)
    later = of_deal(salesforce("Contact", CONTACT), {**hidden, "SystemModstamp": AT}, None, NOW)
    assert first.at == datetime(2026, 11, 2, 8, 20, tzinfo=UTC)
    assert first.key == later.key


def test_a_deal_whose_amount_or_stage_changed_is_news():
    keys = {deal().key, deal(Amount=2000.0).key, deal(StageName="Closed Won").key, deal(LastStageChangeDate=None).key}
    assert len(keys) == 4
    assert (deal().what.amount, deal(Amount=None).what.amount) == ("1500", None)
