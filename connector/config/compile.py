"""Checked mapping files become the core's pairs: conditions compiled, rules folded, every remaining fault told at once.

What only shows when a file is read as a whole is found here: conditions that ask for unknown fields, transforms without
a way back, two rules that write one field, one pair of objects in two mappings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connector.config.conditions import Compiled, Kinds, always, compiled
from connector.config.load import Loaded, MappingSource
from connector.config.mappings import FieldRule, MappingFile, for_object, known_kinds
from connector.config.owners import Owners
from connector.config.rules import Staff, Written, faults_of, rule_for
from connector.config.vocabulary import owned_fields, resting
from connector.config.yaml import KeyPath
from connector.core.mapping import MappingSet, MatchKey, Pair, Rule
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Misconfigured, Problem


def compile_mappings(loaded: Loaded, owners: Owners | None = None) -> MappingSet:
    """The enabled mappings, ready for the core; disabled ones are checked all the same.

    Args:
        loaded: what `load` gave.
        owners: everyone who can own records on each side; None (not connected) makes owner rules refuse.

    Raises:
        Misconfigured: with every problem of every mapping.
    """
    staff = Staff(owners, loaded.owner_map)
    problems: list[Problem] = []
    pairs: list[Pair] = []
    for source in loaded.mappings:
        mapping = _Mapping(source, staff, problems, owned_fields(loaded, source))
        found = mapping.pairs()
        pairs.extend(found if source.file.enabled else ())
    problems.extend(_twins(pairs, loaded))
    if problems:
        raise Misconfigured(sorted(set(problems)))
    return MappingSet(tuple(pairs), loaded.digest)


@dataclass
class _Mapping:
    """One mapping on its way to pairs."""

    source: MappingSource
    staff: Staff
    problems: list[Problem]
    owned: Mapping[tuple[Side, str], frozenset[str]]
    kinds: dict[Side, dict[str, Kind]] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = known_kinds(self.source.file)

    @property
    def file(self) -> MappingFile:
        return self.source.file

    def pairs(self) -> list[Pair]:
        for name, rule in self.file.fields.items():
            for path, message in faults_of(rule):
                self.report(("fields", name, *path), message)
        create = self.file.create
        self.conditions = {
            ("scope", "when"): self.condition(("scope", "when"), self.file.scope.when),
            **{path: self.condition(path, text) for path, text in _creations("to_salesforce", create.to_salesforce)},
            **{path: self.condition(path, text) for path, text in _creations("to_hubspot", create.to_hubspot)},
        }
        self.problems.extend(self.quarrels())
        if any(problem.file == self.source.document.file for problem in self.problems):
            return []
        order = [*create.to_salesforce, *(obj for obj in self.file.salesforce if obj not in create.to_salesforce)]
        return [self.pair(obj) for obj in order]

    def condition(self, path: KeyPath, text: str) -> Compiled:
        found = compiled(text, self.kinds)
        if isinstance(found, Compiled):
            return found
        place = self.source.document.place(path)
        at = f"{place.file}", ".".join(map(str, path))
        for fault in found:
            message = f"{text.strip()!r} at character {fault.character}: {fault.message}"
            self.problems.append(Problem(at[0], place.value_line + fault.line - 1, at[1], message))
        return always(False)

    def pair(self, obj: str) -> Pair:
        file, never = self.file, always(False)
        conditions = [
            self.conditions[("scope", "when")],
            self.conditions.get(("create", "to_salesforce", obj), never),
            self.conditions.get(("create", "to_hubspot", obj), never),
        ]
        rules = tuple(self.rules(obj))
        return Pair(
            mapping=file.mapping,
            hubspot=file.hubspot,
            salesforce=obj,
            rules=rules,
            hubspot_key=file.identity.hubspot_property,
            salesforce_key=file.identity.salesforce_field,
            match=tuple(
                MatchKey(name, tuple(by.hubspot), tuple(by.salesforce), by.kind) for name, by in file.match.items()
            ),
            in_scope=conditions[0].holds,
            create_in_salesforce=conditions[1].holds,
            create_in_hubspot=conditions[2].holds,
            on_leaving=file.scope.on_leaving,
            on_archive=file.on_archive,
            extra_fields=self.extra_fields(obj, conditions, rules),
        )

    def rules(self, obj: str) -> Iterator[Rule]:
        for name, rule in self.file.fields.items():
            if self.rests(rule, obj):
                continue
            source = str(self.source.document.place(("fields", name)))
            made = rule_for(Written(name, rule, source), obj, self.staff)
            if made:
                yield made

    def rests(self, rule: FieldRule, obj: str) -> bool:
        """Whether a rule leaves its fields to the lifecycle on this object."""
        return resting(rule, self.file.hubspot, obj, self.owned)

    def extra_fields(self, obj: str, conditions: list[Compiled], rules: tuple[Rule, ...]) -> Kinds:
        """Fields that conditions ask for and no rule of this pair reads; those of other objects are left out."""
        elsewhere = {name for rule in self.file.fields.values() for name in rule.salesforce.values()}
        elsewhere -= {for_object(rule.salesforce, obj) for rule in self.file.fields.values() if self.rests(rule, obj)}
        extra: dict[Side, dict[str, Kind]] = {}
        for condition in conditions:
            for side, fields in condition.fields.items():
                mapped = {rule.field_on(side) for rule in rules}
                foreign = elsewhere if side is Side.SALESFORCE else set()
                foreign = foreign - set(self.file.also_read.get(side, {}))
                new = {name: kind for name, kind in fields.items() if name not in mapped | foreign}
                if new:
                    extra.setdefault(side, {}).update(new)
        return extra

    def quarrels(self) -> Iterator[Problem]:
        """Two rules that write the same field."""
        for obj in self.file.salesforce:
            writers: dict[tuple[Side, str], str] = {}
            for name, rule in self.file.fields.items():
                salesforce = for_object(rule.salesforce, obj)
                for side, target in ((Side.SALESFORCE, salesforce), (Side.HUBSPOT, rule.hubspot)):
                    if salesforce is None or target is None or not rule.direction.allows(side):
                        continue
                    first = writers.setdefault((side, target), name)
                    if first != name:
                        message = f"writes {target} as rule {first!r} does; let one of them go the other way only"
                        yield self.source.document.problem(("fields", name, side.value), message)

    def report(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.source.document.problem(path, message))


def _creations(way: str, texts: dict[str, str]) -> Iterator[tuple[KeyPath, str]]:
    return ((("create", way, obj), text) for obj, text in texts.items())


def _twins(pairs: list[Pair], loaded: Loaded) -> Iterator[Problem]:
    documents = {source.file.mapping: source.document for source in loaded.mappings}
    seen: dict[str, str] = {}
    for pair in pairs:
        first = seen.setdefault(pair.name, pair.mapping)
        if first != pair.mapping:
            message = f"{pair.name} is already kept in step by mapping {first!r}; disable one of the two"
            yield documents[pair.mapping].problem(("salesforce",), message)
