"""The rules as an admin wrote them, and the oracle's own idea of when two values are one and the same.

Nothing here calls the bridge's compiler, transforms or comparison: a wrong comparison there would excuse itself. Values
are taken as the CRMs hold them. Excuses are no matter of this module; it says only what is alike, and which value of
one side a value of the other may be made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.core.refs import Side
from tests.simulation import agreements
from tests.simulation.variants import SELLERS

SHIPPED = Path(__file__).parents[3] / "mappings" / "contacts.yaml"
RESTING = ("lifecycle_stage",)  # rules that rest where both teams agreed on a lifecycle
WHOLE = ("values", "values_to_hubspot", "unmapped")

NOBODY = "0055f0000000001AAA"  # the user of Salesforce that the bridge is
CUT_CHARS = 20  # no text field of either CRM is shorter
BLANKS = (None, "")


@dataclass(frozen=True)
class Rule:
    """One rule of people, as written."""

    name: str
    hubspot: str
    salesforce: Mapping[str, str]
    said: Mapping[str, Any] = field(default_factory=dict)

    def on(self, side: Side, obj: str) -> str | None:
        """The field's name on an object; None where the rule leaves the object out."""
        return self.hubspot if side is Side.HUBSPOT else self.salesforce.get(obj)

    def goes(self, towards: Side) -> bool:
        """Whether values may be written to that side."""
        return self.said.get("direction", "both") in ("both", f"to_{towards.value}")

    @property
    def both_ways(self) -> bool:
        return self.said.get("direction", "both") == "both"

    @property
    def kind(self) -> str:
        return str(self.said.get("kind", "text"))

    @property
    def clears(self) -> bool:
        """Whether clearing travels."""
        return bool(self.said.get("blank") == "clear")

    def default(self, side: Side) -> Any:
        """What a record is made with when the other side has nothing."""
        return (self.said.get("on_create") or {}).get(side.value)


@dataclass(frozen=True)
class Written:
    """A whole mapping of people, as written.

    Attributes:
        people: everything but the rules (scope, create, on_archive, identity).
    """

    rules: tuple[Rule, ...]
    people: Mapping[str, Any]
    fallback: Mapping[str, str]

    def keys(self) -> dict[Side, str | None]:
        """Where each side keeps the other's id."""
        identity = self.people["identity"]
        return {Side.HUBSPOT: identity["hubspot_property"], Side.SALESFORCE: identity["salesforce_field"]}


@cache
def written(variant: str) -> Written:
    """The shipped mapping with a variant's changes, joined as `extends` says."""
    chosen = agreements.chosen(variant)
    data = _joined(YAML(typ="safe").load(SHIPPED.read_text()), chosen.people)
    rules = []
    for name, said in data.pop("fields").items():
        if chosen.agreed is not None and name in RESTING:
            continue
        there = said["salesforce"]
        objects = there if isinstance(there, dict) else {"Lead": there, "Contact": there}
        rules.append(Rule(name, said["hubspot"], objects, said))
    return Written(tuple(rules), data, chosen.fallback)


def _joined(below: Mapping[str, Any], above: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        if value is None and (*path, key) != ("identity", "hubspot_property"):
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(below.get(key), dict) and key not in WHOLE:
            result[key] = _joined(below[key], value, (*path, key))
        else:
            result[key] = value
    return result


@dataclass(frozen=True)
class Sellers:
    """Who owns records: by id, the e-mail of each active owner; what the bridge itself owns counts as unowned."""

    emails: Mapping[tuple[Side, str], str] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)

    def there(self, towards: Side, owner: str) -> str | None:
        """The address of the owner's counterpart on a side; the fallback's where there is none."""
        table = SELLERS if towards is Side.SALESFORCE else {theirs: ours for ours, theirs in SELLERS.items()}
        address = self.emails.get((towards.other, owner), "")
        active = {email for (side, _), email in self.emails.items() if side is towards}
        for one in (table.get(address, address), self.fallback.get(towards.value)):
            if one and one in active:
                return one
        return None


def translates(rule: Rule, towards: Side, value: Any, sellers: Sellers) -> list[Any]:
    """The values that a value of the other side may become on a side, the canonical form of each."""
    if blank(value):
        return [""] if rule.kind != "boolean" else ["false", ""]
    only = rule.said.get("only")
    if only is not None and canonical(rule, value) not in [canonical(rule, one) for one in only]:
        return [""]
    if rule.kind == "owner":
        return [""] if value == NOBODY else [sellers.there(towards, str(value))]
    table = rule.said.get("values")
    if table is None:
        return [canonical(rule, _shortened(rule, value))]
    return _mapped(rule, towards, str(value), table)


