"""What a deployment may lean on: the org as it is, and what the same deployment has made so far.

Nothing here changes the org; a component that does not stand is not on the stage, so neither is what leans on it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.sandbox.salesforce import schema_changes
from connector.sandbox.salesforce.fields import Field, ObjectType
from connector.sandbox.salesforce.metadata import field_rules
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.schema import Content
from connector.sandbox.salesforce.metadata.store import ACTIVITIES, homes
from connector.sandbox.salesforce.refusals import Refusal

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org


class Stage:
    """The org, and beside it what is about to be."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.fields: dict[tuple[str, str], Field] = {}
        self.messages: set[str] = set()
        self._made: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()

    def kind(self, sobject: str) -> ObjectType:
        """The object of exactly that name. Raises Problem."""
        table = self.org.catalogue.tables.get(sobject)
        if table is None:
            raise Problem(f"Entity of type 'CustomObject' named '{sobject}' cannot be found")
        return table.kind

    def field(self, sobject: str, name: str) -> Field | None:
        """A field as it will be."""
        staged = self.fields.get((sobject, name))
        return staged if staged is not None else self.kind(sobject).fields.get(name)

    def custom_field(self, sobject: str, name: str, said: Content) -> Field:
        """Put a custom field on the stage. Raises Problem."""
        if sobject in ACTIVITIES or sobject not in {*self.org.catalogue.tables, "Activity"}:
            raise Problem(f"bad value for restricted picklist field: {sobject}")
        field_rules.check_name(name, sobject)
        field_rules.check(said)
        try:
            made = schema_changes.custom_field(name, said, granted=bool(said.get("required")))
        except Refusal as refusal:
            raise Problem(refusal.message) from refusal
        for home in homes(sobject):
            self._check(home, made)
        for home in homes(sobject):
            self.fields[home, name] = made
        return made

    def _check(self, home: str, made: Field) -> None:
        kind = self.kind(home)
        known = kind.field(made.name)
        if known is not None and known.name != made.name:
            raise Problem(f"There is already a field named {known.name} on {home}.")
        if known is not None:
            field_rules.check_change(known, made, home)
            self._check_unique(home, known, made)
            return
        field_rules.check_room(kind, made, self._made[home], self._keys[home])
        self._made[home] += 1
        self._keys[home] += made.external_id

    def _check_unique(self, home: str, known: Field, made: Field) -> None:
        """A field becomes unique only while its values are."""
        if made.unique and not known.unique:
            rows = self.org.catalogue[home].rows.values()
            held = [made.key(row[known.slot]) for row in rows if row[known.slot] is not None]
            if len(set(held)) < len(held):
                raise Problem(f"The field {made.name} of {home} holds values more than once, and cannot be unique")
