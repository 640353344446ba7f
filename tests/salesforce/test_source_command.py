"""smarketing setup salesforce --source, as an admin types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli import main
from connector.salesforce.source.folder import MARKER
from tests.salesforce.metadata import ENV, RECEIVING, faults, public, shipped


def typed(folder: Path, *more: str) -> Result:
    arguments = ["setup", "salesforce", "--config", str(folder / "config.yaml"), *more]
    return CliRunner().invoke(main, arguments, env=ENV, catch_exceptions=False)


def test_the_folder_is_written_and_told_with_what_is_next(tmp_path: Path):
    shipped(tmp_path)
    result = typed(tmp_path, "--source", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert "38  CustomField" in result.stdout
    assert "2  PermissionSet" in result.stdout
    assert "Wrote 47 files" in result.stderr
    assert "sf project deploy start --source-dir force-app --target-org ORG --dry-run" in result.stderr
    assert "Give the permission sets" in result.stderr
    assert "No org was asked" in result.stderr
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 47 + 1  # and the marker
    assert {path.name: found for path in files if path.suffix == ".xml" and (found := faults(path.read_text()))} == {}


def test_an_edit_of_the_agreement_changes_what_it_must_and_tells_it(tmp_path: Path):
    shipped(tmp_path)
    typed(tmp_path, "--source", str(tmp_path / "out"))
    (tmp_path / "mappings" / "sla.yaml").unlink()
    result = typed(tmp_path, "--source", str(tmp_path / "out"))
    assert result.exit_code == 0
    gone = "force-app/main/default/objects/Lead/fields/Smarketing_SLA_Due__c.field-meta.xml"
    assert f"removed  {gone}, which is no longer asked for" in result.stdout
    assert not (tmp_path / "out" / gone).exists()
    assert "SLA_Due" not in (tmp_path / "out" / "manifest" / "package.xml").read_text()


def test_as_data(tmp_path: Path):
    shipped(tmp_path, more=RECEIVING)
    public(tmp_path)
    data = json.loads(typed(tmp_path, "--source", str(tmp_path / "out"), "--json").stdout)
    assert set(data) == {"folder", "components", "written", "removed", "unchanged", "steps"}
    assert {one["type"] for one in data["components"]} == {
        *("CustomField", "Flow", "ListView", "PermissionSet", "WorkflowOutboundMessage")
    }
    assert {one["file"] for one in data["components"]} <= set(data["written"])
    assert any("SMARKETING_OUTBOUND_SECRET" in step for one in data["steps"] for step in one["steps"])
    assert not any(secret in json.dumps(data) for secret in ENV.values())


def test_a_folder_of_somebody_is_not_written_into(tmp_path: Path):
    shipped(tmp_path)
    result = typed(tmp_path, "--source", str(tmp_path))
    assert result.exit_code == 1
    assert "Not done:" in result.stderr
    assert "--force" in result.stderr
    assert not (tmp_path / MARKER).exists()
    assert typed(tmp_path, "--source", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "sfdx-project.json").exists()


def test_a_mistake_in_the_files_is_told_with_its_place(tmp_path: Path):
    shipped(tmp_path)
    file = tmp_path / "mappings" / "contacts.yaml"
    file.write_text(file.read_text().replace("kind: email\n", "kind: emial\n", 1))
    result = typed(tmp_path, "--source", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "did you mean 'email'" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("other", ["--plan", "--no-layouts", "--rep=kim@acme.example"])
def test_a_folder_asks_nobody_so_that_it_goes_with_no_option_of_asking(tmp_path: Path, other: str):
    shipped(tmp_path)
    result = typed(tmp_path, "--source", str(tmp_path / "out"), other)
    assert result.exit_code == 2
    assert "--source asks nobody" in result.stderr
    assert not (tmp_path / "out").exists()


def test_force_is_about_the_folder_only(tmp_path: Path):
    shipped(tmp_path)
    result = typed(tmp_path, "--force")
    assert result.exit_code == 2
    assert "--force is about the folder of --source" in result.stderr
