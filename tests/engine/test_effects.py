"""What follows is set off once: notices, webhooks and tasks, whoever dies, sleeps or works at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from connector.core.plan import IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref
from connector.core.steered import Effect
from connector.delivery import Delivered, Delivery, Undelivered, Unheard
from connector.engine import sync, unsent
from connector.engine.bridge import Bridge
from connector.engine.effects import NOTICES_MAX, set_off
from connector.engine.run import Run
from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised
from connector.ports import Rejected, Rejection, Todo
from connector.storage import effects
from connector.storage.effects import LEASE, State, Stored
from tests.contract.fake_side import Fault
from tests.engine.town import Town

DOWN = Undelivered("the connection was refused", "look whether it is up")
DEAF = Unheard("no answer came")
HOUR = timedelta(hours=1)


class Death(BaseException):
    """A process ends."""


@dataclass
class Post:
    """A notifier that keeps what it was given, and answers or dies as told."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    called: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    answers: dict[str, Delivery] = field(default_factory=dict)
    dies: str = ""

    def notify(self, channel: str, subject: str, body: str) -> Delivery:
        return self._take(channel, (channel, subject, body), self.sent)

    def call(self, webhook: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        return self._take(webhook, (webhook, key, payload), self.called)

    def _take(self, to: str, what: Any, kept: list[Any]) -> Delivery:
        if self.dies == "before":
            raise Death
        answer = self.answers.get(to, Delivered())
        if not isinstance(answer, Undelivered):
            kept.append(what)
        if self.dies == "after":
            raise Death
        return answer


@pytest.fixture(params=["memory", "file", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def town(town: Town, post: Post) -> Town:
    town.bridge = replace(town.bridge, notifier=post)
    return town


def notice(about: Ref, key: str = "late", to: str = "sales", **changes: Any) -> Effect:
    made = Effect(key, ActionKind.NOTIFY, to, about, f"{key}: somebody waits", "since nine", {"policy": "first touch"})
    return replace(made, **changes)


def planned(town: Town, *new: Effect) -> None:
    with town.database.begin() as conn:
        effects.add(conn, new, town.clock.now())


def passed(town: Town) -> Run:
    with sync.recorded(town.bridge, "once", "a test") as run:
        set_off(town.bridge, run)
    return run


def counts(town: Town) -> dict[State, int]:
    with town.database.read() as conn:
        return effects.counts(conn)


def one_in(town: Town, state: State) -> Stored:
    (one,) = unsent.shown(town.bridge, state)
    return one


def unsent_issues(town: Town) -> list[tuple[str, str, int]]:
    return [
        (one.issue.refs[0].id, one.issue.code, one.times) for one in town.issues() if one.issue.kind is IssueKind.UNSENT
    ]


@pytest.mark.parametrize("turn", [sync.once, sync.full, sync.tick])
@pytest.mark.parametrize("fault", [Transient("gone"), Unauthorised("the key is no longer valid")])
def test_a_notice_goes_out_though_a_side_is_down_and_that_side_is_told_of(
    town: Town, post: Post, turn: Callable[[Bridge, Run], object], fault: BridgeError
) -> None:
    ann = town.contact(email="ann@x.test")
    planned(town, notice(ann), notice(ann, "call", kind=ActionKind.TASK))
    for operation in ("changes", "schema", "cursor", "scan", "read"):
        town.hubspot.faults.append(Fault(operation, fault, times=9))
    town.hubspot.faults.append(Fault("remind", Unauthorised("no tasks either")))
    with sync.recorded(town.bridge, "once", "a test", approved=True) as run, pytest.raises(type(fault)) as raised:
        turn(town.bridge, run)
    assert raised.value is fault
    assert [subject for _, subject, _ in post.sent] == ["late: somebody waits"]


def test_a_notice_goes_out_once_however_often_it_is_looked_at(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    planned(town, notice(ann))
    run = passed(town)
    planned(town, notice(ann))
    passed(town)
    assert post.sent == [("sales", "late: somebody waits", "since nine")]
    assert run.counts["notify_sent"] == 1
    assert counts(town) == {State.DONE: 1}


@pytest.mark.parametrize(
    ("dies", "sent", "left"), [("before", 0, State.UNKNOWN), ("after", 1, State.UNKNOWN), ("", 1, State.DONE)]
)
def test_who_dies_while_sending_never_sends_twice(town: Town, post: Post, dies: str, sent: int, left: State) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    post.dies = dies
    try:
        passed(town)
    except Death:
        assert counts(town) == {State.SENDING: 1}
    post.dies = ""
    passed(town)
    town.clock.sleep(LEASE.total_seconds())
    passed(town)
    passed(town)
    assert len(post.sent) == sent
    assert counts(town) == {left: 1}
    assert unsent_issues(town) == ([("sales", "UNKNOWN", 1)] if dies else [])


def test_who_dies_before_claiming_leaves_it_to_the_next(
    town: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    with monkeypatch.context() as patch:
        patch.setattr(effects, "claim", _dying)
        with pytest.raises(Death):
            passed(town)
    passed(town)
    assert len(post.sent) == 1


def test_who_dies_between_sending_and_settling_leaves_what_nobody_knows(
    town: Town, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    with monkeypatch.context() as patch:
        patch.setattr(effects, "settle", _dying)
        with pytest.raises(Death):
            passed(town)
    town.clock.sleep(LEASE.total_seconds())
    passed(town)
    assert len(post.sent) == 1
    assert one_in(town, State.UNKNOWN).reason == "the process ended while it was being sent"


def _dying(*_: object, **__: object) -> None:
    raise Death


def test_after_a_clear_failure_it_is_tried_again_and_then_shown(town: Town, post: Post) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    post.answers["sales"] = DOWN
    for _ in range(unsent.TRIES):
        assert unsent_issues(town) == []
        passed(town)
        passed(town)  # at once: it waits for its pause to end
        town.clock.sleep(HOUR.total_seconds())
    failed = one_in(town, State.FAILED)
    assert (failed.attempts, failed.reason) == (unsent.TRIES, DOWN.reason)
    assert unsent_issues(town) == [("sales", "FAILED", 1)]
    passed(town)
    post.answers.clear()
    assert unsent.decide(town.bridge, State.FAILED, "me", again=True) == 1
    assert town.issues() == []
    passed(town)
    assert len(post.sent) == 1


def test_a_lasting_failure_is_shown_at_once(town: Town, post: Post) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    post.answers["sales"] = replace(DOWN, lasting=True)
    assert passed(town).needs_a_person
    assert one_in(town, State.FAILED).attempts == 1


def test_what_nobody_heard_of_is_never_sent_again_by_itself(town: Town, post: Post) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    post.answers["sales"] = DEAF
    passed(town)
    town.clock.sleep(24 * 3600)
    passed(town)
    assert len(post.sent) == 1
    assert unsent_issues(town) == [("sales", "UNKNOWN", 1)]
    assert unsent.decide(town.bridge, State.UNKNOWN, "me", "marketing", again=True) == 0, "those of another channel"
    assert unsent_issues(town) == [("sales", "UNKNOWN", 1)]
    assert unsent.decide(town.bridge, State.UNKNOWN, "me", "sales", again=False) == 1
    assert (unsent_issues(town), counts(town)) == ([], {State.DONE: 1})
    with pytest.raises(Refused, match="only what is failed or unknown"):
        unsent.decide(town.bridge, State.DONE, "me", again=True)


def test_an_address_that_fails_is_left_alone_for_the_rest_of_the_run(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    planned(town, *(notice(ann, f"late {number}") for number in range(5)), notice(ann, to="marketing"))
    post.answers["sales"] = DOWN
    passed(town)
    assert [to for to, *_ in post.sent] == ["marketing"]
    with town.database.read() as conn:
        tried = Counter(one.attempts for one in effects.listed(conn, State.WAITING))
    assert tried == {0: 4, 1: 1}


def test_no_channel_is_flooded_and_every_notice_is_settled(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    planned(town, *(notice(ann, f"late {number:02}") for number in range(NOTICES_MAX + 37)), notice(ann, to="ops"))
    run = passed(town)
    sales = [(subject, body) for to, subject, body in post.sent if to == "sales"]
    assert len(sales) == NOTICES_MAX
    assert sales[0][0] == "late 00: somebody waits"
    subject, body = sales[-1]
    assert subject == "and 38 more"
    assert body.splitlines()[:2] == ["late 19: somebody waits", "late 20: somebody waits"]
    assert body.splitlines()[10] == "... and 28 more"
    assert (counts(town), run.counts["notify_sent"]) == ({State.DONE: NOTICES_MAX + 38}, NOTICES_MAX + 38)
    planned(town, notice(ann, "later"))
    set_off(town.bridge, run)
    assert counts(town)[State.WAITING] == 1, "the run has said enough in that channel for now"
    town.clock.sleep(600)
    set_off(town.bridge, run)
    assert post.sent[-1][1] == "later: somebody waits"


def test_exactly_as_many_as_there_is_room_for_go_out_singly(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    planned(town, *(notice(ann, f"late {number:02}") for number in range(NOTICES_MAX)))
    passed(town)
    assert [subject for _, subject, _ in post.sent] == [
        f"late {number:02}: somebody waits" for number in range(NOTICES_MAX)
    ]


def test_a_webhook_says_what_and_whom_it_is_about(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    town.full()
    ((_, lead),) = town.links()
    planned(town, notice(ann, kind=ActionKind.WEBHOOK, to="ops"))
    passed(town)
    ((to, key, payload),) = post.called
    assert (to, key) == ("ops", f"{ann} late")
    assert payload == {
        "key": key,
        "bridge": "town",
        "policy": "first touch",
        "subject": "late: somebody waits",
        "body": "since nine",
        "about": str(ann),
        "records": {"hubspot": str(ann), "salesforce": str(lead)},
    }


def test_without_a_notifier_notices_wait(town: Town) -> None:
    planned(town, notice(town.contact(email="ann@x.test")))
    town.bridge = replace(town.bridge, notifier=None)
    passed(town)
    assert counts(town) == {State.WAITING: 1}


def task(about: Ref, owner: str = "005000000000001AAA", key: str = "late") -> Effect:
    return notice(about, key, owner, kind=ActionKind.TASK)


def test_a_task_is_made_on_its_record_for_its_owner(town: Town) -> None:
    lead, ann = town.lead(Email="bob@x.test"), town.contact(email="ann@x.test")
    planned(town, task(lead), task(ann, "77"))
    today = town.clock.now().date()
    run = passed(town)
    (made,), (other,) = town.salesforce.todos.values(), town.hubspot.todos.values()
    assert made == Todo(lead, "005000000000001AAA", "late: somebody waits", "since nine", today, f"{lead} late")
    assert (other.about, other.owner) == (ann, "77")
    assert run.counts["tasks_made"] == 2


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_task_is_asked_for_until_it_is_there_and_made_once(town: Town, *, after_commit: bool) -> None:
    planned(town, task(town.lead(Email="bob@x.test")))
    town.salesforce.fail("remind", Transient("gone"), after_commit=after_commit)
    passed(town)
    assert counts(town) == {State.WAITING: 1}
    town.clock.sleep(HOUR.total_seconds())
    passed(town)
    assert (counts(town), len(town.salesforce.todos), town.issues()) == ({State.DONE: 1}, 1, [])


def test_a_side_that_asks_to_wait_is_waited_for(town: Town) -> None:
    planned(town, task(town.lead(Email="bob@x.test")))
    until = town.clock.now() + 5 * HOUR
    town.salesforce.fail("remind", RateLimited("the day is spent", until))
    passed(town)
    with town.database.read() as conn:
        assert effects.next_due(conn) == until


def test_who_dies_while_making_tasks_leaves_them_to_the_next_who_makes_none_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(town, task(town.lead(Email="bob@x.test")))
    with monkeypatch.context() as patch:
        patch.setattr(effects, "settle", _dying)
        with pytest.raises(Death):
            passed(town)
    passed(town)
    assert counts(town) == {State.SENDING: 1}
    town.clock.sleep(LEASE.total_seconds())
    passed(town)
    assert (counts(town), len(town.salesforce.todos), town.issues()) == ({State.DONE: 1}, 1, [])


@pytest.mark.parametrize("owner", ["", "00G000000000001AAA"])
def test_a_task_that_nobody_can_be_given_is_made_and_people_are_told(
    town: Town, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = town.lead(Email="bob@x.test")
    refusal = Rejected((Rejection("OwnerId", "INVALID_CROSS_REFERENCE_KEY", "a queue", "give it to a person"),))
    real = town.salesforce.remind
    monkeypatch.setattr(
        town.salesforce,
        "remind",
        lambda todos: [refusal if one.owner.startswith("00G") else real([one])[0] for one in todos],
    )
    planned(town, task(lead, owner))
    passed(town)
    (made,) = town.salesforce.todos.values()
    assert (made.owner, owner in made.body) == ("", True)
    (told,) = town.issues()
    assert (told.issue.kind, told.issue.refs, told.issue.code) == (IssueKind.UNSENT, (lead,), "NOBODY")
    assert counts(town) == {State.DONE: 1}


def test_a_task_that_is_refused_altogether_is_shown(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(town, task(town.lead(Email="bob@x.test")))
    refusal = Rejected((Rejection("", "INSUFFICIENT_ACCESS", "no right to make tasks", "grant it"),))
    monkeypatch.setattr(town.salesforce, "remind", lambda todos: [refusal] * len(todos))
    for _ in range(unsent.TRIES):
        passed(town)
        town.clock.sleep(HOUR.total_seconds())
    failed = one_in(town, State.FAILED)
    assert (failed.reason, failed.hint.split(";")[0]) == ("INSUFFICIENT_ACCESS: no right to make tasks", "grant it")
    assert unsent_issues(town) == [("005000000000001AAA", "FAILED", 1)]


def test_a_task_follows_its_record_and_is_dropped_with_it(town: Town) -> None:
    lead, gone = town.lead(Email="bob@x.test"), town.lead(Email="cid@x.test")
    contact = town.salesforce.convert(lead, "Contact", Email="bob@x.test")
    town.salesforce.archive(gone)
    planned(town, task(lead), task(gone))
    passed(town)
    (made,) = town.salesforce.todos.values()
    assert (made.about, made.key) == (contact, f"{lead} late")
    assert (counts(town), town.issues()) == ({State.DONE: 2}, [])


def test_a_held_run_makes_no_tasks_but_tells_people(town: Town, post: Post) -> None:
    lead = town.lead(Email="bob@x.test")
    planned(town, task(lead), notice(lead))
    with sync.recorded(town.bridge, "once", "a test") as run:
        run.held = "too many creates"
        set_off(town.bridge, run)
    assert (len(town.salesforce.todos), len(post.sent)) == (0, 1)


def test_of_somebody_erased_meanwhile_nothing_is_sent(town: Town, post: Post) -> None:
    ann = town.contact(email="ann@x.test")
    town.full()
    planned(town, notice(ann))
    town.hubspot.erase(ann)
    town.full()
    passed(town)
    assert (post.sent, counts(town)) == ([], {})


def test_two_workers_at_once_never_send_twice(town: Town, post: Post, kind: str) -> None:
    ann = town.contact(email="ann@x.test")
    new = [notice(ann, f"late {number:02}") for number in range(15)] + [task(town.lead(Email="bob@x.test"))]
    new += [notice(ann, f"late {number:02}", "ops", kind=ActionKind.WEBHOOK) for number in range(15, 30)]

    def work(order: int) -> None:
        planned(town, *new[::order])
        passed(town)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [1, -1]))
    assert sorted(subject for _, subject, _ in post.sent) == [
        f"late {number:02}: somebody waits" for number in range(15)
    ]
    assert sorted(key for _, key, _ in post.called) == [f"{ann} late {number}" for number in range(15, 30)]
    assert (len(town.salesforce.todos), counts(town)) == (1, {State.DONE: 31})
