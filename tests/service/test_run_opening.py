"""An installation that is kept open: on what a side last told, opened anew in time, told of what it cannot use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connector.bootstrap import Surroundings, open_installation
from connector.clock import SystemClock, SystemDice
from connector.config.texts import digest_of
from connector.config.texts import kept as kept_texts
from connector.core.mapping import Policy
from connector.core.refs import Ref, Side
from connector.engine import facts, stopped
from connector.engine.duties import Stopping
from connector.engine.publishing import Publication, publish
from connector.errors import Transient
from connector.sandbox.process import Plan, serve_in_thread
from connector.service.keeping import REFRESH, REFRESH_SOONEST, Keeping
from connector.service.office import Office
from connector.service.worker import work_of
from connector.storage import dirty, duties, issues
from connector.storage.database import open_database
from tests.cli.desk import SECRETS, furnish

SOMEBODY = Ref(Side.HUBSPOT, "contacts", "501")


class Leaping(SystemClock):
    """Our time, and what tests add to it; waiting takes none."""

    def __init__(self):
        self.ahead = timedelta()

    def now(self):
        return super().now() + self.ahead

    def sleep(self, seconds):
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def learned(tmp_path_factory) -> Iterator[Path]:
    """A folder whose store knows what the accounts are like; the accounts are away by now."""
    folder = tmp_path_factory.mktemp("learned")
    with serve_in_thread(SystemClock().now, Plan(deliver=False)) as running:
        furnish(folder, running)
        with open_installation(folder / "config.yaml", around(Leaping())):
            pass
    return folder


@pytest.fixture
def config(learned, tmp_path) -> Path:
    """A copy of that folder."""
    shutil.copytree(learned, tmp_path / "here")
    return tmp_path / "here" / "config.yaml"


def around(clock, **secrets):
    return Surroundings({**SECRETS, **secrets}, clock, SystemDice())


def store(config):
    return open_database(f"sqlite:///{config.parent}/smarketing.db")


@contextmanager
def kept(config, clock, beside=None):
    """An installation kept open as `smarketing run` keeps it."""
    opened = []

    @contextmanager
    def besides(installation):
        opened.append(installation)
        yield
        opened.remove(installation)

    keeping = Keeping(config, around(clock), lambda one: work_of(one, "a test", lambda: False), besides)
    keeping.opened = opened
    try:
        yield keeping
    finally:
        keeping.close()
    assert opened == []


def outdated(config):
    database = store(config)
    facts.outdate(database)
    database.close()


def test_a_service_opens_on_what_a_side_last_told_and_a_command_does_not(config):
    outdated(config)
    with pytest.raises(Transient), open_installation(config, around(Leaping())):
        pass
    with open_installation(config, around(Leaping()), patient=True) as opened:
        assert set(opened.accounts) == set(Side)
        assert ("salesforce", "Lead") in opened.bridge.views
        assert opened.findings  # as of the schemas that were told


def test_what_was_told_to_other_credentials_is_not_gone_on_with(config):
    outdated(config)
    with (
        pytest.raises(Transient),
        open_installation(config, around(Leaping(), HUBSPOT_TOKEN="another-token"), patient=True),
    ):
        pass


def test_the_engine_of_a_worker_that_shall_stop_waits_for_nothing(config):
    with open_installation(config, around(Leaping()), patient=True) as opened:
        work = work_of(opened, "a test", lambda: True)
        with pytest.raises(Stopping):
            work.bridge.clock.sleep(100)


def test_the_accounts_are_not_looked_at_anew_while_everything_is_compared(config):
    clock, database = Leaping(), store(config)
    with kept(config, clock) as keeping:
        first = keeping.work()
        clock.ahead += REFRESH
        with database.begin() as conn:
            held = duties.begin(conn, "full", clock.now(), clock.now() + timedelta(hours=6))
        assert keeping.work() is first
        with database.begin() as conn:
            duties.end(conn, held, clock.now(), {})
        clock.ahead += timedelta(seconds=10)
        assert keeping.work() is not first
    database.close()


def test_who_knows_nothing_yet_waits_and_tries_again(config):
    (config.parent / "smarketing.db").unlink()
    clock = Leaping()
    with kept(config, clock) as keeping:
        assert keeping.work() is None
        clock.ahead += timedelta(minutes=1)
        assert keeping.work() is None


def test_a_first_opening_frees_what_a_dead_process_held_and_has_everything_looked_at(config):
    clock, database = Leaping(), store(config)
    now = clock.now()
    with database.begin() as conn:
        dirty.mark(conn, [SOMEBODY], now)
        dirty.claim(conn, now, 10, now + timedelta(hours=1))
        duties.ensure(conn, ["poll.hubspot", "full"], now)
        duties.begin(conn, "full", now, now + timedelta(hours=6))
        stopped.stop(conn, (Side.SALESFORCE, "poll.salesforce", "revoked"), (), now)
    with kept(config, clock) as keeping:
        assert keeping.work() is not None
        with database.read() as conn:
            assert {"full", "drain", "poll.hubspot", "poll.salesforce"} <= set(duties.due(conn, clock.now()))
            (stop,) = stopped.standing(conn)
            assert stop.next_at <= clock.now()
        with database.begin() as conn:
            assert [one.ref for one in dirty.claim(conn, clock.now(), 10, clock.now())] == [SOMEBODY]
    database.close()


@pytest.mark.parametrize(
    ("later", "asked", "anew"),
    [
        pytest.param(REFRESH - timedelta(minutes=1), False, False, id="not before a day is over"),
        pytest.param(REFRESH, False, True, id="once a day"),
        pytest.param(REFRESH_SOONEST, True, True, id="sooner when something contradicts it"),
        pytest.param(REFRESH_SOONEST - timedelta(minutes=1), True, False, id="but not again and again"),
    ],
)
def test_what_the_accounts_are_like_is_learned_anew(config, later, asked, anew):
    clock = Leaping()
    with kept(config, clock) as keeping:
        first = keeping.work()
        (installation,) = keeping.opened
        clock.ahead += later
        if asked:
            outdated(config)
        again = keeping.work()
        assert (again is not first) is anew
        assert (keeping.opened != [installation]) is anew


def test_a_mistake_is_an_issue_while_it_lasts_and_the_old_work_goes_on(config):
    clock, database = Leaping(), store(config)

    def looks():
        clock.ahead += timedelta(seconds=10)
        return keeping.work()

    def shown():
        with database.read() as conn:
            return [one.issue.reason for one in issues.open_issues(conn)]

    good = config.read_text()
    with kept(config, clock) as keeping:
        first = keeping.work()
        config.write_text(good.replace("requests_per_10s: 190", "requests_per_10s: many"))
        looks()
        assert looks() is first
        (reason,) = shown()
        assert "requests_per_10s" in reason
        config.write_text(good.replace("sqlite:///smarketing.db", "sqlite:///other.db"))
        looks()
        assert looks() is first
        (reason,) = shown()
        assert "restart to use it" in reason
        config.write_text(good + "\n# a comment\n")
        looks()
        assert looks() is first
        assert shown() == []
        config.write_text(good.replace("quiet_s: 2", "quiet_s: 9"))
        looks()
        assert looks().pace.quiet == timedelta(seconds=9)
    database.close()


def test_what_another_machine_publishes_is_worked_with_within_seconds(config, tmp_path):
    """The other machine has a folder of its own and shares the store."""
    clock, database = Leaping(), store(config)
    shutil.copytree(config.parent, tmp_path / "there")
    there = tmp_path / "there" / "config.yaml"
    texts = dict(kept_texts(there).texts)
    rule = "salesforce: Title\n    too_long: truncate"
    assert rule in texts["contacts.yaml"]
    texts["contacts.yaml"] = texts["contacts.yaml"].replace(rule, f"{rule}\n    policy: manual")
    with kept(config, clock) as keeping:
        first = keeping.work()
        new = Publication("ada (web)", "titles are decided by people", digest_of(kept_texts(there).texts), texts)
        publish(there, database, new, clock.now())
        for _ in range(3):  # taken up, seen to be quiet, in force
            clock.ahead += timedelta(seconds=4)
            work = keeping.work()
        assert work is not first
        (title,) = {
            rule.policy for pair in work.bridge.mapping.pairs for rule in pair.rules if rule.name == "job_title"
        }
        assert title is Policy.MANUAL
        assert kept_texts(config).texts == texts
    database.close()


def test_who_starts_with_an_older_version_never_works_with_it(config, tmp_path):
    clock, database = Leaping(), store(config)
    shutil.copytree(config.parent, tmp_path / "there")
    there = tmp_path / "there" / "config.yaml"
    texts = {name: f"# newer\n{text}" for name, text in kept_texts(there).texts.items()}
    publish(there, database, Publication("ada", "x", digest_of(kept_texts(there).texts), texts), clock.now())
    with kept(config, clock) as keeping:
        assert keeping.work() is not None
        assert kept_texts(config).texts == texts
    database.close()


def test_pages_show_what_another_machine_has_published(config, tmp_path):
    clock, database = Leaping(), store(config)
    shutil.copytree(config.parent, tmp_path / "there")
    there = tmp_path / "there" / "config.yaml"
    texts = dict(kept_texts(there).texts)
    texts["contacts.yaml"] = texts["contacts.yaml"].replace("    too_long: truncate\n", "", 1)
    with closing(Office(config, around(clock))) as office:
        first = office.bridge()
        publish(there, database, Publication("ada", "x", digest_of(kept_texts(there).texts), texts), clock.now())
        clock.ahead += timedelta(seconds=4)
        assert office.bridge().mapping.digest != first.mapping.digest
        assert kept_texts(config).texts == texts
    database.close()


def test_a_draft_is_tried_beside_the_bridge_that_is_at_work(config):
    clock = Leaping()
    with closing(Office(config, around(clock))) as office:
        now = office.bridge()
        found = kept_texts(config)
        contacts = found.texts["contacts.yaml"]
        wrong = {**found.texts, "contacts.yaml": contacts.replace("kind: phone", "kind: fone", 1)}
        (problem,) = office.checked(found.paths(wrong)).problems
        assert problem.message.startswith("'fone' is not one of")
        rule = {**found.texts, "contacts.yaml": contacts.replace("    too_long: truncate\n", "", 1)}
        assert office.checked(found.paths(rule)).problems == ()
        assert office.bridge() is now
        assert kept_texts(config).texts == found.texts
