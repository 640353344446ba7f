"""One table from what HubSpot answers to what happens next (fact sheet 2.9 and 9).

Every field of an error body is optional and bodies from the edge are HTML, so nothing here trusts a body to be JSON.
Texts that go into errors have e-mail addresses removed: messages quote the values they complain about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson

from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised

LOCK_S = 2  # a record lock lasts two seconds (fact sheet 2.9)
ROLLING_PAUSE_S, SECOND_PAUSE_S = 2.5, 1.0
RETRY_AFTER_MAX_S = 60  # of a 429: its Retry-After is undocumented and may be in the wrong unit (fact sheet 9)
MIGRATION_S = 600  # of a 477 that does not say how long

_EMAIL = re.compile(r"[^\s\"'<>=:,;()\[\]]+@[^\s\"'<>,;()\[\]]+")
_TEXT_MAX = 500
_LOOK = (
    "Nothing is lost. A property or object may have been archived, renamed or given another type: the next run looks "
    "at the account anew; if that is refused too, run `smarketing check`."
)
_NEXT: Mapping[int, str] = {
    404: "Nothing is lost. See hubspot.base_url and hubspot.api_version in config.yaml, and that the account has the "
    "mapped objects, then run `smarketing check`.",
    409: "Nothing is lost; run the same command again. If it stays so, two records hold one unique value: merge them.",
}
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` is decoded JSON, or None. Header names are lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Denied(Refused):
    """HubSpot refuses a request as it is; the caller reads the answer or lets a person read the message."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer


class DayOver(RateLimited):
    """The account's daily calls are used up, by whichever app."""


class Expired(Unauthorised):
    """The access token's time is over: worth one renewal, once."""


class MissingScopes(Unauthorised):
    """The app was not granted what this very question needs; others may be answered."""


Judge = Callable[[Answer, datetime], BridgeError]


def fault(answer: Answer, now: datetime) -> BridgeError:
    """The error an answer other than 2xx stands for."""
    status = answer.status
    judge = _BY_STATUS.get(status) or (_passing if status >= 500 else _denied)  # noqa: PLR2004 - HTTP's server errors
    return judge(answer, now)


def refusal(answer: Answer, asked: str) -> Denied:
    """A refused request, with what was asked and what to do; whatever the body tells stands for a missing message."""
    body = answer.body if isinstance(answer.body, dict) else {}
    told = body.get("message") or body.get("error_description") or body.get("category") or body.get("status")
    words = said(Answer(answer.status, {**body, "message": told or "no explanation"}, answer.headers))
    return Denied(f"{words}, when asked for {asked}. {_NEXT.get(answer.status, _LOOK)}", answer)


def said(answer: Answer) -> str:
    """HubSpot's own words without addresses, with the id its support asks for."""
    body = answer.body if isinstance(answer.body, dict) else {}
    words = scrubbed(str(body.get("message") or body.get("error_description") or "no explanation")).rstrip(" .")
    correlation = body.get("correlationId") or answer.headers.get("x-hubspot-correlation-id")
    return f"HubSpot answered {answer.status}: {words}" + (f" (correlation id {correlation})" if correlation else "")


def scrubbed(text: str) -> str:
    """A text of HubSpot's without e-mail addresses, cut to a readable length."""
    return _EMAIL.sub("<e-mail>", text)[:_TEXT_MAX]


def absent(answer: Answer) -> bool:
    """Whether HubSpot itself says that there is no such record; a page of the edge or of a proxy says nothing of it."""
    return answer.status == NOT_FOUND and "html" not in answer.headers.get("content-type", "")


def category(answer: Answer) -> str:
    """The body's category, "" where it has none."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return str(body.get("category") or "")


def decoded(status: int, raw: bytes) -> Any:
    """The JSON of a body; of an error's body None when it is not JSON.

    Raises:
        Transient: a success that is not JSON: a proxy or login page stood between (fact sheet 12.1).
    """
    if not raw:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        if status >= 300:  # noqa: PLR2004 - HTTP's end of success
            return None
        raise Transient(f"HubSpot answered {status} with something that is not JSON; is base_url right?") from None


def _unauthorised(answer: Answer, _now: datetime) -> BridgeError:
    if category(answer) != "EXPIRED_AUTHENTICATION":
        return Unauthorised(f"{said(answer)}. Check hubspot.access_token in config.yaml.")
    if "1970-01-01" in str(answer.body):
        return Unauthorised(
            "HubSpot does not know this access token at all (it reads as expired in 1970). Copy the token of the "
            "private app or service key again; a personal access key does not work here."
        )
    return Expired(f"{said(answer)}. Renew the token.")


def _forbidden(answer: Answer, _now: datetime) -> BridgeError:
    scopes = _scopes(answer.body)
    wanted = f" It needs one of these scopes: {', '.join(scopes)}." if scopes else ""
    error = MissingScopes if category(answer) == "MISSING_SCOPES" else Unauthorised
    return error(f"{said(answer)}.{wanted} Grant it to the app in HubSpot, then run again.")


def _scopes(body: Any) -> list[str]:
    errors = body.get("errors") if isinstance(body, dict) else None
    found: list[str] = []
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        scopes = (context or {}).get("requiredGranularScopes") or (context or {}).get("requiredScopes")
        found += [str(scope) for scope in scopes or []]
    return found


def _locked(answer: Answer, now: datetime) -> BridgeError:
    words = f"{said(answer)}. The record is locked by other writes for some {LOCK_S} seconds."
    return RateLimited(words, now + timedelta(seconds=LOCK_S))


def _limited(answer: Answer, now: datetime) -> BridgeError:
    """Three shapes of body are known; they are matched leniently (fact sheet 9)."""
    body = answer.body if isinstance(answer.body, dict) else {}
    words = f"{body.get('policyName', '')} {body.get('message', '')}".lower()
    if "daily" in words:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        return DayOver(f"{said(answer)}. All apps of the account have used up its day.", midnight)
    pause = ROLLING_PAUSE_S if "ten_secondly" in words else SECOND_PAUSE_S
    asked = min(_retry_after(answer, pause), RETRY_AFTER_MAX_S)
    wait_s = max(pause, asked)
    words = f"{said(answer)}. Too many calls in a short time; it asks for a pause of {wait_s:g} s."
    return RateLimited(words, now + timedelta(seconds=wait_s))


def _migrating(answer: Answer, now: datetime) -> BridgeError:
    wait = timedelta(seconds=_retry_after(answer, MIGRATION_S))
    return RateLimited("HubSpot is moving this account between data centres; work goes on by itself", now + wait)


def _retry_after(answer: Answer, default: float) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.replace(".", "", 1).isdigit() else default


def _passing(answer: Answer, _now: datetime) -> BridgeError:
    return Transient(said(answer))


def _denied(answer: Answer, _now: datetime) -> BridgeError:
    return Denied(said(answer), answer)


_BY_STATUS: dict[int, Judge] = {
    401: _unauthorised,
    403: _forbidden,
    408: _passing,
    423: _locked,
    425: _passing,
    429: _limited,
    477: _migrating,
}