def _mapped(rule: Rule, towards: Side, value: str, table: Mapping[str, Any]) -> list[Any]:
    pairs = [(ours, one) for ours, said in table.items() for one in (said if isinstance(said, list) else [said])]
    found = [one for ours, one in pairs if ours == value] if towards is Side.SALESFORCE else []
    found = found or [ours for ours, one in pairs if one == value and towards is Side.HUBSPOT]
    if found:
        return found
    unmapped = rule.said.get("unmapped", "reject")
    if isinstance(unmapped, dict) and "default" not in unmapped:
        unmapped = unmapped.get(f"to_{towards.value}", "reject")
    if isinstance(unmapped, dict):
        return [unmapped["default"]]
    return {"keep": [value], "blank": [""]}.get(unmapped, [])


def shaped(rule: Rule, sent: Any, held: Any) -> bool:
    """Whether a value may be what is left of another in a field that keeps fewer decimals or characters."""
    if blank(sent) or blank(held):
        return False
    if rule.kind in ("number", "money"):
        return _rounded(_number(str(sent)), _number(str(held)))
    return rule.said.get("too_long") == "truncate" and str(sent).startswith(str(held)) and len(str(held)) >= CUT_CHARS


def _rounded(sent: str, held: str) -> bool:
    return "NaN" not in (sent, held) and Decimal(sent).quantize(Decimal(held), ROUND_HALF_UP) == Decimal(held)


def alike(rule: Rule, ours: Any, theirs: Any, sellers: Sellers) -> bool:
    """Whether HubSpot's and Salesforce's value of a rule are one and the same."""
    if blank(ours) and blank(theirs):
        return True
    if rule.goes(Side.SALESFORCE) and form(rule, Side.SALESFORCE, theirs, sellers) in translates(
        rule, Side.SALESFORCE, ours, sellers
    ):
        return True
    if shaped(rule, ours, theirs) or shaped(rule, theirs, ours):
        return True
    return rule.goes(Side.HUBSPOT) and form(rule, Side.HUBSPOT, ours, sellers) in translates(
        rule, Side.HUBSPOT, theirs, sellers
    )


def form(rule: Rule, side: Side, value: Any, sellers: Sellers) -> Any:
    """The form in which values of one side compare with each other."""
    if rule.kind == "owner" and not blank(value):
        if value == NOBODY:
            return ""
        return sellers.emails.get((side, str(value)), str(value))
    return canonical(rule, value)


def blank(value: Any) -> bool:
    """Whether a field says nothing."""
    return value in BLANKS


def canonical(rule: Rule, value: Any) -> Any:
    """A value less what a CRM or a kind may spell in its own way."""
    if rule.kind == "boolean":
        return "true" if str(value).lower() in ("true", "1", "yes") else "false"
    if blank(value):
        return ""
    return _FORMS.get(rule.kind, _text)(str(value))


def _text(value: str) -> str:
    return value.replace("\r\n", "\n").strip()


def _phone(value: str) -> str:
    digits = re.sub(r"\D", "", re.split("[x;]", value, maxsplit=1)[0])
    return digits.removeprefix("1") if len(digits) == 11 else digits or value.casefold()


def _number(value: str) -> str:
    try:
        return format(Decimal(value).normalize(), "f")
    except InvalidOperation:
        return "NaN"


def _money(value: str) -> str:
    try:
        return _number(str(Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)))
    except InvalidOperation:
        return value


def _choices(value: str) -> str:
    return ";".join(sorted({part.strip() for part in value.split(";")} - {""}))


_FORMS = {
    "email": str.casefold,
    "phone": _phone,
    "number": _number,
    "money": _money,
    "date": lambda value: value[:10],
    "datetime": lambda value: value[:19],
    "multipicklist": _choices,
}
_CHANGES = {
    "trim": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "collapse_spaces": lambda value: " ".join(value.split()),
}


def _shortened(rule: Rule, value: Any) -> Any:
    """A text after the changes that a rule makes on its way."""
    for name in rule.said.get("transforms", ()):
        value = _CHANGES[name](str(value))
    return value
