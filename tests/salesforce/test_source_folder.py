"""Writing the folder of sources: whole, again without a change, and never over what is somebody else's."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import ParseError

import orjson
import pytest

from connector.errors import Refused
from connector.salesforce.source.folder import MARKER, Written, write

FILES = {"README.md": "read\n", "a/b/one.xml": "<one/>\n", "a/two.xml": "<two/>\n"}


def held(folder: Path) -> dict[str, str]:
    """Every file but the marker."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in found}


@pytest.mark.parametrize("prepared", [False, True], ids=["new", "empty"])
def test_a_folder_of_ours_holds_exactly_the_files(tmp_path: Path, *, prepared: bool):
    folder = tmp_path / "deep" / "out"
    if prepared:
        folder.mkdir(parents=True)
    assert write(FILES, folder) == Written(tuple(FILES), (), 0)
    assert held(folder) == FILES


def test_the_second_time_nothing_is_written(tmp_path: Path):
    write(FILES, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.xml")}
    marker = (tmp_path / "out" / MARKER).read_bytes()
    assert write(FILES, tmp_path / "out") == Written((), (), 3)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.xml")} == times
    assert (tmp_path / "out" / MARKER).read_bytes() == marker


def test_bytes_do_not_depend_on_the_machine(tmp_path: Path):
    write({"a.md": "one\ntwo \U0001f600\r\n"}, tmp_path / "out")
    assert (tmp_path / "out" / "a.md").read_bytes() == b"one\ntwo \xf0\x9f\x98\x80\r\n"


def test_a_folder_with_files_of_somebody_is_refused_and_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match=r"holds files and was not made by this command.*--force"):
        write(FILES, tmp_path)
    assert held(tmp_path) == {"mine.txt": "mine"}
    assert not (tmp_path / MARKER).exists()


def test_forced_it_is_written_beside_them(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "README.md").write_text("theirs")
    write(FILES, tmp_path, force=True)
    assert held(tmp_path) == FILES | {"mine.txt": "mine"}


def test_a_file_is_no_folder_even_when_forced(tmp_path: Path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(Refused, match="is a file; name a folder"):
        write(FILES, tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "mine"


def test_what_is_no_longer_asked_for_is_removed_with_the_folders_it_leaves_empty(tmp_path: Path):
    write(FILES, tmp_path)
    (tmp_path / "a" / "mine.txt").write_text("mine")
    assert write({"README.md": "read\n"}, tmp_path) == Written((), ("a/b/one.xml", "a/two.xml"), 1)
    assert held(tmp_path) == {"README.md": "read\n", "a/mine.txt": "mine"}
    assert not (tmp_path / "a" / "b").exists()


def test_an_edited_file_is_refused_before_anything_is_written(tmp_path: Path):
    write(FILES, tmp_path)
    (tmp_path / "a" / "two.xml").write_text("<edited/>")
    with pytest.raises(Refused, match=r"somebody has edited files in .*: a/two\.xml\. .*--force"):
        write(FILES | {"README.md": "anew\n"}, tmp_path)
    assert held(tmp_path) == FILES | {"a/two.xml": "<edited/>"}
    assert write(FILES, tmp_path, force=True).written == ("a/two.xml",)
    assert held(tmp_path) == FILES


def test_an_edited_file_that_is_no_longer_asked_for_is_not_removed(tmp_path: Path):
    write(FILES, tmp_path)
    (tmp_path / "a" / "two.xml").write_text("<edited/>")
    with pytest.raises(Refused, match="somebody has edited"):
        write({"README.md": "read\n"}, tmp_path)
    assert (tmp_path / "a" / "two.xml").read_text() == "<edited/>"


def test_an_edit_that_says_what_we_would_say_is_none(tmp_path: Path):
    write(FILES, tmp_path)
    (tmp_path / "README.md").write_text("anew\n")
    assert write(FILES | {"README.md": "anew\n"}, tmp_path) == Written((), (), 3)
    assert write(FILES, tmp_path).written == ("README.md",)


def test_many_edited_files_are_told_in_short(tmp_path: Path):
    many = {f"{number}.md": "as it was\n" for number in range(8)}
    write(many, tmp_path)
    for name in many:
        (tmp_path / name).write_text("edited")
    with pytest.raises(Refused, match=r"0\.md, 1\.md, 2\.md, 3\.md, 4\.md and more\. Keep"):
        write(many, tmp_path)


def test_a_file_somebody_put_where_ours_will_be_is_not_overwritten(tmp_path: Path):
    write({"README.md": "read\n"}, tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "two.xml").write_text("<theirs/>")
    with pytest.raises(Refused, match=r"a/two\.xml"):
        write(FILES, tmp_path)
    assert held(tmp_path) == {"README.md": "read\n", "a/two.xml": "<theirs/>"}


def test_a_file_that_was_deleted_is_written_again(tmp_path: Path):
    write(FILES, tmp_path)
    (tmp_path / "README.md").unlink()
    assert write(FILES, tmp_path).written == ("README.md",)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": 3}', "{}"])
def test_a_damaged_marker_is_refused(tmp_path: Path, damage: str):
    write(FILES, tmp_path)
    (tmp_path / MARKER).write_text(damage)
    with pytest.raises(Refused, match="is damaged, so nobody can tell what is yours"):
        write({"README.md": "read\n"}, tmp_path, force=True)
    assert held(tmp_path) == FILES


@pytest.mark.parametrize("outside", ["../mine.txt", "{folder}/../mine.txt", "a/../../mine.txt"])
def test_a_marker_cannot_have_files_outside_of_the_folder_removed(tmp_path: Path, outside: str):
    folder = tmp_path / "out"
    write(FILES, folder)
    mine = tmp_path / "mine.txt"
    mine.write_text("read\n")
    told = orjson.loads((folder / MARKER).read_bytes())
    told["files"][outside.format(folder=folder)] = told["files"]["README.md"]  # the digest of just what is in it
    (folder / MARKER).write_bytes(orjson.dumps(told))
    assert write({}, folder, force=True).removed == tuple(sorted(FILES))
    assert mine.read_text() == "read\n"


def test_what_is_no_xml_is_noticed_on_reading_back(tmp_path: Path):
    with pytest.raises(ParseError):
        write({"one.xml": "<one>"}, tmp_path)
