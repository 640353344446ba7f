"""From the values a caller names to the slots of a row: rights, types, and references that lead somewhere.

A field the user does not see does not exist; one that is read-only for them is refused by name, all such at once.
(Salesforce fact sheet 1.3, 1.8.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.salesforce.access import SYSTEM, Access
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.catalogue import Catalogue
from connector.sandbox.salesforce.cleaning import clean
from connector.sandbox.salesforce.fields import Field, ObjectType, Row
from connector.sandbox.salesforce.refusals import Refusal, no_such_column
from connector.sandbox.salesforce.settings import Settings
from connector.sandbox.salesforce.table import Table

Values = Mapping[str, Any]
_LOOKED_AT = frozenset({"reference", "email"})


@dataclass(slots=True)
class Filler:
    """Fills rows for users."""

    catalogue: Catalogue
    access: Access
    settings: Settings

    def fill(self, act: Act, kind: ObjectType, row: Row, values: Values, *, creating: bool) -> None:
        """Put cleaned values into their slots. Raises Refusal for the first wrong one, or for all read-only ones."""
        if act.by_api and not (kind.createable if creating else kind.updateable):
            text = f"entity type {kind.name} does not support this call"
            raise Refusal("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text, [])
        right = "Create" if creating else "Edit"
        if act.by_api and not act.unbound and not self.access.may(act.user_id, kind.name, right):
            raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
        fields, by_lower = kind.fields, kind.by_lower
        bound = SYSTEM if act.unbound else act.user_id
        hidden, locked = self.access.hidden(bound, kind.name), self.access.locked(bound, kind.name)
        refused: list[str] = []
        for name, value in values.items():
            field = fields.get(name) or by_lower.get(name.lower())
            if field is None or field.name in hidden:
                self._link(kind, row, name, value)
            elif not (field.createable if creating else field.updateable) or field.name in locked:
                refused.append(field.name)
            else:
                row[field.slot] = cleaned = clean(field, value)
                if cleaned is not None and field.type in _LOOKED_AT:
                    row[field.slot] = self._looked_at(field, cleaned, kind)
        if refused:
            raise _not_writeable(refused)

    def matches(self, table: Table, field: Field, value: Any) -> list[str]:
        """Live rows whose key field has this value, lowest id first."""
        cleaned = clean(field, value)
        if cleaned is None:
            raise Refusal("MISSING_ARGUMENT", f"{field.name} not specified", [])
        return sorted(found for found in table.find(field, [cleaned]) if table.live(found) is not None)

    def _looked_at(self, field: Field, value: str, kind: ObjectType) -> str:
        """A reference must lead somewhere; an e-mail address may be folded, if the org is set to."""
        if field.type == "reference":
            self._check_reference(field, value, kind)
            return value
        return value.lower() if self.settings.lowercase_emails else value

    def _link(self, kind: ObjectType, row: Row, name: str, value: Any) -> None:
        """Set a reference by the external id of its target, as in {"Account": {"Ext__c": "42"}}."""
        if name == "attributes":
            return
        link = kind.by_relationship.get(name.lower().removesuffix("__r")) if isinstance(value, Mapping) else None
        if link is None:
            raise no_such_column(name, kind.name)
        row[link.slot] = self._by_external_id(link, value)

    def _by_external_id(self, link: Field, value: Values) -> str:
        (name, key), *_ = [(name, key) for name, key in value.items() if name != "attributes"] or [("", None)]
        for target in link.refers_to:
            table = self.catalogue[target]
            field = table.kind.field(name)
            if field is not None and (field.external_id or field.id_lookup):
                found = self.matches(table, field, key)
                if len(found) == 1:
                    return found[0]
        raise Refusal(
            "INVALID_FIELD",
            f"Foreign key external ID: {key} not found for field {name} in entity {link.refers_to[0]}",
            [],
        )

    def _check_reference(self, field: Field, record_id: str, kind: ObjectType) -> None:
        table = self.catalogue.home(record_id)
        if table is None or table.kind.name not in field.refers_to:
            raise Refusal("MALFORMED_ID", f"{field.label}: id value of incorrect type: {record_id}", [field.name])
        row = table.rows.get(record_id)
        if row is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
        if row[table.kind.slot("IsDeleted")]:
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted", [field.name])
        if field.name == "OwnerId" and table.kind.name == "User" and not row[table.kind.slot("IsActive")]:
            raise Refusal(
                "INACTIVE_OWNER_OR_USER",
                f"operation performed with inactive user [{record_id}] as owner of {kind.name.lower()}",
                [field.name],
            )


def require(kind: ObjectType, row: Row) -> None:
    """Raises Refusal REQUIRED_FIELD_MISSING, naming every required field that is blank."""
    missing = [field.name for field in kind.required if row[field.slot] is None]
    if missing:
        raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def _not_writeable(names: list[str]) -> Refusal:
    return Refusal(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
        names,
    )
