"""What people do on Salesforce's screens, none of it through the API: reps, marketers and admins.

Every public function here is an act `act(org, ...) -> dict`, offered by name beside the API. `user` is who acts, the
admin when nobody is named. A Refusal is raised with Salesforce's own words; LookupError for objects or users that are
not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from connector.sandbox.salesforce import lifecycle, schema_changes
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.ids import id18
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.rules import AssignmentRule, Automation, DuplicateRule, ValidationRule
from connector.sandbox.salesforce.soql_compile import Compiler
from connector.sandbox.salesforce.soql_parse import parse_condition
from connector.sandbox.salesforce.table import Table


def create(org: Org, sobject: str, values: Mapping[str, Any], user: str | None = None) -> dict[str, Any]:
    """A user makes a record."""
    with org.lock:
        return {"id": org.writer.create(org.person(user), _table(org, sobject), values)}


def edit(org: Org, id: str, values: Mapping[str, Any], user: str | None = None) -> dict[str, Any]:  # noqa: A002 - the act's argument as JSON names it
    """A user edits a record."""
    with org.lock:
        org.writer.update(org.person(user), _home(org, id), id18(id), values)
    return {"id": id18(id)}


def mass_update(
    org: Org, sobject: str, where: str, values: Mapping[str, Any], user: str | None = None
) -> dict[str, Any]:
    """A user edits every live record for which a SOQL condition holds, all in one second."""
    with org.lock:
        table = _table(org, sobject)
        test = Compiler(org.scope(org.admin_user), table.kind).predicate(parse_condition(where))
        chosen = [found for found in table.ids if (row := table.live(found)) is not None and test(row)]
        act = org.person(user)
        with org.journal.transaction():
            for found in chosen:
                org.writer.update(act, table, found, values)
    return {"ids": chosen}


def delete(org: Org, id: str = "", ids: Sequence[str] = (), user: str | None = None) -> dict[str, Any]:  # noqa: A002 - as JSON names it
    """A user moves records to the Recycle Bin."""
    return _each(org, id, ids, user, org.writer.delete)


def undelete(org: Org, id: str = "", ids: Sequence[str] = (), user: str | None = None) -> dict[str, Any]:  # noqa: A002 - as JSON names it
    """A user takes records back out of the Recycle Bin."""
    return _each(org, id, ids, user, org.writer.undelete)


def hard_delete(org: Org, id: str = "", ids: Sequence[str] = (), user: str | None = None) -> dict[str, Any]:  # noqa: A002 - as JSON names it
    """An admin erases records, bin and all; only the delete log remembers them."""
    return _each(org, id, ids, user, org.writer.hard_delete)


def merge(
    org: Org, ids: Sequence[str], values: Mapping[str, Any] | None = None, user: str | None = None
) -> dict[str, Any]:
    """A user merges two or three records into the first; `values` are what was chosen from the others."""
    with org.lock:
        full = [id18(each) for each in ids]
        master = lifecycle.merge(org.writer, org.person(user), _home(org, full[0]), full, values or {})
    return {"id": master, "merged": full[1:]}


def convert_lead(  # noqa: PLR0913 - the choices of the conversion screen
    org: Org,
    id: str,  # noqa: A002 - as JSON names it
    *,
    account_id: str | None = None,
    contact_id: str | None = None,
    opportunity: str | None = None,
    field_mapping: bool = True,
    clear_lead_fields: bool = False,
    user: str | None = None,
) -> dict[str, Any]:
    """A user converts a lead; `opportunity` names a new one, None makes none. See lifecycle.Conversion."""
    with org.lock:
        mapping = org.metadata.lead_mapping()
        how = lifecycle.Conversion(
            account_id, contact_id, opportunity, field_mapping, clear_lead_fields, mapping=mapping
        )
        return dict(lifecycle.convert(org.writer, org.person(user), id18(id), how))


def add_field(
    org: Org, sobject: str, name: str, metadata: Mapping[str, Any], *, visible: bool = True
) -> dict[str, Any]:
    """An admin makes a custom field; when not `visible`, nobody sees it until a permission set grants it."""
    with org.lock:
        field = schema_changes.custom_field(name, metadata, granted=visible)
        schema_changes.add(org, _table(org, sobject).kind.name, field)
        return {"id": org.custom_field_id(sobject, name)}


def remove_field(org: Org, sobject: str, name: str) -> dict[str, Any]:
    """An admin deletes a custom field with all its values."""
    with org.lock:
        schema_changes.remove(org, _table(org, sobject).kind.name, name)
    return {"removed": name}


def rename_field(org: Org, sobject: str, name: str, new_name: str) -> dict[str, Any]:
    """An admin changes the API name of a custom field."""
    with org.lock:
        schema_changes.rename(org, _table(org, sobject).kind.name, name, new_name)
    return {"name": new_name}


def set_picklist(
    org: Org, sobject: str, field: str, values: Sequence[str], *, restricted: bool | None = None
) -> dict[str, Any]:
    """An admin sets the active values of a picklist; others become inactive."""
    with org.lock:
        schema_changes.set_choices(org, _table(org, sobject).kind.name, field, values, restricted=restricted)
    return {"values": list(values)}


def set_field_permission(org: Org, sobject: str, field: str, level: str, user: str | None = None) -> dict[str, Any]:
    """An admin says what a user (the bridge's when none is named) may do with a field: edit, read or none."""
    with org.lock:
        kind = _table(org, sobject).kind
        if not kind.has(field):
            raise LookupError(f"{sobject} has no field {field}")
        org.access.assign(id18(user) if user else org.bridge_user, kind.name, field, level)
        org.touch_schema()
    return {"level": level}


def add_user(org: Org, first_name: str, last_name: str, email: str) -> dict[str, Any]:
    """An admin adds a user whose username is the e-mail address."""
    values = {"FirstName": first_name, "LastName": last_name, "Email": email, "Username": email, "IsActive": True}
    with org.lock:
        return {"id": org.writer.create(org.person(), org.catalogue["User"], values)}


def deactivate_user(org: Org, user: str) -> dict[str, Any]:
    """An admin makes a user inactive; what they own stays theirs."""
    with org.lock:
        org.writer.update(org.person(), org.catalogue["User"], id18(user), {"IsActive": False})
    return {"id": id18(user)}


def set_settings(org: Org, **changes: Any) -> dict[str, Any]:
    """Change settings of the org by name (see settings.py)."""
    known = {field.name for field in dataclass_fields(org.settings)}
    if not known.issuperset(changes):
        raise LookupError(f"no such settings: {sorted(set(changes) - known)}; there are {sorted(known)}")
    with org.lock:
        for name, value in changes.items():
            setattr(org.settings, name, value)
    return dict(changes)


def add_validation_rule(org: Org, sobject: str, when: str, message: str, *, field: str | None = None) -> dict[str, Any]:
    """An admin adds a rule that refuses rows for which the SOQL condition `when` is true."""
    _check_condition(org, sobject, when)
    with org.lock:
        number = org.rules.enter(ValidationRule(sobject, when, message, field))
    return {"rule": number, "message": message}


def add_duplicate_rule(
    org: Org, sobject: str, fields: Sequence[str] = ("Email",), against: Sequence[str] = (), mode: str = "alert"
) -> dict[str, Any]:
    """An admin activates a duplicate rule (mode alert or block) that compares `fields` with rows of `against`."""
    if mode not in {"alert", "block"}:
        raise ValueError(f"mode {mode!r} is neither alert nor block")
    rule = DuplicateRule(
        sobject, f"Standard {sobject} Duplicate Rule", tuple(fields), tuple(against) or (sobject,), mode
    )
    with org.lock:
        number = org.rules.enter(rule)
    return {"rule": number, "name": rule.name}


def add_assignment_rule(
    org: Org, sobject: str, entries: Sequence[Mapping[str, str]], *, name: str = "Standard", active: bool = True
) -> dict[str, Any]:
    """An admin adds an assignment rule; each entry is {"owner": id, "when": SOQL condition or absent}."""
    pairs = tuple((entry.get("when"), id18(entry["owner"])) for entry in entries)
    for when, _ in pairs:
        _check_condition(org, sobject, when)
    with org.lock:
        row = {"Name": name, "SobjectType": sobject, "Active": active}
        (rule_id,) = org.load("AssignmentRule", [row])
        number = org.rules.enter(AssignmentRule(rule_id, sobject, name, pairs, active))
    return {"rule": number, "id": rule_id}


def add_automation(  # noqa: PLR0913 - the choices of the automation screen
    org: Org,
    sobject: str,
    assign: Mapping[str, Any],
    *,
    when: str | None = None,
    name: str = "Flow",
    on_create: bool = True,
    on_update: bool = True,
) -> dict[str, Any]:
    """An admin lets the org rewrite fields in every save; a value may be {"copy"|"upper"|"lower"|"title": field}."""
    _check_condition(org, sobject, when)
    unknown = [each for each in assign if not _table(org, sobject).kind.has(each)]
    if unknown:
        raise LookupError(f"{sobject} has no fields {unknown}")
    with org.lock:
        number = org.rules.enter(Automation(sobject, name, dict(assign), when, on_create, on_update))
    return {"rule": number, "name": name}


def remove_rules(org: Org, sobject: str) -> dict[str, Any]:
    """An admin deactivates every rule and automation of an object."""
    rules = org.rules
    with org.lock:
        rules.validations[:] = [rule for rule in rules.validations if rule.sobject != sobject]
        rules.duplicates[:] = [rule for rule in rules.duplicates if rule.sobject != sobject]
        rules.assignments[:] = [rule for rule in rules.assignments if rule.sobject != sobject]
        rules.automations[:] = [rule for rule in rules.automations if rule.sobject != sobject]
    return {"sobject": sobject}


def expire_sessions(org: Org) -> dict[str, Any]:
    """Every session ends at once; refresh tokens stay good."""
    with org.lock:
        return {"expired": org.sessions.expire()}


def trim_delete_log(org: Org) -> dict[str, Any]:
    """The delete log is cut, as Salesforce does when it grows large: earlier deletions can no longer be asked for."""
    with org.lock:
        count = len(org.journal.deletions)
        org.journal.deletions.clear()
        org.deletions_trimmed_at = org.now()
    return {"trimmed": count}


def _table(org: Org, sobject: str) -> Table:
    table = org.catalogue.find(sobject)
    if table is None:
        raise LookupError(f"there is no object {sobject}; there are {', '.join(sorted(org.catalogue.tables))}")
    return table


def _home(org: Org, record_id: str) -> Table:
    table = org.catalogue.home(record_id)
    if table is None:
        raise LookupError(f"{record_id} is the id of no object of this org")
    return table


def _each(org: Org, one: str, several: Sequence[str], user: str | None, work: Any) -> dict[str, Any]:
    ids = [id18(each) for each in (*((one,) if one else ()), *several)]
    with org.lock:
        act: Act = org.person(user)
        with org.journal.transaction():
            for each in ids:
                work(act, _home(org, each), each)
    return {"ids": ids}


def _check_condition(org: Org, sobject: str, when: str | None) -> None:
    """Refuse a rule whose condition could not be judged, before it is in force."""
    if when is not None:
        Compiler(org.scope(org.admin_user), _table(org, sobject).kind).predicate(parse_condition(when))
