"""Reading YAML: places, plain scalars, and hostile or broken files."""

from __future__ import annotations

import time

import pytest

from connector.config.yaml import BYTES_MAX, Document, parse, read
from connector.errors import Problem


def problems_of(text: str) -> list[str]:
    problems: list[Problem] = []
    parse(text, "f.yaml", problems)
    return [str(problem) for problem in problems]


def document(text: str) -> Document:
    problems: list[Problem] = []
    found = parse(text, "f.yaml", problems)
    assert problems == []
    return found


def test_every_key_and_item_knows_its_line():
    found = document("a: 1\nb:\n  - x\n  - c: |\n      deep\n")
    assert {path: place.line for path, place in found.places.items()} == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
    }
    assert found.place(("b", 1, "c")).value_line == 5


def test_a_path_that_is_not_written_stands_where_its_nearest_part_does():
    assert document("x: 1\na:\n  b: 1\n").place(("a", "missing", "deeper")).line == 2


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("12", 12),
        ("-3", -3),
        ("0.10", 0.1),
        ("true", True),
        ("null", None),
        ("", None),
        ("007", "007"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("yes", "yes"),
        ("off", "off"),
        ("2026-09", "2026-09"),
        ("2026-11-23", "2026-11-23"),
        ("'12'", "12"),
        ("1e999", "1e999"),
    ],
)
def test_a_scalar_is_what_it_looks_like(written, understood):
    found = document(f"a: {written}\n").data["a"]
    assert found == understood
    assert type(found) is type(understood)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a:\n\tb: 1\n",
            "f.yaml:2: is not YAML at column 1: a tab where YAML wants spaces; replace it by spaces",
        ),
        (
            "a: {b: 1\n",
            (
                "f.yaml:2: is not YAML at column 1: expected ',' or '}', but got '<stream end>' (while parsing a"
                " flow mapping)"
            ),
        ),
        (
            "a: b: c\n",
            (
                "f.yaml:1: is not YAML at column 5: an unexpected ':'; put text that holds ': ' in quotes, or check"
                " the indentation"
            ),
        ),
        ("a: 'x\n", "f.yaml:2: is not YAML at column 1: a quote is opened but never closed"),
        ("a: `x`\n", "f.yaml:1: is not YAML at column 4: a character that YAML reserves; put the text in quotes"),
        ("a:\n  b: 1\n c: 2\n", "f.yaml:3: is not YAML at column 2: the indentation does not fit the lines above"),
        ("a: 1\nb: \x01\n", "f.yaml:2: holds a control character, which YAML forbids; remove it"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: starts a second document; keep one document a file"),
        ("- a\n", "f.yaml:1: must hold settings like `name: value`, one a line"),
        ("? [a]\n: 1\n", "f.yaml:1: has a list or group as a key; a key is a plain word"),
        (
            "a: !!python/object:os.system x\n",
            "f.yaml:1 a: uses a tag (!), which is not supported; put text that starts with ! in quotes",
        ),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3 a: stands here a second time (first in line 1); keep one of them"),
        ("a: &x {b: 1}\n", "f.yaml:1 a: uses an anchor or alias (& or *), which is not supported; write the value out"),
        ("a: {<<: {b: 1}}\n", "f.yaml:1 a: uses the merge key '<<', which is not supported; write the settings out"),
    ],
)
def test_a_fault_names_its_line_and_what_would_be_right(text, problem):
    assert problems_of(text) == [problem]


def test_all_duplicate_keys_are_told_at_once():
    assert problems_of("a: 1\na: 2\nb: {c: 1, c: 2}\n") == [
        "f.yaml:2 a: stands here a second time (first in line 1); keep one of them",
        "f.yaml:3 b.c: stands here a second time (first in line 3); keep one of them",
    ]


def test_a_billion_laughs_cost_nothing():
    laughs = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
    )
    started = time.monotonic()
    found = problems_of(laughs)
    assert time.monotonic() - started < 1
    assert found[0] == "f.yaml:1 a: uses an anchor or alias (& or *), which is not supported; write the value out"


def test_deep_nesting_is_refused_before_it_hurts():
    assert problems_of("a: " + "[" * 5000 + "]" * 5000) == ["f.yaml:1 a[0][0]: is nested more than 20 levels deep"]


def test_a_file_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: 1\n" * BYTES_MAX)
    problems: list[Problem] = []
    assert read(path, "big.yaml", problems).data == {}
    assert [str(p) for p in problems] == ["big.yaml: is larger than 256 KiB; no configuration needs that"]


def test_a_file_in_another_encoding_names_the_line(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    problems: list[Problem] = []
    read(path, "latin.yaml", problems)
    assert [str(p) for p in problems] == ["latin.yaml:2: is not UTF-8 text; save the file as UTF-8"]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(path, "bom.yaml", []).data == {"a": 1}


def test_a_folder_in_the_place_of_a_file_is_a_problem(tmp_path):
    problems: list[Problem] = []
    read(tmp_path, "x.yaml", problems)
    assert [str(p) for p in problems] == ["x.yaml: cannot be read: Is a directory"]
