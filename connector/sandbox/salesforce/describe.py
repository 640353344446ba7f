"""describe: every key a connector may branch on, from the same schema that validates (Salesforce fact sheet 1.6).

Fields hidden from the asking user are simply missing.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.fields import AUDIT, NUMBERS, TEXTS, Choice, Field, ObjectType

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
_LONG_TEXT = 4099


_NEVER: dict[str, Any] = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "writeRequiresMasterRead": False,
}  # keys that must be there and say nothing in this org


def describe_field(field: Field, *, locked: bool = False) -> dict[str, Any]:
    """One entry of `fields`, keys in order. With `locked` the user may read but not edit it."""
    return dict(sorted({**_NEVER, **_identity(field), **_measures(field), **_rights(field, locked=locked)}.items()))


def _identity(field: Field) -> dict[str, Any]:
    """What the field is and where it leads."""
    return {
        "compoundFieldName": field.compound,
        "custom": field.custom,
        "defaultValue": bool(field.default) if field.type == "boolean" else None,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "inlineHelpText": field.help_text or None,
        "label": field.label,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.refers_to) > 1,
        "picklistValues": [_choice(choice) for choice in field.choices],
        "polymorphicForeignKey": len(field.refers_to) > 1,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "type": field.type,
    }


def _measures(field: Field) -> dict[str, Any]:
    """How large values may be."""
    length = 18 if field.type in {"id", "reference"} else field.length
    return {
        "byteLength": length * 3 if field.type in TEXTS else length,
        "digits": field.precision if field.type == "int" else 0,
        "length": length,
        "precision": field.precision if field.type in NUMBERS - {"int"} else 0,
        "scale": field.scale,
    }


def _rights(field: Field, *, locked: bool) -> dict[str, Any]:
    """What may be done with it: written, left out, filtered, sorted."""
    long_text = field.type == "textarea" and field.length > _LONG_TEXT
    plain = field.stored and field.type != "multipicklist" and not long_text
    return {
        "aggregatable": plain,
        "caseSensitive": field.case_sensitive,
        "createable": field.createable and not locked,
        "defaultedOnCreate": field.type == "boolean" or field.default is not None or not field.createable,
        "filterable": field.stored and not long_text,
        "groupable": plain and field.type not in NUMBERS - {"int"} and field.type != "datetime",
        "idLookup": field.id_lookup or field.external_id,
        "nillable": not (field.required or field.type in {"boolean", "id"} or field.name in AUDIT),
        "permissionable": not (field.required or not field.createable or field.type == "id"),
        "searchPrefilterable": field.type == "reference",
        "sortable": plain,
        "unique": field.unique,
        "updateable": field.updateable and not locked,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "active": choice.active,
        "defaultValue": choice.default,
        "label": choice.label or choice.value,
        "validFor": None,
        "value": choice.value,
    }


def summary(kind: ObjectType, base: str) -> dict[str, Any]:
    """The object-level flags, as in describe-global."""
    path = f"{base}/sobjects/{kind.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": kind.createable,
        "custom": kind.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": kind.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": kind.prefix,
        "label": kind.label,
        "labelPlural": kind.plural,
        "layoutable": True,
        "mergeable": kind.mergeable,
        "mruEnabled": True,
        "name": kind.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": kind.createable,
        "undeletable": kind.deletable,
        "updateable": kind.updateable,
        "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
    }


def describe(kind: ObjectType, scope: Scope, base: str) -> dict[str, Any]:
    """The whole describe of one object for one user."""
    locked = scope.access.locked(scope.user_id, kind.name)
    return {
        "actionOverrides": [],
        "childRelationships": _children(kind, scope),
        "compactLayoutable": True,
        **summary(kind, base),
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_known(kind, field, locked=field.name in locked) for field in scope.fields(kind)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(kind, base)],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {kind.plural}", "name": "everything"}],
    }


def _known(kind: ObjectType, field: Field, *, locked: bool) -> dict[str, Any]:
    """`describe_field`, worked out once for every org that shares the object."""
    known = kind.described.get((field.name, locked))
    if known is None:
        known = kind.described[field.name, locked] = describe_field(field, locked=locked)
    return known


def _children(kind: ObjectType, scope: Scope) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": False,
            "childSObject": name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": None if field.name.endswith("ById") else table.kind.plural,
            "restrictedDelete": False,
        }
        for name, table in scope.catalogue.tables.items()
        for field in table.kind.links
        if kind.name in field.refers_to
    ]


def _master_record_type(kind: ObjectType, base: str) -> dict[str, Any]:
    record_type = "012000000000000AAA"
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": record_type,
        "urls": {"layout": f"{base}/sobjects/{kind.name}/describe/layouts/{record_type}"},
    }
