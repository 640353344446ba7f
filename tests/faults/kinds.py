"""Every way in which a call may fail, by name: what the CRM does, and what shall become of a run that meets it.

The documented answers are those of HubSpot fact sheet 2.9, 9 and 10 and Salesforce fact sheet 1.8 and 7.1; what passes
is shared with the storms (tests/misbehaviour/storms.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.core.refs import Side
from connector.sandbox.services import Fault
from tests.faults.paths import Fate
from tests.misbehaviour.storms import HUBSPOT as HUBSPOT_STORMS
from tests.misbehaviour.storms import LASTING as LASTING_STORMS
from tests.misbehaviour.storms import SALESFORCE as SALESFORCE_STORMS
from tests.misbehaviour.storms import Rule, salesforce_says, status


@dataclass(frozen=True)
class Kind:
    """One way to fail, and what becomes of a run that meets it at every turn."""

    name: str
    side: Side
    rule: Rule = field(hash=False)
    fate: Fate

    @property
    def fault(self) -> Fault:
        """The fault as the sandbox knows it."""
        return Fault(**self.rule)


def _hubspot(code: int, message: str = "", category: str = "", **more: Any) -> Rule:
    told = {"status": "error", "message": message, "category": category, "correlationId": "c93e", **more}
    return status("hubspot", code, content={name: value for name, value in told.items() if value})


_DAILY = {"status": "error", "message": "You have reached your daily limit.", "errorType": "RATE_LIMIT"}
_OTHER_SHAPE: Any = {"unexpected": [1, {"two": 3}]}
_GRANULAR = [{"message": "scopes", "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}]

_HUBSPOT_APART = {"slow", "477", "429-milliseconds", *LASTING_STORMS}
_SALESFORCE_APART = {"slow", "concurrent", *LASTING_STORMS}

_HUBSPOT: Mapping[Fate, Mapping[str, Rule]] = {
    Fate.PASSES: {
        **{name: rule for name, rule in HUBSPOT_STORMS.items() if name not in _HUBSPOT_APART},
        **{str(code): status("hubspot", code, body="html") for code in (521, 522, 523, 525, 526, 530)},
        "425": status("hubspot", 425),
        "other-shape-list": status("hubspot", 200, content=[]),
        "other-shape": status("hubspot", 200, content=_OTHER_SHAPE),
    },
    Fate.WAITS: {
        "477": HUBSPOT_STORMS["477"] | {"params": {"status": 477, "headers": {"Retry-After": "7200"}}},
        "429-milliseconds": HUBSPOT_STORMS["429-milliseconds"],
        "429-daily": status("hubspot", 429, content={**_DAILY, "policyName": "DAILY"}),
    },
    Fate.STOPS: {
        "401": _hubspot(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION"),
        "401-unknown": _hubspot(
            401,
            "The OAuth token used to make this call expired 20543 day(s) ago.",
            "EXPIRED_AUTHENTICATION",
            context={"expire time": ["1970-01-01T00:00:00Z"]},
        ),
        "401-expired": _hubspot(401, "The OAuth token used expired 75 second(s) ago.", "EXPIRED_AUTHENTICATION"),
        "401-html": status("hubspot", 401, body="html"),
        "403": _hubspot(403, "This app hasn't been granted all required scopes.", "MISSING_SCOPES", errors=_GRANULAR),
        "403-html": status("hubspot", 403, body="html"),
    },
    Fate.DECLINED: {
        "400": _hubspot(400, "Invalid input JSON on line 1, column 102: Cannot build Filter", "VALIDATION_ERROR"),
        "400-html": HUBSPOT_STORMS["400-html"],
        "404": _hubspot(404, "resource not found"),
        "404-html": status("hubspot", 404, body="html"),
        "405": status("hubspot", 405, body="html"),
        "409": _hubspot(409, "The record is in conflict.", "CONFLICT"),
        "413": status("hubspot", 413, body="html"),
        "414": status("hubspot", 414, body="html"),
        "415": status("hubspot", 415),
    },
}


_CLIENT_FAULTS = (400, 405, 410, 412, 414, 415, 428, 431)


def _forbidden(code: str) -> Rule:
    return salesforce_says(403, code, "this is not enabled for the user or the organization")


_SALESFORCE: Mapping[Fate, Mapping[str, Rule]] = {
    Fate.PASSES: {
        **{name: rule for name, rule in SALESFORCE_STORMS.items() if name not in _SALESFORCE_APART},
        "503-json": salesforce_says(503, "SERVER_UNAVAILABLE", "Server unavailable"),
        "other-shape": status("salesforce", 200, content=_OTHER_SHAPE),
        "other-shape-text": status("salesforce", 200, content="later"),
    },
    Fate.WAITS: {"403-total": SALESFORCE_STORMS["total"], "403-concurrent": SALESFORCE_STORMS["concurrent"]},
    Fate.STOPS: {
        "401": salesforce_says(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        "401-policy": salesforce_says(401, "INVALID_AUTH", "This session is not valid for use with the REST API"),
        "401-header": salesforce_says(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        "401-html": status("salesforce", 401, body="html"),
        **{
            f"403-{code}": _forbidden(code)
            for code in (
                "API_DISABLED_FOR_ORG",
                "API_CURRENTLY_DISABLED",
                "INSUFFICIENT_ACCESS",
                "TXN_SECURITY_METERING_ERROR",
                "TXN_SECURITY_NO_ACCESS",
            )
        },
        "403-unlisted": _forbidden("SOME_NEW_POLICY"),
        "403-html": status("salesforce", 403, body="html"),
        "404-version": salesforce_says(404, "UNSUPPORTED_API_VERSION", "The requested version is not supported"),
    },
    Fate.DECLINED: {
        "404": salesforce_says(404, "NOT_FOUND", "The requested resource does not exist"),
        "404-html": status("salesforce", 404, body="html"),
        "300": status("salesforce", 300, content=["/services/data/v67.0/sobjects/Lead/00Q000000000001AAA"]),
        **{f"{code}-html": status("salesforce", code, body="html") for code in _CLIENT_FAULTS},
        "409": salesforce_says(409, "INVALID_VERSION", "the job was made with another version"),
        **{
            f"400-{code}": salesforce_says(400, code, "refused")
            for code in (
                "INVALID_FIELD",
                "INVALID_TYPE",
                "MALFORMED_QUERY",
                "QUERY_TOO_COMPLICATED",
                "INVALID_QUERY_LOCATOR",
                "EXCEEDED_ID_LIMIT",
                "JSON_PARSER_ERROR",
                "SOME_NEW_CODE",
            )
        },
    },
}


def _named(side: Side, table: Mapping[Fate, Mapping[str, Rule]]) -> dict[str, Kind]:
    made = [
        Kind(f"{side.value} {name}", side, rule, fate) for fate, rules in table.items() for name, rule in rules.items()
    ]
    return {each.name: each for each in made}


KINDS: Mapping[str, Kind] = {**_named(Side.HUBSPOT, _HUBSPOT), **_named(Side.SALESFORCE, _SALESFORCE)}


def kinds(side: Side, fate: Fate) -> list[Kind]:
    """The kinds of one side and fate, in the order of the table."""
    return [each for each in KINDS.values() if each.side is side and each.fate is fate]
