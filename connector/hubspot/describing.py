"""The account, the live schema, the owners (fact sheet 5, 7, 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connector.core.values import Kind
from connector.hubspot.batches import BATCH, next_page
from connector.hubspot.faults import Denied
from connector.hubspot.wire import RESULTS, Wire, results
from connector.ports import Account, FieldSchema, ObjectSchema, Option, Owner

_TEXTS: Final = frozenset(
    {Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.PICKLIST, Kind.MULTIPICKLIST, Kind.REFERENCE}
)  # a string property carries any canonical value as it is written
_NUMBERS: Final = frozenset({Kind.NUMBER, Kind.MONEY})
KINDS: Final[Mapping[str, frozenset[Kind]]] = {
    "string": _TEXTS,
    "phone_number": frozenset({Kind.PHONE, Kind.TEXT}),
    "number": _NUMBERS | {Kind.REFERENCE},
    "bool": frozenset({Kind.BOOLEAN}),
    "enumeration": frozenset({Kind.PICKLIST, Kind.TEXT}),
    "date": frozenset({Kind.DATE}),
    "datetime": frozenset({Kind.DATETIME}),
}
_BY_FIELD_TYPE: Final[Mapping[tuple[str, str], frozenset[Kind]]] = {
    ("enumeration", "checkbox"): frozenset({Kind.MULTIPICKLIST}),
    ("enumeration", "booleancheckbox"): frozenset({Kind.BOOLEAN, Kind.PICKLIST}),
    ("string", "phonenumber"): _TEXTS,
}
_TEXT_CHARS = 65_536
_REQUIRED: Final = {"deals": frozenset({"dealname", "dealstage"})}  # elsewhere one of several suffices (2.1)
_UNIQUE: Final = {"contacts": frozenset({"email"})}  # unique although the definition does not say so (2.6)


class Describer:
    """Asks what the account is and holds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: dict[str, ObjectSchema] = {}
        self._primed: dict[str, ObjectSchema] = {}

    def in_lane(self, wire: Wire) -> Describer:
        """The same knowledge, asking over a wire of another lane."""
        other = Describer(wire)
        other._known, other._primed = self._known, self._primed
        return other

    def account(self) -> Account:
        """Who we are connected to. Raises as `ports.Crm`."""
        told = self._wire.get("account", self._wire.paths.of("account"), expects="portalId").body
        portal = str(told["portalId"])
        kind = str(told.get("accountType") or "").replace("_", " ").lower()
        name = f"HubSpot portal {portal}" + (f" ({kind})" if kind else "")
        return Account(portal, name, str(told.get("timeZone") or "UTC"), str(told.get("companyCurrency") or ""))

    def schema(self, obj: str) -> ObjectSchema:
        """The live definition of an object. Raises as `ports.Crm`."""
        told = results(self._wire.get("properties", self._wire.paths.of("properties", obj), expects=RESULTS))
        fields = {str(each["name"]): described(obj, each) for each in told if not each.get("archived")}
        self._known[obj] = ObjectSchema(obj, fields)
        return self._known[obj]

    def prime(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """Take the word of earlier answers, by object, for what does not change: which properties are unique."""
        self._primed.update(schemas)

    def uniques(self, obj: str) -> frozenset[str]:
        """The unique properties of an object; what is unique cannot change once it exists (fact sheet 2.6)."""
        schema = self._known.get(obj) or self._primed.get(obj) or self.schema(obj)
        return frozenset(name for name, each in schema.fields.items() if each.unique)

    def options(self, obj: str, name: str) -> frozenset[str]:
        """The values a property accepts, as of the latest `schema`; asked when only an earlier process has."""
        known = (self._known.get(obj) or self.schema(obj)).fields.get(name)
        return frozenset(option.value for option in known.options) if known else frozenset()

    def owners(self) -> Sequence[Owner]:
        """Everyone who can own records; those archived come as inactive. Raises as `ports.Crm`."""
        found = {owner.id: owner for owner in (*self._gone_owners(), *self._owners("false"))}
        return sorted(found.values(), key=lambda owner: owner.id)

    def _gone_owners(self) -> list[Owner]:
        """Archived owners; none where the account does not list them."""
        try:
            return self._owners("true")
        except Denied:
            return []

    def _owners(self, archived: str) -> list[Owner]:
        owners: list[Owner] = []
        after = ""
        while True:
            query = {"limit": str(BATCH), "archived": archived} | ({"after": after} if after else {})
            answer = self._wire.get("owners", self._wire.paths.of("owners"), query, RESULTS)
            owners += [_owner(each, active=archived == "false") for each in results(answer)]
            after = next_page(answer.body)
            if not after:
                return owners


def _owner(told: Mapping[str, Any], *, active: bool) -> Owner:
    """The owner id is what `hubspot_owner_id` takes; the user id is not (fact sheet 7)."""
    name = f"{told.get('firstName') or ''} {told.get('lastName') or ''}".strip()
    return Owner(
        id=str(told["id"]),
        email=str(told.get("email") or ""),
        name=name or str(told.get("email") or told["id"]),
        active=active,
        queue=told.get("type") == "QUEUE",
    )


def described(obj: str, told: Mapping[str, Any]) -> FieldSchema:
    """A property as the bridge understands it, from how the Properties API tells it (fact sheet 5)."""
    name, kind = str(told["name"]), str(told.get("type") or "")
    limits = told.get("modificationMetadata") or {}
    writable = not limits.get("readOnlyValue") and not told.get("calculated")
    return FieldSchema(
        name=name,
        label=str(told.get("label") or name),
        type=kind,
        kinds=_kinds(told, kind),
        creatable=writable,
        updatable=writable,
        required=name in _REQUIRED.get(obj, frozenset()),
        length=_TEXT_CHARS if kind == "string" else None,
        options=tuple(_option(each) for each in told.get("options") or ()),
        restricted=kind == "enumeration" and not told.get("externalOptions"),
        unique=bool(told.get("hasUniqueValue")) or name in _UNIQUE.get(obj, frozenset()),
    )


def _kinds(told: Mapping[str, Any], kind: str) -> frozenset[Kind]:
    if told.get("referencedObjectType") == "OWNER":
        return frozenset({Kind.OWNER, Kind.TEXT})
    return _BY_FIELD_TYPE.get((kind, str(told.get("fieldType") or "")), KINDS.get(kind, frozenset()))


def _option(told: Mapping[str, Any]) -> Option:
    value = str(told.get("value", ""))
    return Option(value, str(told.get("label") or value), active=not told.get("hidden"))
