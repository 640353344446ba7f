"""The runner itself: it refuses what it does not understand, and a story that is not true fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.acts import acts, understood
from tests.scenarios.claims import claims
from tests.scenarios.play import play
from tests.scenarios.stories import StoryProblem, stories_in
from tests.scenarios.vocabulary import Vocabulary

ADA = """
- title: {title}
  complaint: 1
  given:
    - marketer adds Ada: {{email: ada@acme.example, jobtitle: Analyst}}
  when:
    - {when}
  then:
    - {then}
"""
TRUE = "salesforce has Ada: {Title: Analyst}"


def _told(folder: Path, text: str, name: str = "one.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def _play(folder: Path, when: str, then: str) -> None:
    (story,) = stories_in(_told(folder, ADA.format(title="Ada", when=when, then=then)))
    play(story, folder, f"sqlite:///{folder / 'bridge.db'}")


def test_a_true_story_passes(tmp_path: Path) -> None:
    _play(tmp_path, "sync", TRUE)


@pytest.mark.parametrize(
    "claim",
    [
        "salesforce has Ada: {Title: Countess}",
        "hubspot has Ada: {jobtitle: null}",
        "salesforce has 2 people",
        "salesforce does not have Ada",
        "Ada is not linked",
        "the last pass wrote nothing",
        "the last pass wrote: {salesforce: 5}",
        "the bridge never wrote Title on salesforce",
        "issues: [{kind: conflict}]",
        "why Ada jobtitle: [{wins: Countess}]",
        "why Ada jobtitle: [{wins: Analyst, because: newest}]",
        "'nothing personal is left': [ada@acme.example]",
        "'the store remembers': [Countess of Numbers]",
        "'the last pass was held': archive",
        "'the last pass skipped': {Ada: changed}",
    ],
)
def test_a_claim_that_is_not_true_fails_with_its_line(tmp_path: Path, claim: str) -> None:
    with pytest.raises(AssertionError, match=r"one\.yaml:9: .* does not hold"):
        _play(tmp_path, "sync", claim)


def test_people_on_one_side_only_are_told_as_not_linked(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"Ada .* is not linked"):
        _play(tmp_path, "plan", "nobody is lost")


def test_two_with_one_address_are_told_as_duplicates(tmp_path: Path) -> None:
    twice = "rep adds lead Eve: {Email: eve@acme.example}\n    - rep adds lead Bob: {Email: EVE@acme.example}"
    with pytest.raises(AssertionError, match=r"eve@acme\.example"):
        _play(tmp_path, twice, "there are no duplicates")


def test_open_issues_are_not_passed_over(tmp_path: Path) -> None:
    shared = (
        "rep adds lead Eve: {Email: eve@acme.example}\n    - rep adds lead Bob: {Email: eve@acme.example}\n    - sync"
    )
    with pytest.raises(AssertionError, match="ambiguous"):
        _play(tmp_path, shared, "no issues")


def test_a_bridge_that_still_has_something_to_write_fails_the_story(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="and yet the bridge writes"):
        _play(tmp_path, "advance 1 minutes", "salesforce has 0 people")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("rep edit Ada: {Title: x}", r"one\.yaml:7: 'rep edit Ada': unknown step in given and when; did you mean 'rep"),
        ("sync: {now: true}", r"one\.yaml:7: 'sync': takes no details"),
        ("rep edits Ada", r"one\.yaml:7: 'rep edits Ada': details are missing"),
        ("before the next write to salesforce: [rep dances]", r"one\.yaml:7: 'rep dances': unknown step"),
        ("rep edits Nobody: {Title: x}", r"one\.yaml:7: 'rep edits Nobody': .*nobody is called Nobody"),
        ("sync, but crash at step 999", r"one\.yaml:7: .* the pass was over after \d+ steps"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_with_file_and_line(tmp_path: Path, step: str, said: str) -> None:
    with pytest.raises(StoryProblem, match=said):
        _play(tmp_path, step, "no issues")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: x", r"one\.yaml:1: a file of stories is a list"),
        ("- title: x\n  complaint: 1", r"one\.yaml:1: missing then"),
        ("- title: x\n  complaint: 1\n  then: []", r"one\.yaml:1: `then` is empty"),
        ("- title: x\n  complaint: 1\n  thn: [no issues]\n  then: [no issues]", r"one\.yaml:1: unknown thn"),
        ("- title: x\n  complaint: 1\n  then:\n    - {a: 1, b: 2}", r"one\.yaml:4: a step is one line of words"),
        ("- title: x\n  complaint: 1\n  then: [<y>]", r"one\.yaml:3: <y> is no column"),
        ("- title: x\n  complaint: 1\n  settings: {colour: red}\n  then: [no issues]", r"unknown settings colour"),
        ("- title: x\n  complaint: 1\n  for each: [{y: 1}]\n  then: [no issues]", r"the title names no column"),
        ("- title: [", r"one\.yaml:\d: "),
    ],
)
def test_a_story_that_cannot_be_read_is_refused_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StoryProblem, match=said):
        stories_in(_told(tmp_path, text))


@pytest.mark.parametrize("vocabulary", [acts, claims], ids=lambda each: each.part)
def test_no_two_phrases_answer_to_one_line_and_the_readme_names_each(vocabulary: Vocabulary) -> None:
    readme = (Path(__file__).parent / "README.md").read_text()
    for phrase in vocabulary.phrases:
        sample = phrase.shown
        for word, example in {"NAME": "Ada", "OTHER": "Bob", "NUMBER": "3", "UNIT": "days", "SIDE": "hubspot"}.items():
            sample = sample.replace(word, example)
        sample = sample.replace("FIELD", "city").replace("ACT", "edit").replace("OBJECT", "lead")
        answering = [each.shown for each in vocabulary.phrases if each.pattern.fullmatch(sample)]
        assert answering == [phrase.shown]
        assert f"`{phrase.shown}`" in readme


def test_every_story_of_the_folder_is_understood_before_it_runs() -> None:
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for story in stories_in(path):
            for line in (*story.given, *story.when):
                understood(line)
            for line in story.then:
                claims.understand(line)
