"""Mappings: read by everybody, edited by admins: checked as a whole, tried out, saved for every machine, taken back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
import sqlalchemy
from werkzeug.test import TestResponse

from connector.admin.roles import Role
from connector.config.texts import digest_of
from connector.storage import editions, errands, events, previews, state, versions

PHONE = "    policy: newest"
FILES = "/admin/mappings"


@pytest.fixture
def files(house) -> Iterator[dict[str, str]]:
    """The files of the house, put back afterwards; their history begins anew."""
    folder = house.past.folder / "mappings"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    yield {path.name: text.decode() for path, text in before.items() if path.suffix == ".yaml"}
    for path in folder.iterdir():
        if path not in before:
            path.unlink()
    for path, text in before.items():
        path.write_bytes(text)
    with house.database.begin() as conn:
        conn.execute(sqlalchemy.text("DELETE FROM versions"))


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def hidden(answer: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, f"no field {name}"
    return found[1]


class Editor:
    """Somebody with a file before them."""

    def __init__(self, client, name: str) -> None:
        self.client, self.name = client, name
        self.page = client.get(f"{FILES}/files/{name}")
        assert self.page.status_code == HTTPStatus.OK, self.page.text

    def press(self, do: str, text: str | None = None, **more: str) -> TestResponse:
        form = {one: hidden(self.page, one) for one in ("draft", "opened", "checked")}
        typed = {} if text is None else {"text": text.replace("\n", "\r\n")}  # as browsers send it
        self.page = self.client.act(f"{FILES}/edit", file=self.name, do=do, **form, **typed, **more)
        while self.page.status_code == HTTPStatus.SEE_OTHER:
            self.address = self.page.headers["Location"]
            self.page = self.client.get(self.address)
        return self.page


def effect(editor: Editor) -> str:
    """What is shown once it is worked out."""
    for _ in range(300):
        page = editor.client.get(editor.address)
        if "hx-trigger" not in page.text:
            return words(page)
        time.sleep(0.1)
    raise AssertionError("it was not worked out")


def history(house):
    with house.database.read() as conn:
        return versions.page(conn, None, 50)


def test_everybody_reads_the_files_and_what_each_is_about(client, files):
    page = words(client(Role.VIEWER).get(FILES))
    assert "An admin edits these files." in page
    assert "Which fields of HubSpot contacts and Salesforce Lead, Contact are kept in step" in page
    assert "What sales and marketing promise each other" in page
    text = client(Role.VIEWER).get(f"{FILES}/files/sla.yaml").text
    assert "<textarea" not in text
    assert "first_touch" in text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_is_no_admin_edits_nothing(client, files, role):
    one = client(role)
    for path in ("edit", "folder", "versions/1/back"):
        assert one.act(f"{FILES}/{path}", file="sla.yaml", text="x", draft="0").status_code == HTTPStatus.FORBIDDEN
    assert one.get(f"{FILES}/drafts/1").status_code == HTTPStatus.FORBIDDEN
    assert one.get(f"{FILES}/effects/1").status_code == HTTPStatus.FORBIDDEN
    assert client(None).get(FILES).status_code in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}


def test_a_form_without_our_token_changes_nothing(client, files):
    answer = client(Role.ADMIN).post(f"{FILES}/edit", data={"file": "sla.yaml", "text": "x", "draft": "0"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_mistakes_are_told_with_file_line_key_and_what_would_be_right(client, files):
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    wrong = files["contacts.yaml"].replace("policy: manual", "policy: manuel", 1)
    line = wrong[: wrong.index("manuel")].count("\n") + 1
    page = words(editor.press("check", wrong))
    assert f"Line {line}" in page
    assert "is not one of" in page
    assert "did you mean &#39;manual&#39;?" in page
    assert "Save and publish" not in page


def test_a_draft_is_checked_as_a_whole(client, files):
    editor = Editor(client(Role.ADMIN), "calendars.yaml")
    page = words(editor.press("check", files["calendars.yaml"].replace("    office:", "    desk:")))
    assert "mappings/sla.yaml:" in page  # which names the calendar that is gone
    assert "mappings/objectives.yaml:" in page


def test_what_is_typed_is_saved_byte_for_byte_and_becomes_a_version(house, client, files):
    path = house.past.folder / "mappings" / "contacts.yaml"
    path.chmod(0o640)
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    typed = "# a comment   with spaces \n\n" + files["contacts.yaml"]
    editor.press("check", typed)
    page = words(editor.press("save", typed, why="to say something"))
    assert "Saved as version" in page
    assert path.read_text() == typed
    assert path.stat().st_mode & 0o777 == 0o640
    saved = history(house)[0]
    assert (saved.by, saved.why, saved.published) == ("anna (web)", "to say something", True)
    with house.database.read() as conn:
        told = [one.payload for one in events.since(conn, house.past.now(), 100) if one.payload.get("version")]
    assert told[-1] == {"act": "publish mappings", "version": saved.id, "why": "to say something", "by": "anna (web)"}


def test_only_what_was_checked_is_saved(house, client, files):
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    editor.press("check", files["contacts.yaml"] + "# one\n")
    before = len(history(house))
    page = words(editor.press("save", files["contacts.yaml"] + "# two\n", why="x"))
    assert "The text was changed after it was last checked" in page
    assert len(history(house)) == before
    assert "Saved as version" in words(editor.press("save", files["contacts.yaml"] + "# two\n", why="x"))


def test_a_draft_with_mistakes_and_one_without_a_reason_are_not_saved(house, client, files):
    editor = Editor(client(Role.ADMIN), "sla.yaml")
    editor.press("check", "sla: 5\n")
    assert "has mistakes" in words(editor.press("save", "sla: 5\n", why="x"))
    editor.press("check", files["sla.yaml"] + "#\n")
    assert "say why" in words(editor.press("save", files["sla.yaml"] + "#\n", why=" "))
    assert (house.past.folder / "mappings" / "sla.yaml").read_text() == files["sla.yaml"]


def test_who_began_on_older_files_sees_what_changed_before_anything_is_saved(house, client, files):
    mine, theirs = Editor(client(Role.ADMIN), "sla.yaml"), Editor(client(Role.ADMIN), "contacts.yaml")
    text = files["contacts.yaml"] + "# theirs\n"
    theirs.press("check", text)
    assert "Saved as version" in words(theirs.press("save", text, why="theirs"))
    page = words(mine.press("check", files["sla.yaml"] + "# mine\n"))
    assert "The files have changed since you began" in page
    assert "# theirs" in page
    assert "Nothing was saved" in words(mine.press("save", files["sla.yaml"] + "# mine\n", why="mine"))
    page = words(mine.press("onto", files["sla.yaml"] + "# mine\n"))
    assert "The files have changed since you began" not in page
    assert "Saved as version" in words(mine.press("save", files["sla.yaml"] + "# mine\n", why="mine"))
    folder = house.past.folder / "mappings"
    assert (folder / "contacts.yaml").read_text().endswith("# theirs\n")
    assert (folder / "sla.yaml").read_text().endswith("# mine\n")


def test_an_edit_on_disk_is_noticed_and_is_in_the_history(house, client, files):
    client(Role.VIEWER).get(FILES)
    (house.past.folder / "mappings" / "personas.yaml").write_text(files["personas.yaml"] + "# by hand\n")
    page = words(client(Role.VIEWER).get(f"{FILES}/versions"))
    assert "edited on disk" in page
    newest = history(house)[0]
    assert newest.by == "edited on disk"
    assert "# by hand" in words(client(Role.VIEWER).get(f"{FILES}/versions/{newest.id}"))


def test_one_click_leads_back_through_the_same_steps(house, client, files):
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    first = history(house)[0].id
    editor.press("check", files["contacts.yaml"] + "# oops\n")
    editor.press("save", files["contacts.yaml"] + "# oops\n", why="a slip")
    answer = editor.client.act(f"{FILES}/versions/{first}/back")
    editor.page = editor.client.get(answer.headers["Location"])
    assert "# oops" in words(editor.page)
    assert "Saved as version" in words(editor.press("save", why="back"))
    assert (house.past.folder / "mappings" / "contacts.yaml").read_text() == files["contacts.yaml"]


def test_files_come_and_go_with_a_version(house, client, files):
    one = client(Role.ADMIN)
    new = one.get(f"{FILES}/new?name=webinars.yaml")
    editor = Editor(one, new.headers["Location"].rpartition("/")[2])
    editor.name = "webinars.yaml"
    editor.press("check", "mapping: webinars\n")
    assert "is missing" in words(editor.page)
    company = files["companies.yaml"].replace("mapping: companies", "mapping: webinars", 1)
    editor.press("check", company)
    editor.name = "companies.yaml"
    editor.press("remove", files["companies.yaml"])
    page = words(editor.press("save", why="companies are called otherwise"))
    folder = house.past.folder / "mappings"
    assert "Saved as version" in page
    assert (folder / "webinars.yaml").read_text() == company
    assert not (folder / "companies.yaml").exists()


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "mapping: " + "[" * 5_000 + "]" * 5_000,
        "mapping: !!python/object/apply:os.system ['true']\n",
        "mapping: contacts\n<<: {x: 1}\n",
        "mapping: \x07\n",
        "- a\n- b\n",
        "{" * 20_000,
    ],
    ids=["a bomb of aliases", "deep nesting", "a tag that runs code", "a merge key", "a bell", "a list", "braces"],
)
def test_hostile_yaml_is_a_mistake_like_any_other(client, files, text):
    editor = Editor(client(Role.ADMIN), "personas.yaml")
    started = time.monotonic()
    page = words(editor.press("check", text))
    assert "mistake" in page
    assert "Save and publish" not in page
    assert time.monotonic() - started < 10


def test_what_is_too_large_to_be_a_configuration_is_refused(house, client, files):
    editor = Editor(client(Role.ADMIN), "personas.yaml")
    assert "larger than 256 KiB" in words(editor.press("check", "#" * 300_000))
    answer = editor.client.act(f"{FILES}/edit", file="personas.yaml", draft="0", text="#" * 6_000_000)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("name", ["../config.yaml", "/etc/passwd", "a/b.yaml", ".x.yaml", "Upper.yaml", "x.txt", ""])
def test_a_name_that_leads_elsewhere_is_refused(house, client, files, name):
    one = client(Role.ADMIN)
    editor = Editor(one, "sla.yaml")
    editor.name = name
    editor.press("check", "mapping: x\n")
    assert "mapping: x" not in (house.past.folder / "config.yaml").read_text()
    assert {path.name for path in (house.past.folder / "mappings").glob("*.yaml")} == set(files)
    with house.database.read() as conn:
        stored = previews.get(conn, int(hidden(editor.page, "draft")))
    assert set(stored.body["texts"]) == set(files)


def test_the_effect_of_a_new_rule_is_counted_and_shown_record_by_record(client, files):
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    text = files["contacts.yaml"].replace("    salesforce: Title\n", "    salesforce: Description\n")
    assert text != files["contacts.yaml"]
    editor.press("effect", text, who="first")
    shown = effect(editor)
    assert "What the next sync would do otherwise" in shown
    assert "Description" in shown


def test_another_rule_for_a_stage_is_replayed_lead_by_lead(client, files):
    editor = Editor(client(Role.ADMIN), "lifecycle.yaml")
    text = files["lifecycle.yaml"].replace(
        "criteria: hubspot.hubspotscore >= 80", "criteria: hubspot.hubspotscore >= 90"
    )
    assert text != files["lifecycle.yaml"]
    editor.press("effect", text, who="first", stage="mql", days="90")
    shown = effect(editor)
    assert re.search(r"In the last 90 days \d+ (person|people) would have come to .*, not \d+", shown), shown[:3000]
    assert "Lost" in shown


def test_another_promise_is_simulated(client, files):
    editor = Editor(client(Role.ADMIN), "sla.yaml")
    editor.press(
        "effect", files["sla.yaml"].replace("target: 4 business_hours", "target: 1 business_hours"), who="first"
    )
    shown = effect(editor)
    assert "Promises, under the draft" in shown
    assert "1 business hours" in shown


def test_trying_out_writes_to_no_crm_and_lets_nothing_come_into_force(house, client, files):
    def standing():
        with house.database.read() as conn:
            return editions.all(conn), state.named(conn, ""), len(list(house.past.world.services.log.entries()))

    editor = Editor(client(Role.ADMIN), "sla.yaml")
    editor.press("check", files["sla.yaml"])
    before = standing()
    text = (
        files["sla.yaml"]
        .replace("target: 4 business_hours", "target: 1 business_hours")
        .replace("edits: new", "edits: open_too")
    )
    editor.press("effect", text, who="everybody")
    assert "in force for clocks that run already, too" in effect(editor)
    kept, remembered, written = standing()
    assert (kept, written) == (before[0], before[2])
    assert {name for name in remembered.keys() | before[1].keys() if remembered.get(name) != before[1].get(name)} <= {
        "facts",
        "facts last told",
    }


def test_what_a_draft_would_change_is_forgotten_with_whom_it_speaks_of(house, client, files):
    editor = Editor(client(Role.ADMIN), "lifecycle.yaml")
    text = files["lifecycle.yaml"].replace(
        "criteria: hubspot.hubspotscore >= 80", "criteria: hubspot.hubspotscore >= 90"
    )
    editor.press("effect", text, who="first", stage="mql", days="90")
    assert "nadia@" in effect(editor)
    with house.database.begin() as conn:
        errands.forget(conn)  # as erasing anybody does
    assert editor.client.get(editor.address).status_code == HTTPStatus.NOT_FOUND


def test_drafts_and_what_they_would_change_are_kept_for_a_day(house, client, files):
    editor = Editor(client(Role.ADMIN), "contacts.yaml")
    editor.press("effect", files["contacts.yaml"] + "#\n", who="first")
    effect(editor)
    number = int(re.search(r"drafts/(\d+)", editor.client.get(editor.address).text)[1])
    now = house.past.now()
    for later, there in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
        with house.database.begin() as conn:
            previews.expire(conn, now + later)
            assert (previews.get(conn, number) is not None) is there
            assert (errands.latest(conn, previews.KIND, now) is not None) is there


def test_where_config_says_so_nobody_edits(house, client, files, monkeypatch):
    desk = house.app.extensions["smarketing_door"].desk
    monkeypatch.setitem(desk.web.admin.__dict__, "edit_mappings", False)  # as read from another config.yaml
    one = client(Role.ADMIN)
    assert "edit_mappings: false" in words(one.get(f"{FILES}/files/sla.yaml"))
    assert one.act(f"{FILES}/edit", file="sla.yaml", text="x", draft="0").status_code == HTTPStatus.FORBIDDEN


def test_an_admin_settles_what_a_folder_and_a_publication_disagree_about(house, client, files):
    one = client(Role.ADMIN)
    path = house.past.folder / "mappings" / "contacts.yaml"
    with house.database.begin() as conn:
        theirs = {**files, "contacts.yaml": files["contacts.yaml"] + "# theirs\n"}
        new = versions.NewVersion(
            "bea (web)", "elsewhere", digest_of(theirs), "seen by nobody here", theirs, published=True
        )
        versions.put(conn, new, house.past.now())
    page = one.get(FILES)
    assert "edited by hand" in words(page)
    editor = Editor(one, "contacts.yaml")
    editor.page = one.get(one.act(f"{FILES}/folder", which="folder").headers["Location"])
    assert "published for every machine" in words(editor.page)
    assert path.read_text() == files["contacts.yaml"]
    assert "edited by hand" in words(one.get(FILES))  # until somebody saves, or takes the other
    one.act(f"{FILES}/folder", which="published")
    assert path.read_text() == theirs["contacts.yaml"]
    assert "edited by hand" not in words(one.get(FILES))
    assert "Nothing was saved" in words(editor.press("save", why="begun before"))
