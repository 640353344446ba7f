"""What a list view must be: columns and filters that lead somewhere."""

from __future__ import annotations

import re

from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.metadata.view_columns import is_standard

COLUMNS_MAX = 15
FILTERS_MAX = 10
LABEL_MAX = 40
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_NAME_MAX = 40


def check(stage: Stage, one: Component) -> None:
    """Raises Problem when the org does not take the list view."""
    sobject, _, name = one.name.partition(".")
    stage.kind(sobject)
    said = one.content
    if not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        raise Problem(f"The View Unique Name can only contain underscores and alphanumeric characters: {name}")
    if not 0 < len(said["label"]) <= LABEL_MAX:
        raise Problem(f"Value too long for field: label maximum length is:{LABEL_MAX}")
    columns, filters = said.get("columns", []), said.get("filters", [])
    if len(columns) > COLUMNS_MAX or len(filters) > FILTERS_MAX:
        raise Problem(f"A list view has {COLUMNS_MAX} columns and {FILTERS_MAX} filters at most")
    if len(set(columns)) < len(columns):
        raise Problem("A column stands more than once in the list view")
    for column in (*columns, *(each["field"] for each in filters)):
        _check_column(stage, sobject, column)


def _check_column(stage: Stage, sobject: str, column: str) -> None:
    if is_standard(sobject, column):
        return
    if not column.endswith("__c") or stage.field(sobject, column) is None:
        raise Problem(f"Could not resolve list view column: {column}")
