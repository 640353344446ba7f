"""What the end of a call means: one table from gRPC's status and Salesforce's `error-code` to what happens next.

Every stream ends with an error sooner or later, so none of these is a catastrophe: polling goes on in all of them. A
status nobody knows counts as a fault that passes. (Salesforce fact sheet 6.3.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import grpc

from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised

FULL_DAY_S: Final = 3600  # how long nothing is asked once the day's deliveries are used up; the day is a rolling one
_REPLAY: Final = ("replayid.corrupted", "replayid.validation.failed")
_LIMIT: Final = "subscription.limit.exceeded"
_CODES: Final = "sfdc.platform.eventbus.grpc."


class SessionOver(Unauthorised):
    """The token is not good any more: sign in anew once."""


class ReplayLost(Transient):
    """The place kept is older than the bus, or not one of its own: poll everything, then listen from now on."""


class DayFull(RateLimited):
    """The org has had all events it may be delivered in 24 hours; polling alone must do until then."""


def fault(error: grpc.RpcError, now: datetime) -> BridgeError:
    """The error the end of a call stands for. Only calls raise such errors, so each knows its status."""
    call: Any = error
    status, details = call.code(), str(call.details() or "")
    told = {str(key): str(value) for key, value in call.trailing_metadata() or ()}
    code = told.get("error-code", "").removeprefix(_CODES)
    if any(code.endswith(each) for each in _REPLAY) or (not code and "replay id" in details.lower()):
        return ReplayLost("Salesforce's event bus does not know the place we left off at")
    if code.endswith(_LIMIT):
        words = "the org's day of change events is used up; polling alone finds changes until there is room again"
        return DayFull(words, now + timedelta(seconds=FULL_DAY_S))
    judge = _BY_STATUS.get(status)
    said = " ".join(filter(None, (status.name if status else "no status", code)))
    return judge(said) if judge else Transient(f"the stream of change events ended ({said}); it is opened again")


def _session(said: str) -> BridgeError:
    return SessionOver(f"Salesforce's event bus does not take our session ({said})")


def _forbidden(said: str) -> BridgeError:
    return Unauthorised(
        f"Salesforce does not let our user subscribe ({said}): give it View All of the objects chosen for Change Data "
        "Capture, and see salesforce.pubsub.channel in config.yaml"
    )


def _mistaken(said: str) -> BridgeError:
    return Refused(
        f"Salesforce's event bus refuses the subscription ({said}): choose the objects in Setup under Change Data "
        "Capture, and see salesforce.pubsub.channel in config.yaml"
    )


_BY_STATUS: Final[Mapping[grpc.StatusCode, Any]] = {
    grpc.StatusCode.UNAUTHENTICATED: _session,
    grpc.StatusCode.PERMISSION_DENIED: _forbidden,
    grpc.StatusCode.NOT_FOUND: _mistaken,
    grpc.StatusCode.INVALID_ARGUMENT: _mistaken,
    grpc.StatusCode.UNIMPLEMENTED: _mistaken,
    grpc.StatusCode.FAILED_PRECONDITION: _mistaken,
}
