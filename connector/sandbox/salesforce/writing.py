"""Create, update, delete and undelete a row, with everything Salesforce does on the way.

The order is Salesforce's: rights and types, required fields, derived fields, validation rules, uniqueness, duplicate
rules, assignment rules, automations, and then the row is kept. Each public method is one transaction; a Refusal leaves
nothing behind. (Salesforce fact sheet 1.3, 1.7, 1.8.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from connector.sandbox.salesforce.access import SYSTEM
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.catalogue import Catalogue
from connector.sandbox.salesforce.derived import derive
from connector.sandbox.salesforce.fields import ACTING_USER, ID_SLOT, Field, ObjectType, Row
from connector.sandbox.salesforce.filling import Filler, Values, require
from connector.sandbox.salesforce.ids import IdMint, id18, looks_like_id
from connector.sandbox.salesforce.journal import Journal
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.rules import Rulebook, duplicates_detected
from connector.sandbox.salesforce.settings import Settings
from connector.sandbox.salesforce.table import Table

CHILDREN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"),),
    "Campaign": (("CampaignMember", "CampaignId"),),
    "Contact": (
        ("OpportunityContactRole", "ContactId"),
        ("CampaignMember", "ContactId"),
        ("Task", "WhoId"),
        ("Event", "WhoId"),
    ),
    "PermissionSet": (
        ("FieldPermissions", "ParentId"),
        ("ObjectPermissions", "ParentId"),
        ("PermissionSetAssignment", "PermissionSetId"),
    ),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId"), ("Event", "WhoId")),
}

RIGHTS = frozenset({"PermissionSet", *(name for name, _ in CHILDREN["PermissionSet"])})
SETUP = RIGHTS | {"ListView"}  # no data: nobody contends for such rows, and they take no storage


@dataclass(slots=True)
class Writer:
    """The only way rows change, other than loading a population."""

    catalogue: Catalogue
    mint: IdMint
    journal: Journal
    filler: Filler
    rules: Rulebook
    settings: Settings
    random: Random
    guard: Callable[[Act, Table, Row], None] = lambda _act, _table, _row: None  # judges rows of rights; the org's own

    def create(self, act: Act, table: Table, values: Values) -> str:
        """Make a row and return its id. Raises Refusal."""
        kind = table.kind
        with self.journal.transaction():
            self._check_storage(table)
            row = kind.blank.copy()
            self.filler.fill(act, kind, row, values, creating=True)
            _default_user(kind, row, act)
            require(kind, row)
            row[ID_SLOT] = self.mint.mint(kind.prefix)
            row[kind.slot("CreatedDate")] = act.second
            row[kind.slot("CreatedById")] = act.user_id
            self._keep(act, table, row, None, "created")
        return str(row[ID_SLOT])

    def update(self, act: Act, table: Table, record_id: str, values: Values) -> None:
        """Change the fields named and no others. Raises Refusal."""
        kind = table.kind
        with self.journal.transaction():
            before = self.existing(table, record_id)
            self._check_free(table, before)
            self._check_converted(kind, before, act)
            row = before.copy()
            self.filler.fill(act, kind, row, values, creating=False)
            require(kind, row)
            self._keep(act, table, row, before, "updated")

    def upsert(
        self, act: Act, table: Table, key: tuple[Field, Any], values: Values, *, update_only: bool = False
    ) -> tuple[str, bool]:
        """Update the one live row that has the key, or create it: (id, created). Raises Refusal; 300 for several."""
        field, value = key
        found = self.filler.matches(table, field, value)
        if len(found) > 1:
            raise Refusal("MULTIPLE_CHOICES", f"{len(found)} rows match", http=300, extra={"ids": found})
        if found:
            self.update(act, table, found[0], values)
            return found[0], False
        if update_only:
            raise not_found()
        return self.create(act, table, {**values, field.name: value}), True

    def delete(self, act: Act, table: Table, record_id: str) -> None:
        """Into the Recycle Bin, with the rows that hang on it. Raises Refusal."""
        if not table.kind.deletable or not self.filler.access.may(act.user_id, table.kind.name, "Delete"):
            raise Refusal("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
        with self.journal.transaction():
            row = self.existing(table, record_id)
            if table.kind.name in RIGHTS:
                self.guard(act, table, row)
            self._check_free(table, row)
            self._bin(act, table, row)

    def undelete(self, act: Act, table: Table, record_id: str) -> None:
        """Back out of the Recycle Bin, with the rows that went with it. Raises Refusal."""
        kind = table.kind
        row = table.rows.get(record_id)
        if row is None or not row[kind.slot("IsDeleted")]:
            raise Refusal("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        with self.journal.transaction():
            self._revive(act, table, row)

    def hard_delete(self, act: Act, table: Table, record_id: str) -> None:
        """Gone, bin and all. Raises Refusal."""
        with self.journal.transaction():
            if record_id not in table.rows:
                raise not_found()
            self.journal.drop(table, act, record_id)

    def keep_system(self, act: Act, table: Table, row: Row, kind: str) -> None:
        """Keep a version made by Salesforce itself (merge, conversion): no rights, rules or required fields apply."""
        self._stamp(act, table.kind, row)
        derive(self.catalogue, table.kind, row, table.rows.get(row[ID_SLOT]))
        self.journal.put(table, act, row, kind)

    def existing(self, table: Table, record_id: Any) -> Row:
        """The live row of that id. Raises Refusal MALFORMED_ID, NOT_FOUND or ENTITY_IS_DELETED."""
        if not looks_like_id(record_id) or record_id[:3] != table.kind.prefix:
            raise Refusal("MALFORMED_ID", f"{table.kind.name} ID: id value of incorrect type: {record_id}", ["Id"])
        row = table.rows.get(id18(record_id))
        if row is None:
            raise not_found()
        if row[table.kind.slot("IsDeleted")]:
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted", [], http=404)
        return row

    def _check_storage(self, table: Table) -> None:
        most = self.settings.storage_rows_max
        if (
            most
            and table.kind.name not in SETUP
            and sum(len(each.rows) for each in self.catalogue.tables.values()) >= most
        ):
            raise Refusal(
                "STORAGE_LIMIT_EXCEEDED", f"storage limit exceeded; no room for another {table.kind.name}", []
            )

    def _check_free(self, table: Table, row: Row) -> None:
        rate = self.settings.lock_row_rate
        if rate and table.kind.name not in SETUP and self.random.random() < rate:
            text = f"unable to obtain exclusive access to this record or 1 records: {row[ID_SLOT]}"
            raise Refusal("UNABLE_TO_LOCK_ROW", text, [])

    def _check_converted(self, kind: ObjectType, row: Row, act: Act) -> None:
        if (
            kind.name == "Lead"
            and row[kind.slot("IsConverted")]
            and act.user_id != SYSTEM
            and not self.settings.edit_converted_leads
        ):
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])

    def _stamp(self, act: Act, kind: ObjectType, row: Row) -> None:
        fields = kind.fields
        row[fields["LastModifiedDate"].slot] = act.second
        row[fields["LastModifiedById"].slot] = act.user_id
        row[fields["SystemModstamp"].slot] = act.second

    def _keep(self, act: Act, table: Table, row: Row, before: Row | None, how: str) -> None:
        kind = table.kind
        self._stamp(act, kind, row)
        derive(self.catalogue, kind, row, before)
        self.rules.validate(kind, row, act.now)
        self._check_unique(table, row, before)
        if kind.name in RIGHTS:
            self.guard(act, table, row)
        if self.rules.duplicates:
            self._check_duplicates(act, kind, row, before)
        rewritten: frozenset[str] = frozenset()
        if self.rules.assignments or self.rules.automations:
            rewritten = self._rewrite(act, table, row, before)
        self._settle_primary(act, table, row)
        self.journal.put(table, act, row, how, rewritten=rewritten)

    def _rewrite(self, act: Act, table: Table, row: Row, before: Row | None) -> frozenset[str]:
        """Let assignment rules and automations change the row in place; the names they have changed."""
        kind, asked = table.kind, row.copy()
        if kind.assignable:
            self.rules.assign(kind, row, act.assign, act.now)
        self.rules.automate(kind, row, act.now, creating=before is None)
        derive(self.catalogue, kind, row, before)
        self._check_unique(table, row, before)
        return frozenset(name for name, slot in kind.told if row[slot] != asked[slot])

    def _check_unique(self, table: Table, row: Row, before: Row | None) -> None:
        for field in table.kind.uniques:
            value = row[field.slot]
            if value is None or (before is not None and before[field.slot] == value):
                continue
            holder = table.holder(field, value, besides=row[ID_SLOT])
            if holder is not None:
                text = f"duplicate value found: {field.name} duplicates value on record with id: {holder[:15]}"
                raise Refusal("DUPLICATE_VALUE", text, [])

    def _check_duplicates(self, act: Act, kind: ObjectType, row: Row, before: Row | None) -> None:
        found = self.rules.duplicate(kind, row, before)
        if found is not None and not (act.save_duplicates and found[0].mode == "alert"):
            raise duplicates_detected(*found, self.catalogue, details=act.duplicate_details)

    def _settle_primary(self, act: Act, table: Table, row: Row) -> None:
        """An opportunity has one primary contact role at most."""
        kind = table.kind
        if kind.name != "OpportunityContactRole" or not row[kind.slot("IsPrimary")]:
            return
        for other in table.find(kind.fields["OpportunityId"], [row[kind.slot("OpportunityId")]]):
            held = table.live(other)
            if held is not None and other != row[ID_SLOT] and held[kind.slot("IsPrimary")]:
                demoted = held.copy()
                demoted[kind.slot("IsPrimary")] = False
                self.keep_system(act, table, demoted, "updated")

    def _bin(self, act: Act, table: Table, row: Row) -> None:
        gone = row.copy()
        gone[table.kind.slot("IsDeleted")] = True
        self._stamp(act, table.kind, gone)
        self.journal.put(table, act, gone, "deleted")
        for child_table, child in self._children(table, row[ID_SLOT]):
            if child_table.live(child) is not None:
                self._bin(act, child_table, child_table.rows[child])

    def _revive(self, act: Act, table: Table, row: Row) -> None:
        kind = table.kind
        back = row.copy()
        back[kind.slot("IsDeleted")] = False
        if kind.has("MasterRecordId"):
            back[kind.slot("MasterRecordId")] = None
        self._stamp(act, kind, back)
        self._check_unique(table, back, None)
        self.journal.put(table, act, back, "undeleted")
        gone_at = row[kind.slot("SystemModstamp")]
        for child_table, child in self._children(table, row[ID_SLOT]):
            held = child_table.rows[child]
            if held[child_table.kind.slot("IsDeleted")] and held[child_table.kind.slot("SystemModstamp")] == gone_at:
                self._revive(act, child_table, held)

    def _children(self, table: Table, record_id: str) -> Iterable[tuple[Table, str]]:
        for name, link in CHILDREN.get(table.kind.name, ()):
            child_table = self.catalogue[name]
            for child in sorted(child_table.find(child_table.kind.fields[link], [record_id])):
                yield child_table, child


def _default_user(kind: ObjectType, row: Row, act: Act) -> None:
    owner = kind.fields.get("OwnerId")
    if owner is not None and row[owner.slot] in {ACTING_USER, None}:
        row[owner.slot] = act.user_id
