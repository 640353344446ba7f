"""A folder to write configurations in, and their problems as the lines people read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config.compile import compile_mappings
from connector.config.load import Loaded, load
from connector.core.mapping import MappingSet
from connector.errors import Misconfigured

ENV = {"HUBSPOT_TOKEN": "pat-123", "SF_SECRET": "s3cret"}
CONFIG = """\
hubspot:
  access_token: env:HUBSPOT_TOKEN
salesforce:
  login_url: https://acme.my.salesforce.com
  auth: {client_id: app, client_secret: env:SF_SECRET}
"""
MAPPING = """\
mapping: people
hubspot: contacts
salesforce: [Lead, Contact]
identity: {salesforce_field: HubSpot_Contact_Id__c}
fields:
  email: {hubspot: email, salesforce: Email, kind: email}
"""


class Folder:
    """A configuration folder under test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("config.yaml", CONFIG)
        self.write("mappings/people.yaml", MAPPING)

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def load(self, env: dict[str, str] = ENV) -> Loaded:
        return load(self.path / "config.yaml", env)

    def compile(self) -> MappingSet:
        return compile_mappings(self.load())

    def problems(self, act: Callable[[], object] | None = None) -> list[str]:
        """The problems of loading and compiling, as printed."""
        with pytest.raises(Misconfigured) as raised:
            (act or self.compile)()
        return [str(problem) for problem in raised.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
