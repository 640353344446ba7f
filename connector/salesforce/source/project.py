"""The whole folder as texts: the components, the manifest that names them, the project file, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import orjson

from connector.salesforce.source.asked import SECRET, USER, Asked, Component
from connector.salesforce.source.fields import fields
from connector.salesforce.source.notices import notices
from connector.salesforce.source.permissions import permission_sets
from connector.salesforce.source.steps import readme, steps
from connector.salesforce.source.views import views
from connector.salesforce.source.xml import Element, document
from connector.wanted import ByHand

MANIFEST: Final = "manifest/package.xml"
README: Final = "README.md"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of sources. `files`: text by path below the folder. `steps`: what a person does with it, in order."""

    components: tuple[Component, ...]
    files: Mapping[str, str]
    steps: tuple[ByHand, ...]


def source(asked: Asked) -> Source:
    """Everything that Salesforce must have.

    Raises:
        Refused: names that Salesforce cannot have, texts that no XML holds, or one field asked for in two ways.
    """
    components = (*fields(asked), *views(asked), *permission_sets(asked), *notices(asked))
    told = steps(asked, components)
    files = {
        **{one.path: one.text for one in components},
        MANIFEST: _manifest(components, asked.api_version),
        "sfdx-project.json": _project(components, asked),
        README: readme(told),
    }
    return Source(components, dict(sorted(files.items())), told)


def _manifest(components: Iterable[Component], api_version: str) -> str:
    named = sorted((one.type, one.member) for one in components)
    types: list[Element] = [
        ("types", (*(("members", member) for _, member in group), ("name", of_type)))
        for of_type, group in groupby(named, key=lambda one: one[0])
    ]
    return document("Package", (*types, ("version", api_version)))


def _project(components: Iterable[Component], asked: Asked) -> str:
    project: dict[str, Any] = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "name": "smarketing",
        "namespace": "",
        "sourceApiVersion": asked.api_version,
    }
    placeholders = (SECRET,) if asked.user else (SECRET, USER)
    replaced = [
        {"filename": one.path, "stringToReplace": name, "replaceWithEnv": name}
        for one in components
        if one.type == "WorkflowOutboundMessage"
        for name in placeholders
    ]
    if replaced:
        project["replacements"] = replaced
    return orjson.dumps(project, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
