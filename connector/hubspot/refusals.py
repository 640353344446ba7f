"""What HubSpot says against one record, as outcomes that tell a person what to do (fact sheet 2.5 and 2.9).

The same words come as a whole answer (400, 409) or as an entry of a 207. A message about values holds a JSON array
inside the string, one entry for each bad property; a conflict names the record that is in the way by its id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from connector.core.refs import hubspot
from connector.errors import Transient
from connector.hubspot.faults import scrubbed
from connector.ports import Exists, Outcome, Rejected, Rejection, Unsure

NOT_TAKEN, NO_SAFE_KEY, CONFLICT = "NOT_TAKEN", "NO_SAFE_KEY", "CONFLICT"
_HOLDER = re.compile(r"Existing ID:\s*(\d+)|(\d+) already has that value")
_MERGE_THEM = "another record has this value already; merge the two in HubSpot, or correct one of them"
_NOT_CHOSEN = "add the option to the property in HubSpot, or map the value in the mapping's `values`"
_NUMBER = "HubSpot keeps a number here; correct the value, or map a text property"
_RULE = "an admin's rule in HubSpot asks for this property; map it or give it a default in `on_create`"
HINTS: Final[Mapping[str, str]] = {
    "PROPERTY_DOESNT_EXIST": "create the property in HubSpot, or take the rule out of the mapping",
    "READ_ONLY_VALUE": "HubSpot computes this property; let the rule go to Salesforce only",
    "INVALID_EMAIL": "correct the address on the other side",
    "INVALID_OPTION": _NOT_CHOSEN,
    "INVALID_LONG": _NUMBER,
    "INVALID_INTEGER": _NUMBER,
    "INVALID_NUMERIC": _NUMBER,
    "INVALID_DATE": "HubSpot keeps a date here (2026-11-02); correct the value",
    "MISSING_REQUIRED_PROPERTY": _RULE,
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": _RULE,
    "CONFLICTING_UNIQUE_VALUE": _MERGE_THEM,
    CONFLICT: _MERGE_THEM,
    NOT_TAKEN: "HubSpot kept its own value; look for a workflow or a rule there that sets this property",
    NO_SAFE_KEY: "name a unique HubSpot property in the mapping's `hubspot_key`: creating must be safe to repeat",
}
_UNKNOWN = "read HubSpot's words; correct the value on either side or the mapping"
_PASSING: Final = frozenset({"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


def refused(obj: str, error: Mapping[str, Any], *, creating: bool) -> Outcome:
    """The outcome of one write that HubSpot refuses in these words (every field of them is optional)."""
    if error.get("category") in _PASSING:
        return Unsure(Transient(f"HubSpot did not get to this record ({error['category']})"))
    found = rejections(error)
    holder = _HOLDER.search(str(error.get("message") or ""))
    if holder and creating:
        reason = "HubSpot has a record with this value already"
        return Exists((hubspot(obj, holder[1] or holder[2]),), reason)
    return Rejected(found)


def rejections(error: Mapping[str, Any]) -> tuple[Rejection, ...]:
    """Every reason an error gives, one a property where it names properties."""
    message = str(error.get("message") or "")
    listed = _inside(message)
    if listed:
        return tuple(
            rejection(str(each.get("name") or ""), str(each.get("error") or "INVALID"), str(each.get("message") or ""))
            for each in listed
        )
    details = [each for each in error.get("errors") or () if isinstance(each, dict)]
    if details:
        return tuple(
            rejection(name, str(each.get("code") or _code(error)), str(each.get("message") or message))
            for each in details
            for name in _names(each.get("context")) or [""]
        )
    names = _names(error.get("context")) or ["email" if _code(error) == CONFLICT else ""]
    return tuple(rejection(name, _code(error), message) for name in names)


def rejection(name: str, code: str, words: str) -> Rejection:
    """One reason, with what a person can do about it."""
    return Rejection(name, code, scrubbed(words) or "HubSpot gives no reason", HINTS.get(code, _UNKNOWN))


def not_taken(name: str) -> Rejection:
    """A property whose value HubSpot passed over in silence."""
    return rejection(name, NOT_TAKEN, "HubSpot answered success and kept another value")


def no_safe_key() -> Rejected:
    """A create that could not be repeated without making a second record."""
    words = "neither a unique property nor an e-mail address identifies the record to be created"
    return Rejected((rejection("", NO_SAFE_KEY, words),))


def _code(error: Mapping[str, Any]) -> str:
    return str(error.get("category") or error.get("subCategory") or "REFUSED")


def _inside(message: str) -> list[Mapping[str, Any]]:
    """The JSON array inside a message, if there is one."""
    start, end = message.find("["), message.rfind("]")
    if start < 0 or end < start:
        return []
    try:
        found = orjson.loads(message[start : end + 1])
    except orjson.JSONDecodeError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _names(context: Any) -> list[str]:
    told = context if isinstance(context, dict) else {}
    names = told.get("propertyName") or told.get("properties") or []
    return [str(name) for name in (names if isinstance(names, list) else [names])]
