"""The duty that reads HubSpot's journal, against the sandbox: from a change to a mark, and from every place on."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from connector.core.refs import hubspot
from connector.engine.doing import DUTIES
from connector.engine.duties import JOURNAL, Work
from connector.engine.stretch import Stretch
from connector.engine.turning import turn
from connector.service.journal import journal_of
from connector.service.listeners import companions
from connector.storage import duties, inbox, state
from tests.service.lines import configured, reopened, town
from webhooks.readers import readers

APP = {"client_id": "sandbox-hubspot-client", "client_secret": "env:HUBSPOT_CLIENT_SECRET"}
DAYS = timedelta(days=1)
DUTY = next(duty for duty in DUTIES if duty.name == JOURNAL)


class Later:
    """The bridge's clock, which can be moved on with the sandbox's."""

    def __init__(self, inner, world):
        self._inner, self._world, self.ahead = inner, world, timedelta()

    def now(self):
        return self._inner.now() + self.ahead

    def monotonic(self):
        return self._inner.monotonic() + self.ahead.total_seconds()

    def sleep(self, seconds):
        self.move(timedelta(seconds=seconds))

    def move(self, by):
        self.ahead += by
        self._world.services.clock.advance(by.total_seconds())


class Reading:
    """An installation that reads the journal."""

    def __init__(self, here):
        self.here = here
        bridge = here.installation.bridge
        self.clock = Later(bridge.clock, here.running.world)
        self.bridge = replace(bridge, clock=self.clock)
        here.installation = replace(here.installation, bridge=self.bridge)
        self.work = Work(self.bridge, Stretch(self.bridge, "a test"), journal=journal_of(here.installation))

    def turn(self):
        """One turn, due or not."""
        with self.bridge.database.begin() as conn:
            duties.ask(conn, JOURNAL, self.clock.now())
        return turn(self.work, DUTY)

    def contact(self, email):
        made = self.here.act("hubspot", "create", object="contacts", properties={"email": email})
        return hubspot("contacts", str(made["id"]))

    def marked(self):
        while self.here.fold():
            pass
        return self.here.dirty()


@pytest.fixture
def reading(tmp_path):
    with town(tmp_path, pubsub=False, hubspot={"journal": APP}) as here:
        yield Reading(here)


def test_without_the_setting_nothing_is_read_and_with_it_the_next_turn_is_due_at_once(tmp_path):
    with town(tmp_path, pubsub=False) as here:
        assert journal_of(here.installation) is None
        bridge = here.installation.bridge
        work = Work(bridge, Stretch(bridge, "a test"))
        assert turn(work, DUTY).due_at > bridge.clock.now() + timedelta(hours=23)
        with companions(here.installation):
            assert here.duty(JOURNAL).due_at > bridge.clock.now()
        configured(tmp_path, here.running, hubspot={"journal": APP})
        with reopened(here), companions(here.installation):
            assert here.duty(JOURNAL).due_at <= bridge.clock.now()


def test_a_change_is_marked_by_the_next_turn(reading):
    reading.turn()
    ref = reading.contact("a@x.test")
    turned = reading.turn()
    assert turned.did > 0
    assert ref in reading.marked()


def test_it_asks_every_ten_seconds_while_there_is_news_and_every_minute_when_there_is_none(reading):
    reading.contact("a@x.test")
    pauses = []
    for _ in range(5):
        turned = reading.turn()
        pauses.append(round((turned.due_at - reading.clock.now()).total_seconds() / 10))
        reading.clock.move(timedelta(seconds=70))
    assert pauses[0] == 1
    assert pauses[-1] in (6, 7)
    assert pauses == sorted(pauses)


def test_a_kill_between_two_pages_misses_nothing_and_a_page_comes_twice_at_worst(reading, monkeypatch):
    reading.turn()
    ref = reading.contact("a@x.test")
    put = state.put

    def killed(conn, name, value):
        put(conn, name, value)
        if name == "journal.place" and value["offset"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(state, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        reading.turn()
    assert reading.here.inbox() == []
    monkeypatch.setattr(state, "put", put)
    reading.clock.move(timedelta(minutes=6))  # the dead process's lease runs out
    reading.turn()
    assert ref in reading.marked()


def test_the_first_turn_takes_the_newest_page_and_polls_nothing(reading):
    reading.contact("a@x.test")
    reading.turn()
    reading.marked()
    assert not reading.here.asked("poll.hubspot")


def test_what_follows_an_empty_journal_is_read_from_its_very_beginning(reading):
    reading.turn()
    assert reading.here.state("journal.place")["offset"] == ""
    made = {reading.contact(f"a{number}@x.test") for number in range(400)}  # more than the newest page holds
    while reading.turn().did:
        pass
    assert made <= reading.marked()


def test_whoever_asked_for_nothing_for_three_days_reads_from_the_oldest_page_and_polls_everything(reading):
    reading.turn()
    reading.contact("a@x.test")
    reading.turn()
    reading.marked()
    reading.clock.move(2 * DAYS)
    missed = reading.contact("b@x.test")
    reading.clock.move(timedelta(days=1, hours=1))
    reading.turn()
    assert missed in reading.marked()
    assert reading.here.asked("poll.hubspot")


def test_an_offset_that_hubspot_has_forgotten_while_nothing_happened_hides_no_news(reading):
    reading.contact("a@x.test")
    reading.turn()
    for _ in range(4):
        reading.clock.move(timedelta(hours=20))
        reading.turn()
    news = reading.contact("b@x.test")
    reading.turn()
    assert news in reading.marked()
    assert not reading.here.asked("poll.hubspot")
    later = reading.contact("c@x.test")
    reading.turn()
    assert later in reading.marked()


def test_a_privacy_deletion_erases_at_once(reading):
    reading.turn()
    person = reading.contact("a@x.test")
    reading.turn()
    assert person in reading.marked()
    reading.here.act("hubspot", "erase", id=person.id)
    reading.turn()
    assert person not in reading.marked()


def test_an_association_tells_of_both_its_ends(reading):
    firm = str(reading.here.act("hubspot", "create", object="companies", properties={"name": "Acme"})["id"])
    person = reading.contact("a@x.test")
    reading.turn()
    before = reading.marked()
    reading.here.act("hubspot", "associate", object="contacts", id=person.id, to_object="companies", to_id=firm)
    reading.turn()
    (post,) = reading.here.inbox()
    told = readers({})["journal"]({}, post.post.body)
    assert person in before
    assert {ref for ref, _ in told.look_at} >= {person, hubspot("companies", firm)}
    assert told.unknown == ()


def test_a_refused_app_stops_nothing_but_this_duty_and_says_what_to_do(reading):
    reading.turn()
    settings = reading.here.installation.settings
    wrong = settings.hubspot.journal.model_copy(update={"client_id": "somebody-else"})
    hubspot_settings = settings.hubspot.model_copy(update={"journal": wrong})
    changed = settings.model_copy(update={"hubspot": hubspot_settings})
    good = reading.work.journal
    reading.work.journal = journal_of(replace(reading.here.installation, settings=changed))
    turned = reading.turn()
    assert timedelta(minutes=4) < turned.due_at - reading.clock.now() < timedelta(minutes=6)
    (issue,) = reading.here.issues()
    assert "HubSpot's journal tells us nothing" in issue.reason
    assert "client id and secret" in issue.reason
    with reading.bridge.database.read() as conn:
        assert state.get(conn, "stopped") is None
    reading.work.journal = good
    reading.turn()
    assert reading.here.issues() == []


def test_a_file_that_cannot_be_read_is_kept_in_the_inbox_and_polled_around(reading):
    reading.turn()
    reading.contact("a@x.test")
    page = {"journalEvents": [], "sweep": "", "unreadable": "a file of the journal holds no journalEvents"}
    _put(reading, page)
    reading.marked()
    (kept,) = reading.here.inbox()
    assert "holds no journalEvents" in kept.problem
    assert reading.here.asked("poll.hubspot")


def test_a_kind_nobody_knows_is_kept_and_polled_around_and_the_rest_is_taken(reading):
    ours = {"type": "OBJECT", "action": "UPDATE", "portalId": 1234567, "objectTypeId": "0-1", "objectId": 7}
    gone = {"type": "APP_LIFECYCLE_EVENT", "action": "APP_UNINSTALL", "portalId": 1234567}
    _put(reading, {"journalEvents": [ours, gone], "sweep": "", "unreadable": ""})
    assert hubspot("contacts", "7") in reading.marked()
    (kept,) = reading.here.inbox()
    assert "APP_LIFECYCLE_EVENT.APP_UNINSTALL" in kept.problem


def _put(reading, page):
    with reading.bridge.database.begin() as conn:
        inbox.put(conn, inbox.Post(JOURNAL, reading.clock.now(), "journal-x", orjson.dumps(page)))
