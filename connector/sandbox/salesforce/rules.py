"""What an admin has told the org to do by itself: validate, match duplicates, assign owners, rewrite fields.

Every rule says when it applies as a SOQL condition on the row about to be kept (None: always). They run without
field-level security. (Salesforce fact sheet 1.7, 1.8, 11.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.sandbox.salesforce.access import SYSTEM, Access
from connector.sandbox.salesforce.catalogue import Catalogue, Scope
from connector.sandbox.salesforce.cleaning import clean
from connector.sandbox.salesforce.fields import ID_SLOT, ObjectType, Row
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql_compile import Compiler
from connector.sandbox.salesforce.soql_parse import parse_condition, tokens


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses a row for which `when` is true, in the admin's words."""

    sobject: str
    when: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Rows that agree in all `fields` with a live row of any of `against` are duplicates. `mode`: alert or block."""

    sobject: str
    name: str
    fields: tuple[str, ...]
    against: tuple[str, ...]
    mode: str = "alert"
    message: str = "Use one of these records?"


@dataclass(slots=True)
class AssignmentRule:
    """The first entry whose condition holds gives the owner."""

    id: str
    sobject: str
    name: str
    entries: tuple[tuple[str | None, str], ...]
    active: bool = True


@dataclass(frozen=True, slots=True)
class Automation:
    """Rewrites fields in the same transaction. A value may be {"copy"|"upper"|"lower"|"title": field}."""

    sobject: str
    name: str
    assign: Mapping[str, Any]
    when: str | None = None
    on_create: bool = True
    on_update: bool = True


Rule = ValidationRule | DuplicateRule | AssignmentRule | Automation


@dataclass(slots=True)
class Rulebook:
    """All rules in force, and the means to judge a condition."""

    catalogue: Catalogue
    access: Access
    validations: list[ValidationRule] = field(default_factory=list)
    duplicates: list[DuplicateRule] = field(default_factory=list)
    assignments: list[AssignmentRule] = field(default_factory=list)
    automations: list[Automation] = field(default_factory=list)
    numbered: dict[int, Rule] = field(default_factory=dict)  # every rule ever entered

    def enter(self, rule: Rule) -> int:
        """Put a rule in force; its number is returned, for `leave`."""
        number = len(self.numbered) + 1
        self.numbered[number] = rule
        self._kept_with(rule).append(rule)
        return number

    def leave(self, number: int) -> Rule:
        """Take a rule out of force. Raises LookupError when there is none of that number."""
        rule = self.numbered.get(number)
        kept = self._kept_with(rule) if rule is not None else []
        if rule is None or not any(each is rule for each in kept):
            raise LookupError(f"there is no rule {number} in force")
        kept[:] = [each for each in kept if each is not rule]
        return rule

    def _kept_with(self, rule: Rule) -> list[Any]:
        match rule:
            case ValidationRule():
                return self.validations
            case DuplicateRule():
                return self.duplicates
            case AssignmentRule():
                return self.assignments
            case Automation():
                return self.automations

    def holds(self, when: str | None, kind: ObjectType, row: Row, now: datetime) -> bool:
        """Whether a condition is true of a row."""
        if when is None:
            return True
        scope = Scope(self.catalogue, self.access, SYSTEM, now)
        return Compiler(scope, kind).predicate(parse_condition(when))(row)

    def validate(self, kind: ObjectType, row: Row, now: datetime) -> None:
        """Raises Refusal FIELD_CUSTOM_VALIDATION_EXCEPTION for the first rule broken."""
        for rule in self.validations:
            if rule.sobject == kind.name and self.holds(rule.when, kind, row, now):
                raise Refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field] if rule.field else [])

    def assignment(self, kind: ObjectType, asked: str) -> AssignmentRule | None:
        """The rule to run: the active one for TRUE, the named one for an id, none for FALSE."""
        if asked == "FALSE" or not self.assignments:
            return None
        mine = [rule for rule in self.assignments if rule.sobject == kind.name]
        if asked == "TRUE":
            return next((rule for rule in mine if rule.active), None)
        return next((rule for rule in mine if rule.id[:15] == asked[:15]), None)

    def assign(self, kind: ObjectType, row: Row, asked: str, now: datetime) -> None:
        """Overwrite the owner, in place, if an assignment rule says so."""
        rule = self.assignment(kind, asked)
        for when, owner_id in rule.entries if rule else ():
            if self.holds(when, kind, row, now):
                row[kind.slot("OwnerId")] = owner_id
                return

    def automate(self, kind: ObjectType, row: Row, now: datetime, *, creating: bool) -> None:
        """Rewrite fields in place as the automations say."""
        for rule in self.automations:
            applies = rule.on_create if creating else rule.on_update
            if rule.sobject == kind.name and applies and self.holds(rule.when, kind, row, now):
                for name, value in rule.assign.items():
                    target = kind.fields[name]
                    row[target.slot] = clean(target, _computed(value, kind, row))

    def words(self, sobject: str) -> set[str]:
        """Every name that the rules of an object speak of."""
        found: set[str] = set()
        conditions: list[str | None] = [rule.when for rule in self.validations if rule.sobject == sobject]
        conditions += [when for rule in self.assignments if rule.sobject == sobject for when, _ in rule.entries]
        for automation in self.automations:
            if automation.sobject == sobject:
                conditions.append(automation.when)
                sources = [value for value in automation.assign.values() if isinstance(value, Mapping)]
                found.update(automation.assign, *(source.values() for source in sources))
        for rule in self.duplicates:
            if sobject in {rule.sobject, *rule.against}:
                found.update(rule.fields)
        for when in conditions:
            found.update(token.text for token in tokens(when or "") if token.kind == "name")
        return found

    def duplicate(self, kind: ObjectType, row: Row, before: Row | None) -> tuple[DuplicateRule, list[str]] | None:
        """The first duplicate rule that finds matches for a new or changed row, with their ids."""
        for rule in self.duplicates:
            if rule.sobject != kind.name or not _touched(rule, kind, row, before):
                continue
            found = [match for name in rule.against for match in self._matches(rule, kind, row, name)]
            if found:
                return rule, found
        return None

    def _matches(self, rule: DuplicateRule, kind: ObjectType, row: Row, against: str) -> list[str]:
        table = self.catalogue[against]
        wanted = [(table.kind.fields[name], kind.fields[name]) for name in rule.fields if table.kind.has(name)]
        keyed = next(((theirs, mine) for theirs, mine in wanted if table.is_keyed(theirs)), None)
        ids = table.find(keyed[0], [row[keyed[1].slot]]) if keyed else set(table.rows)
        return [
            found
            for found in sorted(ids)
            if found != row[ID_SLOT]
            and (held := table.live(found)) is not None
            and all(theirs.key(held[theirs.slot]) == mine.key(row[mine.slot]) for theirs, mine in wanted)
            and not (table.kind.has("IsConverted") and held[table.kind.slot("IsConverted")])
        ]


def duplicates_detected(rule: DuplicateRule, matches: list[str], catalogue: Catalogue, *, details: bool) -> Refusal:
    """DUPLICATES_DETECTED, with `duplicateResut` spelt as Salesforce spells it (fact sheet 1.8)."""
    by_object: dict[str, list[str]] = {}
    for match in matches:
        home = catalogue.home(match)
        by_object.setdefault(home.kind.name if home else "", []).append(match)
    result = {
        "allowSave": rule.mode == "alert",
        "duplicateRule": rule.name.replace(" ", "_"),
        "duplicateRuleEntityType": rule.sobject,
        "errorMessage": rule.message,
        "matchResults": [_match_result(rule, name, ids, details=details) for name, ids in by_object.items()],
    }
    return Refusal("DUPLICATES_DETECTED", rule.message, extra={"duplicateResut": result})


def _match_result(rule: DuplicateRule, name: str, ids: list[str], *, details: bool) -> dict[str, Any]:
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [{"fieldName": field, "difference": "Same"} for field in rule.fields] if details else [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": name, "url": f"/services/data/v68.0/sobjects/{name}/{match}"},
                "Id": match,
            },
        }
        for match in ids
    ]
    return {
        "entityType": name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{name}_Match_Rule_v1_1",
        "size": len(records),
        "success": True,
    }


def _touched(rule: DuplicateRule, kind: ObjectType, row: Row, before: Row | None) -> bool:
    slots = [kind.slot(name) for name in rule.fields]
    if any(row[slot] is None for slot in slots):
        return False
    return before is None or any(row[slot] != before[slot] for slot in slots)


def _computed(value: Any, kind: ObjectType, row: Row) -> Any:
    if not isinstance(value, Mapping):
        return value
    ((how, source),) = value.items()
    held = row[kind.slot(source)]
    if how == "copy" or held is None:
        return held
    return {"upper": str.upper, "lower": str.lower, "title": str.title}[how](str(held))
