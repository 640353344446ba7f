"""Endpoints about the account and its people: details, daily usage, owners (HubSpot fact sheet 7, 9, 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.hubspot.moments import EPOCH, iso
from connector.sandbox.hubspot.problems import bad_request, not_found
from connector.sandbox.hubspot.web import Call, Reply, whole

OWNERS_MAX = 500


def details(call: Call) -> Reply:
    """200; a bridge compares `portalId` with the one it was configured for."""
    settings = call.state.settings
    here = (EPOCH + timedelta(milliseconds=call.state.now_ms)).astimezone(ZoneInfo(settings.time_zone))
    offset = here.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return Reply(
        200,
        {
            "portalId": settings.portal_id,
            "accountType": settings.account_type,
            "timeZone": settings.time_zone,
            "companyCurrency": settings.currency,
            "additionalCurrencies": [],
            "utcOffset": f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )


def daily_usage(call: Call) -> Reply:
    """200 with the calls of all private apps since midnight in the account's time zone."""
    credentials, now_ms = call.state.credentials, call.state.now_ms
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.state.settings.daily_max,
        "currentUsage": credentials.day_calls(now_ms),
        "collectedAt": iso(now_ms),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(credentials.day_ends_ms(now_ms)),
    }
    return Reply(200, {"results": [usage]})


def owners(call: Call) -> Reply:
    """200 with a page of owners by id, active ones unless `archived=true`."""
    limit = call.number("limit", 100)
    if not 1 <= limit <= OWNERS_MAX:
        raise bad_request(f"Invalid limit {limit}: it must be between 1 and {OWNERS_MAX}")
    after = call.number("after", 0)
    email = call.one("email") or None
    found = [each for each in call.state.owners.listed(archived=call.flag("archived"), email=email) if each.id >= after]
    answer: dict[str, Any] = {"results": [each.shown() for each in found[:limit]]}
    if len(found) > limit:
        answer["paging"] = {"next": {"after": str(found[limit].id)}}
    return Reply(200, answer)


def owner(call: Call) -> Reply:
    """200 with one owner, by owner id or, with `idProperty=userId`, by user id."""
    number = whole(call.parts[0])
    by_user = call.one("idProperty") == "userId"
    for each in call.state.owners.listed(archived=call.flag("archived")):
        if number == (each.user_id if by_user else each.id):
            return Reply(200, each.shown())
    raise not_found(call.parts[0])
