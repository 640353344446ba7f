"""Whatever stands in the files: either a configuration or a list of problems, never another exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.config.compile import compile_mappings
from connector.config.conditions import Compiled, compiled
from connector.config.extends import shipped_text
from connector.config.init import example_text
from connector.config.load import load
from connector.config.yaml import parse
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Misconfigured, Problem

ENV = {"HUBSPOT_TOKEN": "t", "SALESFORCE_CLIENT_SECRET": "s"}
CONFIG, CONTACTS = example_text().splitlines(), shipped_text("contacts.yaml").splitlines()
SCRAPS = [
    "x: 1",
    "  - a",
    "  when: )",
    "\tb: 2",
    "fields:",
    "  direction: up",
    "&a *a",
    "? {a: b}",
    "null",
    "match: 3",
    "[]",
]
YAMLISH = st.text(alphabet="ab:{}[]-,'\"|>&*!#%@`\n\t ?~0.<", max_size=60)


@st.composite
def spoilt(draw, lines: list[str]) -> str:
    """A shipped file after some lines were lost, moved or replaced by scraps."""
    changed = list(lines)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(changed) - 1))
        scrap = draw(
            st.one_of(
                st.just([]),
                st.sampled_from(SCRAPS).map(lambda text: [text]),
                st.sampled_from(lines).map(lambda text: [text]),
            )
        )
        changed[at : at + 1] = scrap
        changed = changed or [""]
    return "\n".join(changed)


@settings(max_examples=60, deadline=None)
@given(config=spoilt(CONFIG), contacts=spoilt(CONTACTS))
def test_a_spoilt_configuration_is_told_as_problems_with_places(config, contacts):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mappings").mkdir()
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        (folder / "mappings" / "contacts.yaml").write_text(contacts, encoding="utf-8")
        try:
            compile_mappings(load(folder / "config.yaml", ENV))
        except Misconfigured as error:
            sizes = {"config.yaml": config, "mappings/contacts.yaml": contacts}
            for problem in error.problems:
                assert problem.message
                if problem.file in sizes:
                    assert problem.line <= sizes[problem.file].count("\n") + 2


@settings(max_examples=300, deadline=None)
@given(YAMLISH | st.text(max_size=40))
@example("a: !<")
@example("%")
@example("a: \ud800")
@example("? ")
def test_no_text_breaks_the_reader(text):
    problems: list[Problem] = []
    found = parse(text, "f.yaml", problems)
    assert isinstance(found.data, dict)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="hubspot.email salforce()!=<>&|'\"[]{}0123null+-*/?:,\\\n", max_size=50))
@example("hubspot.email == '\\")
@example("1/0 == 1")
@example("9223372036854775807 + 1 > 0")
@example("(" * 500 + "true" + ")" * 500)
@example("hubspot.email.matches('(')")
def test_no_text_breaks_the_compiler_of_conditions(text):
    kinds = {Side.HUBSPOT: {"email": Kind.TEXT}, Side.SALESFORCE: {}}
    found = compiled(text, kinds)
    if isinstance(found, Compiled):
        assert found.holds(None, None) in (True, False)
    else:
        assert found
        assert all(fault.message for fault in found)
