"""Does the configuration fit the CRMs as they are today?

Each mapping is held against the live schemas, and what cannot work is taken out of it before it does harm: a rule whose
field is missing or cannot hold its kind sleeps, a two-way rule with a read-only end becomes one-way, values are
held to the room the live fields have. Whatever is taken out is told as a finding, so that nothing sleeps unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from connector.config.choices import choice_findings
from connector.config.findings import Finding, Severity
from connector.config.load import Loaded, MappingSource
from connector.config.mappings import MappingFile
from connector.config.owners import Owners, unknown_owners
from connector.config.problems import did_you_mean
from connector.config.room import Room, room_findings
from connector.config.yaml import KeyPath
from connector.core.mapping import Direction, MappingSet, MatchKey, Pair, Rule
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema

__all__ = ["Finding", "Schemas", "Severity", "adapt", "compare", "owner_findings"]

Schemas = Mapping[tuple[Side, str], ObjectSchema]
LABEL = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}


def compare(mappings: MappingSet, schemas: Schemas, loaded: Loaded) -> list[Finding]:
    """Everything about the mappings that does not fit the live schemas."""
    return adapt(mappings, schemas, loaded)[1]


def adapt(mappings: MappingSet, schemas: Schemas, loaded: Loaded) -> tuple[MappingSet, list[Finding]]:
    """The mappings as far as they fit the live schemas, and what did not.

    Args:
        mappings: what `compile_mappings` gave.
        schemas: the live schema of both objects of every pair; one that is missing counts as an object out of reach.
        loaded: what the mappings were compiled from.
    """
    sources = {source.file.mapping: source for source in loaded.mappings}
    fits = [_Fit(pair, sources[pair.mapping], schemas) for pair in mappings.pairs]
    pairs = [fitted for fit in fits if (fitted := fit.fitted()) is not None]
    return replace(mappings, pairs=tuple(pairs)), _once(finding for fit in fits for finding in fit.findings)


def owner_findings(loaded: Loaded, owners: Owners) -> list[Finding]:
    """Entries of owners.yaml that name nobody who can own a record."""
    if loaded.owners is None:
        return []
    found = []
    for path, message in unknown_owners(loaded.owners.written, owners):
        problem = loaded.owners.document.problem(("owners", *path), message)
        found.append(Finding(Severity.WARNING, problem.file, problem.line, problem.key, message))
    return found


def _once(findings: Iterator[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))


@dataclass
class _Fit:
    """One pair held against its two live objects."""

    pair: Pair
    source: MappingSource
    schemas: Schemas
    findings: list[Finding] = field(default_factory=list)

    @property
    def file(self) -> MappingFile:
        return self.source.file

    def fitted(self) -> Pair | None:
        objects = {side: self.pair.object_on(side) for side in Side}
        missing = [side for side in Side if (side, objects[side]) not in self.schemas]
        for side in missing:
            hint = "does not exist there, or the credentials may not see it"
            self.say(Severity.ERROR, (side.value,), f"{LABEL[side]} object {objects[side]!r} {hint}")
        if missing:
            return None
        hubspot_key = self.cross_ids()
        rules = tuple(rule for rule in map(self.rule, self.pair.rules) if rule is not None)
        self.room(rules)
        self.required(rules)
        fitted = replace(self.pair, rules=rules, hubspot_key=hubspot_key, match=tuple(self.match_keys()))
        return replace(fitted, extra_fields=self.extra_fields())

    def live(self, side: Side) -> Mapping[str, FieldSchema]:
        return self.schemas[side, self.pair.object_on(side)].fields

    def cross_ids(self) -> str | None:
        """Check where each side keeps the other's id; the HubSpot property that can be used, if any."""
        ours, theirs = self.pair.hubspot_key, self.pair.salesforce_key
        found = self.live(Side.SALESFORCE).get(theirs)
        path = ("identity", "salesforce_field")
        if found is None:
            self.missing(Severity.ERROR, path, Side.SALESFORCE, theirs)
        elif not (found.external_id and found.unique):
            self.say(Severity.ERROR, path, f"{self.on(Side.SALESFORCE, theirs)} must be a unique external id")
        if ours is None:
            return None
        property_ = self.live(Side.HUBSPOT).get(ours)
        if property_ is None:
            self.missing(
                Severity.WARNING, ("identity", "hubspot_property"), Side.HUBSPOT, ours, "; the bridge does without"
            )
        elif not property_.unique:
            message = f"{self.on(Side.HUBSPOT, ours)} must have unique values; the bridge does without it"
            self.say(Severity.WARNING, ("identity", "hubspot_property"), message)
        return ours if property_ is not None and property_.unique else None

    def rule(self, rule: Rule) -> Rule | None:
        """The rule as far as both live fields carry it."""
        path = ("fields", rule.name)
        lost = Severity.INFO if rule.optional else Severity.ERROR
        ends = {side: self.live(side).get(rule.field_on(side)) for side in Side}
        for side, end in ends.items():
            if end is None:
                self.missing(lost, (*path, side.value), side, rule.field_on(side), "; the rule sleeps" * rule.optional)
            elif not _carries(end, rule.kind, written=rule.direction.allows(side)):
                carries = ", ".join(sorted(end.kinds))
                message = f"{self.on(side, end.name)} is of type {end.type}, which carries {carries}, not {rule.kind}"
                self.say(lost, (*path, "kind"), message)
                return None
        if any(end is None for end in ends.values()):
            return None
        directed = self.directed(rule, {side: end for side, end in ends.items() if end is not None})
        if directed is None:
            return None
        written = self.file.fields[rule.name]
        for severity, message in choice_findings(directed, written, ends[Side.HUBSPOT], ends[Side.SALESFORCE]):
            self.say(severity, path, message)
        return self.room_of(directed).held()

    def directed(self, rule: Rule, ends: Mapping[Side, FieldSchema]) -> Rule | None:
        """The rule without the ways that lead into a read-only field."""
        path = ("fields", rule.name, "direction")
        closed = [side for side in Side if rule.direction.allows(side) and not _writable(ends[side])]
        if not closed:
            return rule
        names = " and ".join(self.on(side, ends[side].name) for side in closed)
        if rule.direction is Direction.BOTH and len(closed) == 1:
            one_way = Direction.TO_SALESFORCE if closed[0] is Side.HUBSPOT else Direction.TO_HUBSPOT
            message = f"{names} is read-only, so the rule goes one way; write direction: {one_way} to say so"
            self.say(Severity.WARNING, path, message)
            return replace(rule, direction=one_way)
        lost = Severity.INFO if rule.optional else Severity.ERROR
        self.say(
            lost, path, f"{names} is read-only and the rule writes nowhere else, so it sleeps; turn it or remove it"
        )
        return None

    def room(self, rules: tuple[Rule, ...]) -> None:
        """What fields of Salesforce have too little room for, told in a line or two."""
        for message in room_findings(self.pair.salesforce, map(self.room_of, rules)):
            self.say(Severity.INFO, ("fields",), message)

    def room_of(self, rule: Rule) -> Room:
        ends = {side: self.live(side)[rule.field_on(side)] for side in Side}
        return Room(rule, self.file.fields[rule.name], ends[Side.HUBSPOT], ends[Side.SALESFORCE])

    def required(self, rules: tuple[Rule, ...]) -> None:
        """Fields without which Salesforce creates nothing."""
        if self.pair.salesforce not in self.file.create.to_salesforce:
            return
        writers = {rule.salesforce: rule for rule in rules if rule.direction.allows(Side.SALESFORCE)}
        for name, end in self.live(Side.SALESFORCE).items():
            if not end.required or name == self.pair.salesforce_key:
                continue
            path = ("create", "to_salesforce", self.pair.salesforce)
            if name not in writers:
                message = f"{self.on(Side.SALESFORCE, name)} is required, and no rule fills it; map it, with on_create"
                self.say(Severity.ERROR, path, message)
            elif Side.SALESFORCE not in writers[name].on_create:
                message = (
                    f"{self.on(Side.SALESFORCE, name)} is required; without on_create, records lacking it are refused"
                )
                self.say(Severity.WARNING, ("fields", writers[name].name), message)

    def match_keys(self) -> Iterator[MatchKey]:
        """The match keys without fields that are not there."""
        for key in self.pair.match:
            kept = {}
            for side, names in ((Side.HUBSPOT, key.hubspot), (Side.SALESFORCE, key.salesforce)):
                kept[side] = tuple(name for name in names if name in self.live(side))
                for name in set(names) - set(kept[side]):
                    self.missing(
                        Severity.WARNING, ("match", key.name, side.value), side, name, "; it is not matched by"
                    )
            if kept[Side.HUBSPOT] and kept[Side.SALESFORCE]:
                yield replace(key, hubspot=kept[Side.HUBSPOT], salesforce=kept[Side.SALESFORCE])

    def extra_fields(self) -> dict[Side, dict[str, Kind]]:
        """The fields read for conditions, without those that are not there."""
        kept: dict[Side, dict[str, Kind]] = {}
        for side, fields in self.pair.extra_fields.items():
            kept[side] = {name: kind for name, kind in fields.items() if name in self.live(side)}
            for name in set(fields) - set(kept[side]):
                self.missing(
                    Severity.ERROR, ("also_read", side.value, name), side, name, "; conditions see it as blank"
                )
        return kept

    def on(self, side: Side, name: str) -> str:
        return f"{LABEL[side]} {self.pair.object_on(side)}.{name}"

    def missing(self, severity: Severity, path: KeyPath, side: Side, name: str, then: str = "") -> None:
        hint = did_you_mean(name, self.live(side))
        self.say(severity, path, f"{self.on(side, name)} does not exist or is hidden from the credentials{then}{hint}")

    def say(self, severity: Severity, path: KeyPath, message: str) -> None:
        problem = self.source.document.problem(path, message)
        self.findings.append(Finding(severity, problem.file, problem.line, problem.key, message))


def _carries(end: FieldSchema, kind: Kind, *, written: bool) -> bool:
    """Whether a field can hold a kind. Free text holds anything in writing; of a moment the day can be read."""
    if kind in end.kinds or not end.kinds:
        return True
    if Kind.TEXT in end.kinds and not end.options:
        return True
    return kind is Kind.DATE and Kind.DATETIME in end.kinds and not written


def _writable(end: FieldSchema) -> bool:
    return end.creatable or end.updatable
