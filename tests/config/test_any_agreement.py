"""Whatever stands in lifecycle, personas or feedback: a definition that can be linted, or a list of problems."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.config.definition import definition_of
from connector.config.extends import shipped_text
from connector.config.fitting import fitted_definition
from connector.config.init import write_starter
from connector.config.lint import lint
from connector.config.load import load
from connector.config.questions import question
from connector.core.refs import Side
from connector.core.situation import Question, Situation
from connector.core.values import Kind
from connector.errors import Misconfigured
from tests.config.test_any_file import ENV, spoilt

NAMES = ("lifecycle", "personas", "feedback")
TEXTS = {
    name: [line for line in shipped_text(f"{name}.yaml").splitlines() if line.strip() and line.lstrip()[0] != "#"]
    for name in NAMES
}


@settings(max_examples=40, deadline=None)
@given(files=st.fixed_dictionaries({name: spoilt(lines) for name, lines in TEXTS.items()}))
def test_a_spoilt_agreement_is_told_as_problems_with_places(files):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_starter(folder, agreed=False)
        for file, text in files.items():
            (folder / "mappings" / f"{file}.yaml").write_text(text, encoding="utf-8")
        try:
            loaded = load(folder / "config.yaml", ENV)
            definition = definition_of(loaded)
        except Misconfigured as error:
            sizes = {f"mappings/{file}.yaml": text.count("\n") + 2 for file, text in files.items()}
            for problem in error.problems:
                assert problem.message
                assert problem.line <= sizes.get(problem.file, problem.line)
            return
        findings = lint(loaded, {})
        assert all(finding.message for finding in findings)
        if definition is not None:
            assert fitted_definition(definition, {}).spellings == {}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="stagetouch.humandelwonhubspot ()!=<>&|'\"[]{}01null+-*/?:,\\\n", max_size=50))
@example("touch")
@example("stage in [")
@example("deal.amount / 0 == 1")
@example("touch.")
def test_no_text_breaks_the_compiler_of_questions_and_what_compiles_answers(text):
    found = question(text, {Side.HUBSPOT: {"email": Kind.EMAIL}}, {"stage": ("lead",)})
    if isinstance(found, Question):
        assert found.holds(Situation()) in (True, False)
    else:
        assert found
        assert all(fault.line >= 1 and fault.character >= 1 and fault.message for fault in found)
