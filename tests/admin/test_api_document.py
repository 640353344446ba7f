"""The document that describes the API is made of the operations, is OpenAPI 3.1, and docs/api.md lists all of them."""

from __future__ import annotations

import re
from pathlib import Path

from openapi_spec_validator import validate

from connector.admin.api.openapi import document
from connector.admin.api.table import OPERATIONS
from connector.admin.api.wire import PREFIX
from connector.admin.roles import Role

DOCUMENT = document(OPERATIONS, PREFIX)


def test_it_is_openapi():
    validate(DOCUMENT)


def test_every_operation_stands_in_it_once_with_its_role():
    told = {
        (method.upper(), path): row["description"]
        for path, item in DOCUMENT["paths"].items()
        for method, row in item.items()
    }
    assert told == {(one.method, PREFIX + one.template): f"Needs the role {one.role.word}." for one in OPERATIONS}
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_reading_needs_no_more_than_a_viewer_and_acting_does():
    assert {one.role for one in OPERATIONS if one.method == "GET"} == {Role.VIEWER}
    assert all(one.role > Role.VIEWER for one in OPERATIONS if one.method == "POST")


def test_what_an_operation_takes_is_told_with_its_bounds():
    people = DOCUMENT["paths"]["/api/v1/people"]["get"]["parameters"]
    limit = next(one for one in people if one["name"] == "limit")
    assert (limit["in"], limit["schema"]["maximum"], limit["required"]) == ("query", 500, False)
    settle = DOCUMENT["paths"]["/api/v1/issues/{issue}/settle"]["post"]
    assert settle["parameters"] == [{"name": "issue", "in": "path", "required": True, "schema": {"type": "integer"}}]
    assert settle["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Winner"}


def test_the_guide_lists_every_operation():
    listed = set(re.findall(r"`(GET|POST) (/api/v1[^`\s]*)`", Path("docs/api.md").read_text()))
    assert listed >= {(one.method, PREFIX + one.template) for one in OPERATIONS}
