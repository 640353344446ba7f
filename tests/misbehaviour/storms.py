"""The weather: every way in which both CRMs are known to fail, as rules for the sandbox, and mixtures from a seed.

Rates are a few percent a kind: together about every fourth call fails, which is far more than either CRM ever shows.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.misbehaviour.rig import Rig

Rule = dict[str, Any]


def status(side: str, code: int, **params: Any) -> Rule:
    """A rule that answers with a status."""
    return {"side": side, "kind": "status", "params": {"status": code, **params}}


def hubspot_limit(policy: str, **headers: str) -> Rule:
    """A 429 in one of the known shapes."""
    shapes: dict[str, dict[str, Any]] = {
        "rolling": {"status": "error", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
        "secondly": {"status": "error", "message": "You have reached your secondly limit.", "policyName": "SECONDLY"},
        "bare": {"message": "rate limited"},
        "category": {"status": "error", "category": "RATE_LIMITS", "message": "You have reached your limit."},
    }
    return status("hubspot", 429, content=shapes[policy], headers=headers)


def salesforce_says(code: int, error: str, message: str) -> Rule:
    """A refusal of a whole call in Salesforce's words."""
    return status("salesforce", code, content=[{"message": message, "errorCode": error}])


def wire(side: str, kind: str, **more: Any) -> Rule:
    """A rule that breaks the wire."""
    return {"side": side, "kind": kind, **more}


def both(side: str) -> dict[str, Rule]:
    """What befalls either side."""
    return {
        "500": status(side, 500),
        "502": status(side, 502),
        "503": status(side, 503),
        "504": status(side, 504, body="html"),
        "520": status(side, 520, body="html"),
        "524": status(side, 524, body="empty"),
        "408": status(side, 408),
        "reset": wire(side, "reset"),
        "reset-after": wire(side, "reset", after_commit=True),
        "truncated": wire(side, "truncated"),
        "truncated-after": wire(side, "truncated", after_commit=True),
        "gzip": wire(side, "truncated_gzip"),
        "gzip-after": wire(side, "truncated_gzip", after_commit=True),
        "500-after": {**status(side, 500), "after_commit": True},
        "504-after": {**status(side, 504, body="html"), "after_commit": True},
        "html-200": wire(side, "html_200"),
        "html-200-after": wire(side, "html_200", after_commit=True),
        "slow": wire(side, "slow", params={"seconds": 0.02}),
    }


HUBSPOT: dict[str, Rule] = {
    **both("hubspot"),
    "423": status("hubspot", 423),
    "429": hubspot_limit("rolling"),
    "429-retry-after": hubspot_limit("rolling", **{"Retry-After": "3"}),
    "429-milliseconds": hubspot_limit("bare", **{"Retry-After": "10000"}),
    "429-secondly": hubspot_limit("secondly"),
    "429-category": hubspot_limit("category"),
    "429-html": status("hubspot", 429, body="html"),
    "477": status("hubspot", 477, headers={"Retry-After": "5"}),
    "400-html": status("hubspot", 400, body="html"),
}
SALESFORCE: dict[str, Rule] = {
    **both("salesforce"),
    "420": status("salesforce", 420),
    "406": status("salesforce", 406),
    "429": status("salesforce", 429, body="empty"),
    "lock": salesforce_says(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "timeout": salesforce_says(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "concurrent": salesforce_says(
        403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    ),
    "total": salesforce_says(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "unavailable": salesforce_says(503, "SERVER_UNAVAILABLE", "Server unavailable"),
    "500-list": salesforce_says(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
}
LASTING = frozenset({"400-html", "total"})  # end a run, or hold it for long; drawn rarely
ALL = {"hubspot": HUBSPOT, "salesforce": SALESFORCE}


def storm(stage: Rig, seed: int, rate: float = 0.02) -> None:
    """Let every kind strike, at rates drawn from the seed."""
    dice = Random(f"storm:{seed}")
    for kinds in ALL.values():
        for name, rule in kinds.items():
            if name not in LASTING:
                stage.fault(**rule, rate=rate * dice.random() * 2)
