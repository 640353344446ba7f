"""What is published on one machine reaches every other; what was edited by hand there is not written over."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.config.texts import digest_of, kept
from connector.core.plan import IssueKind
from connector.engine import publishing
from connector.engine.publishing import MARK, ON_DISK, Overtaken, Publication
from connector.errors import Refused
from connector.service.files import stamped
from connector.service.following import Following
from connector.storage import issues, versions

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
CONTACTS = "# ours\nmapping: contacts\n"
OWNERS = "owners: {}\n"


@dataclass
class Machine:
    """A folder with a config.yaml and two mapping files, over a store that others share."""

    folder: Path
    database: object

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def texts(self) -> dict[str, str]:
        return dict(kept(self.config).texts)

    def edit(self, name: str, text: str) -> None:
        (self.folder / "mappings" / name).write_text(text)

    def follow(self):
        return publishing.follow(self.config, self.database, NOW)

    def publish(self, by: str = "ada (web)", opened: str | None = None, over: int = 0, **changed: str) -> int:
        texts = {**self.texts, **{f"{name}.yaml": text for name, text in changed.items()}}
        new = Publication(by, "because", opened or digest_of(self.texts), texts, over)
        return publishing.publish(self.config, self.database, new, NOW)

    def history(self):
        with self.database.read() as conn:
            return versions.page(conn, None, 50)


def machine(folder: Path, database) -> Machine:
    (folder / "mappings").mkdir(parents=True)
    (folder / "config.yaml").write_text("mappings: mappings\n")
    made = Machine(folder, database)
    made.edit("contacts.yaml", CONTACTS)
    made.edit("owners.yaml", OWNERS)
    return made


@pytest.fixture
def here(tmp_path, shared_database):
    return machine(tmp_path / "here", shared_database)


@pytest.fixture
def there(tmp_path, shared_database):
    return machine(tmp_path / "there", shared_database)


def test_what_is_published_on_one_machine_is_written_byte_for_byte_on_the_other(here, there):
    (there.folder / "mappings" / "contacts.yaml").chmod(0o640)
    typed = "# ours, edited\r\nmapping:   contacts   # spaces stay\n\n"
    here.publish(contacts=typed)
    assert there.follow().took_up == here.history()[0].id
    assert (there.folder / "mappings" / "contacts.yaml").read_bytes() == typed.encode()
    assert stat.S_IMODE((there.folder / "mappings" / "contacts.yaml").stat().st_mode) == 0o640
    assert there.follow() == here.follow() == publishing.Followed()


def test_files_that_are_new_or_gone_travel_too(here, there):
    texts = {"contacts.yaml": CONTACTS, "webinars.yaml": "mapping: webinars\n"}
    publishing.publish(here.config, here.database, Publication("ada", "x", digest_of(here.texts), texts), NOW)
    there.follow()
    assert there.texts == texts == here.texts
    assert sorted(path.name for path in (there.folder / "mappings").iterdir()) == sorted([*texts, MARK])


def test_an_edit_on_disk_becomes_a_version_once(here):
    here.follow()
    here.edit("contacts.yaml", "# by hand\nmapping: contacts\n")
    for _ in range(3):
        here.follow()
    told = here.history()
    assert [(one.by, one.published) for one in told] == [(ON_DISK, False), (ON_DISK, False)]
    assert [one.why for one in told] == ["found on disk, not saved on the page", "as it was found"]


def test_what_was_edited_by_hand_on_another_machine_is_told_and_never_written_over(here, there):
    here.publish(contacts="# one\nmapping: contacts\n")
    there.follow()
    there.edit("contacts.yaml", "# by hand\nmapping: contacts\n")
    number = here.publish(contacts="# two\nmapping: contacts\n")
    followed = there.follow()
    assert followed.took_up == 0
    assert f"version {number}" in followed.trouble
    assert "edited by hand" in followed.trouble
    assert there.texts["contacts.yaml"] == "# by hand\nmapping: contacts\n"
    assert any(one.by == ON_DISK for one in there.history())


def test_even_a_return_to_an_older_text_is_an_edit_by_hand(here, there):
    first = "# one\nmapping: contacts\n"
    here.publish(contacts=first)
    here.publish(contacts="# two\nmapping: contacts\n")
    there.follow()
    there.edit("contacts.yaml", first)
    here.publish(contacts="# three\nmapping: contacts\n")
    assert "edited by hand" in there.follow().trouble
    assert there.texts["contacts.yaml"] == first


def test_who_publishes_over_an_edit_that_they_saw_reaches_the_folder_in_which_it_was_made(here):
    here.publish(contacts="# one\nmapping: contacts\n")
    here.edit("contacts.yaml", "# by hand\nmapping: contacts\n")
    here.follow()
    here.publish(contacts="# by hand, and then on the page\nmapping: contacts\n")
    assert here.follow() == publishing.Followed()


def test_a_machine_that_starts_with_an_older_published_text_takes_up_the_newest(here, there):
    here.publish(contacts="# one\nmapping: contacts\n")
    here.publish(contacts="# two\nmapping: contacts\n")
    assert there.texts["contacts.yaml"] == CONTACTS  # on which the first was begun
    there.follow()
    assert there.texts["contacts.yaml"] == "# two\nmapping: contacts\n"


def test_a_machine_whose_files_nobody_ever_saw_keeps_them_and_says_so(here, there):
    there.edit("owners.yaml", "owners: {ada@acme.example: grace@acme.example}\n")
    here.publish(contacts="# one\nmapping: contacts\n")
    assert "edited by hand" in there.follow().trouble
    assert "grace" in there.texts["owners.yaml"]


def test_a_person_decides_which_of_the_two_stands(here, there):
    there.edit("owners.yaml", "owners: {a@acme.example: b@acme.example}\n")
    number = here.publish(contacts="# one\nmapping: contacts\n")
    assert there.follow().trouble
    there.publish(over=number)  # what is on disk there, for everybody
    assert there.follow() == publishing.Followed()
    assert here.follow().took_up == number + 2
    assert here.texts == there.texts
    there.edit("owners.yaml", "owners: {}\n")
    newest = here.publish(contacts="# two\nmapping: contacts\n")
    assert there.follow().trouble
    assert publishing.adopt_folder(there.config, there.database, "ada (web)", NOW) == newest
    assert there.texts == here.texts


def test_a_read_only_folder_stays_as_it_is_and_people_are_told(here, there, monkeypatch):
    here.publish(contacts="# one\nmapping: contacts\n")
    monkeypatch.setattr(os, "access", lambda *_: False)  # nothing is read-only for root, as whom tests may run
    assert "read-only" in there.follow().trouble
    assert there.texts["contacts.yaml"] == CONTACTS


def test_files_that_are_links_stay_as_they_are_and_people_are_told(here, there):
    elsewhere = there.folder / "elsewhere.yaml"
    shutil.move(there.folder / "mappings" / "contacts.yaml", elsewhere)
    (there.folder / "mappings" / "contacts.yaml").symlink_to(elsewhere)
    here.publish(contacts="# one\nmapping: contacts\n")
    assert "link to another file" in there.follow().trouble
    assert elsewhere.read_text() == CONTACTS


def test_who_did_not_see_the_last_edit_cannot_save_over_it(here):
    opened = digest_of(here.texts)
    here.publish(contacts="# one\nmapping: contacts\n")
    with pytest.raises(Overtaken):
        here.publish(opened=opened, contacts="# two\nmapping: contacts\n")
    assert here.texts["contacts.yaml"] == "# one\nmapping: contacts\n"


def test_a_machine_that_has_not_heard_yet_cannot_publish_over_what_it_does_not_know(here, there):
    here.publish(contacts="# one\nmapping: contacts\n")
    with pytest.raises(Overtaken):
        there.publish(contacts="# two\nmapping: contacts\n")
    there.follow()
    there.publish(contacts="# two\nmapping: contacts\n")


def test_of_two_who_save_at_once_one_is_refused(here, there):
    opened = digest_of(here.texts)

    def save(one: Machine) -> str:
        try:
            one.publish(opened=opened, contacts=f"# {one.folder.name}\nmapping: contacts\n")
        except Overtaken:
            return "refused"
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(save, [here, there])) == ["refused", "saved"]
    for one in (here, there):
        one.follow()
    assert here.texts == there.texts


def test_names_that_lead_elsewhere_are_refused_and_nothing_is_written(here):
    for name in (
        "../config.yaml",
        "/etc/passwd.yaml",
        "a/b.yaml",
        ".hidden.yaml",
        "UPPER.yaml",
        "no-yaml.txt",
        "x\n.yaml",
    ):
        texts = {**here.texts, name: "mapping: x\n"}
        with pytest.raises(Refused):
            publishing.publish(here.config, here.database, Publication("eve", "", digest_of(here.texts), texts), NOW)
    assert here.history() == []
    assert here.config.read_text() == "mappings: mappings\n"


def test_of_several_files_all_are_written_or_none(here, monkeypatch):
    before, replace = here.texts, Path.replace

    def full(path: Path, target: Path) -> Path:
        if path.name.startswith(".owners.yaml.") and "# new" in path.read_text():
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Refused, match="No space left"):
        here.publish(contacts="# new\nmapping: contacts\n", owners="# new\nowners: {}\n")
    assert here.texts == before
    assert here.history() == []
    assert sorted(path.name for path in (here.folder / "mappings").iterdir()) == ["contacts.yaml", "owners.yaml"]


def test_who_is_in_step_waits_for_nobody_who_writes(here, monkeypatch):
    def writing() -> None:
        raise AssertionError("a page that only looks must not wait for whoever writes")

    here.follow()
    with monkeypatch.context() as patched:
        patched.setattr(here.database, "begin", writing)
        assert here.follow() == publishing.Followed()
    here.publish(contacts="# one\nmapping: contacts\n")
    with monkeypatch.context() as patched:
        patched.setattr(here.database, "begin", writing)
        assert here.follow() == publishing.Followed()


class Watch:
    """A clock, and a process that looks."""

    def __init__(self, of: Machine) -> None:
        self.at, self.of = NOW, of
        self.following = Following(of.config, self)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def look(self) -> bool:
        return self.following.look(self.of.database, stamped(self.of.config, None))


def told(database) -> list[str]:
    with database.read() as conn:
        return [one.issue.reason for one in issues.open_issues(conn, kinds=[IssueKind.STOPPED])]


def test_trouble_is_an_issue_until_it_is_over(here, there):
    watch = Watch(there)
    here.publish(contacts="# one\nmapping: contacts\n")
    assert watch.look() is True
    there.edit("contacts.yaml", "# by hand\nmapping: contacts\n")
    here.publish(contacts="# two\nmapping: contacts\n")
    assert watch.look() is False
    assert "edited by hand" in told(here.database)[0]
    watch.look()
    assert len(told(here.database)) == 1
    publishing.adopt_folder(there.config, there.database, "ada (web)", NOW)
    watch.look()
    assert told(here.database) == []
