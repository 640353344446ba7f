"""config.example.yaml, the starter and the schemas: complete, loadable, the same from a checkout as from a wheel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

import jsonschema
import pytest
from pydantic import BaseModel

from connector.config.compile import compile_mappings
from connector.config.extends import SHIPPED, extended, shipped_text
from connector.config.init import example_text, write_starter
from connector.config.load import AGREED_FILES, load
from connector.config.mappings import MappingFile
from connector.config.problems import validated
from connector.config.schema import json_schemas
from connector.config.settings import Settings
from connector.config.yaml import parse

ROOT = Path(__file__).parents[2]
ENV = {"HUBSPOT_TOKEN": "t", "SALESFORCE_CLIENT_SECRET": "s"}


def leaves(model: type[BaseModel], path: str = "") -> dict[str, Any]:
    """Every setting of a model by dotted path, with its default."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        here = f"{path}.{name}".removeprefix(".")
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        groups = [part for part in inner if issubclass(part, BaseModel)]
        if groups:
            found.update(leaves(groups[0], here + ".NAME" * (get_origin(field.annotation) is dict)))
        else:
            found[here] = field.default
    return found


def written(data: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        here = f"{path}.{name}".removeprefix(".")
        found.update(written(value, here) if isinstance(value, dict) else {here: value})
    return found


def in_use() -> dict[str, Any]:
    return written(parse(example_text(), "example", []).data)


def in_full() -> dict[str, Any]:
    """The example with every commented-out setting in use."""
    problems = []
    text = re.sub(r"^( *)#(?=( {2})*\w)", r"\1", example_text(), flags=re.MULTILINE)
    data = parse(text, "example", problems).data
    assert problems == []
    for named in ("notifications", "webhooks_out"):
        data[named] = dict.fromkeys(["NAME"], *data[named].values())
    return written(data)


def test_the_example_shows_every_setting_and_no_other():
    assert set(in_full()) == set(leaves(Settings))


def test_the_example_shows_the_defaults():
    yours_to_fill_in = {"hubspot.access_token", "salesforce.login_url"}
    defaults = leaves(Settings)
    for key, value in in_use().items():
        if key not in yours_to_fill_in and not key.startswith("salesforce.auth.client"):
            assert value == defaults[key], key


def test_every_setting_of_the_example_stands_under_a_comment():
    lines = example_text().splitlines()
    unexplained = []
    for number, line in enumerate(lines):
        key = re.fullmatch(r" *#?(\w+):.*", line)
        above = lines[number - 1].strip()
        if key and not above.startswith("#") and above and not above.endswith(":") and not re.match(r"#?\w+:", above):
            unexplained.append(line)
    assert unexplained == []


def test_the_example_in_the_repository_is_the_one_that_ships():
    assert (ROOT / "config.example.yaml").read_text(encoding="utf-8") == example_text()


def test_a_starter_loads_and_compiles_at_once(tmp_path):
    names = [str(path.relative_to(tmp_path)) for path in write_starter(tmp_path)]
    shipped = ("contacts", "companies", "deals", "owners", *AGREED_FILES)
    assert sorted(names) == sorted(["config.yaml", *(f"mappings/{name}.yaml" for name in shipped)])
    loaded = load(tmp_path / "config.yaml", ENV)
    pairs = compile_mappings(loaded).pairs
    assert [pair.name for pair in pairs] == ["contacts/Lead", "contacts/Contact"]
    assert {source.file.mapping: source.file.enabled for source in loaded.mappings} == {
        "contacts": True,
        "companies": False,
        "deals": False,
    }


def test_a_starter_never_overwrites(tmp_path):
    write_starter(tmp_path)
    (tmp_path / "config.yaml").write_text("mine")
    (tmp_path / "mappings" / "deals.yaml").unlink()
    assert write_starter(tmp_path) == [tmp_path / "mappings" / "deals.yaml"]
    assert (tmp_path / "config.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["companies", "deals"])
def test_shipped_mappings_that_are_off_compile_when_switched_on(tmp_path, name):
    write_starter(tmp_path)
    file = tmp_path / "mappings" / f"{name}.yaml"
    file.write_text(file.read_text().replace("enabled: false", "enabled: true"))
    pairs = compile_mappings(load(tmp_path / "config.yaml", ENV)).pairs
    assert {pair.mapping for pair in pairs} == {"contacts", name}


def test_the_extending_example_adds_changes_and_removes(tmp_path):
    write_starter(tmp_path)
    example = ROOT / "mappings" / "examples" / "contacts.demo.yaml"
    (tmp_path / "mappings" / "contacts.yaml").write_text(example.read_text())
    lead, contact = compile_mappings(load(tmp_path / "config.yaml", ENV)).pairs
    rules = {rule.name: rule for rule in lead.rules}
    assert {"birthday", "interests", "budget", "newsletter", "demo_at", "email", "owner"} <= set(rules)
    assert "website" not in rules
    assert rules["job_title"].policy == "hubspot"
    assert rules["interests"].to_salesforce("REPORTING;SYNC") == "Analytics;CRM"
    assert rules["interests"].to_hubspot("Analytics;Events") == "REPORTING"  # unmapped: blank on this way
    assert len(contact.rules) == len(lead.rules) - 3  # company, industry and revenue are the Lead's


@pytest.mark.parametrize("name", [*SHIPPED, "examples/contacts.demo"])
def test_shipped_mappings_satisfy_their_json_schema(name):
    text = (ROOT / "mappings" / f"{name}.yaml").read_text(encoding="utf-8")
    schema = json_schemas()["mapping"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(parse(text, name, []).data, schema)


def test_the_example_satisfies_its_json_schema_and_mistakes_do_not():
    schema = json_schemas()["config"]
    jsonschema.Draft202012Validator.check_schema(schema)
    data = parse(example_text(), "example", []).data
    jsonschema.validate(data, schema)
    for spoilt in ({"brige": {}}, {"hubspot": {"access_token": "literal"}}, {"guards": {"creates": {"number": "x"}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data | spoilt, schema)


@pytest.mark.parametrize("name", AGREED_FILES)
def test_what_both_teams_agreed_on_satisfies_its_json_schema(name):
    schema = json_schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(parse(shipped_text(f"{name}.yaml"), name, []).data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({name: {"stagse": {}}}, schema)


@pytest.mark.parametrize("name", AGREED_FILES)
def test_every_key_of_what_both_teams_agreed_on_is_explained_in_its_file(name):
    """Where one edits it: in a comment, or shown in use."""
    schema = json_schemas()[name]
    keys = {key for group in (schema, *schema["$defs"].values()) for key in group.get("properties", {})}
    text = shipped_text(f"{name}.yaml")
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)] == []


def test_a_starter_may_do_without_what_both_teams_agreed_on(tmp_path):
    write_starter(tmp_path, agreed=False)
    loaded = load(tmp_path / "config.yaml", ENV)
    assert not loaded.lifecycle_on
    assert "lifecycle_stage" in {rule.name for rule in compile_mappings(loaded).pairs[0].rules}


def test_owners_yaml_satisfies_its_json_schema():
    jsonschema.validate(parse(shipped_text("owners.yaml"), "owners", []).data, json_schemas()["owners"])


def test_the_shipped_texts_are_package_data():
    """What setuptools packs: YAML files inside packages that `include` names."""
    for folder in (ROOT / "mappings", ROOT / "mappings" / "examples", ROOT / "connector" / "config"):
        assert (folder / "__init__.py").exists()
        assert list(folder.glob("*.yaml"))


def test_every_key_of_a_mapping_is_explained_in_contacts_yaml():
    text = shipped_text("contacts.yaml")
    rule = json_schemas()["mapping"]["$defs"]["FieldRule"]["properties"]
    unexplained = [key for key in [*MappingFile.model_fields, *rule] if not re.search(rf"\b{key}\b", text)]
    assert unexplained == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_that_only_extends_the_default_is_the_default(name):
    problems = []
    bare = extended(parse(f"mapping: {name}\nextends: default\n", "mine.yaml", problems), problems)
    mine = validated(MappingFile, bare, None, problems)
    shipped = validated(MappingFile, parse(shipped_text(f"{name}.yaml"), "x", problems), None, problems)
    assert problems == []
    assert mine.model_copy(update={"extends": None}) == shipped
