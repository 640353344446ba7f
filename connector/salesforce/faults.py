"""What Salesforce's errors mean: one table from code to verdict, and one reader for all the shapes they come in.

Whole calls fail with `errorCode`, rows of a batch with `statusCode`, sign-ins with `error`, Bulk rows with
`CODE:message:fields --`, and the edge with a page of HTML or nothing (Salesforce fact sheet 1.8). A code that is not
in the table is a refusal for people to see, never a reason to try for ever; a body without any code is judged by its
status alone. Texts that leave here carry no e-mail addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from connector.core.refs import id18
from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised
from connector.ports import Rejection


class Verdict(StrEnum):
    """What happens next."""

    RETRY = "retry"  # passes by itself within seconds
    LIMITED = "limited"  # too many calls; wait
    SESSION = "session"  # the token is no longer good; sign in anew once
    FORBIDDEN = "forbidden"  # credentials, licence or permissions; a person must mend that
    ABSENT = "absent"  # the record is gone or has moved; reading will tell
    EXISTS = "exists"  # a record like this is already there
    REJECTED = "rejected"  # this record cannot be written as it is


_PICK = "add the value to the picklist in Salesforce, or map it to one that is there"
_RIGHTS = "give the integration user's permission set access to this object, record or field"
_FLS = (
    "the field was deleted, or its field-level security no longer lets the integration user at it: let the user see "
    "and edit it, or take it out of the mapping"
)
_LOOK = "Nothing is lost: the next run looks at the org anew; if it is declined again, run `smarketing check`"
_POLICIES = "check the app's policies and the integration user's permissions"
_BETWEEN = "a proxy may have answered in Salesforce's place, see the address and the network"
_DATA = "correct the value in the CRM it comes from"
_CALL = "this call was not understood; please report it with the code"
_APEX = "an automation in the Salesforce org (Apex or Flow) refused or failed; its admin can read the debug log"
_STALE = "the id belongs to no record of that object any more; re-check the link"

VERDICTS: Final[Mapping[str, tuple[Verdict, str]]] = {
    "INVALID_SESSION_ID": (Verdict.SESSION, ""),
    "INVALID_AUTH_HEADER": (Verdict.FORBIDDEN, "sign in again"),
    "REQUEST_LIMIT_EXCEEDED": (Verdict.LIMITED, ""),
    "API_DISABLED_FOR_ORG": (Verdict.FORBIDDEN, "this Salesforce edition has no API; ask Salesforce to enable it"),
    "API_CURRENTLY_DISABLED": (Verdict.FORBIDDEN, "tick 'API Enabled' in the integration user's permission set"),
    "INSUFFICIENT_ACCESS": (Verdict.FORBIDDEN, _RIGHTS),
    "TXN_SECURITY_METERING_ERROR": (Verdict.FORBIDDEN, "a transaction security policy of the org stops us"),
    "TXN_SECURITY_NO_ACCESS": (Verdict.FORBIDDEN, "a transaction security policy of the org stops us"),
    "UNSUPPORTED_API_VERSION": (Verdict.FORBIDDEN, "set salesforce.api_version to one the org still serves"),
    "NOT_FOUND": (Verdict.ABSENT, "no such record, object or field"),
    "ENTITY_IS_DELETED": (Verdict.ABSENT, "the record is in the recycle bin"),
    "CANNOT_UPDATE_CONVERTED_LEAD": (Verdict.ABSENT, "the lead was converted; its contact goes on"),
    "DUPLICATE_VALUE": (Verdict.EXISTS, "another record holds this unique value"),
    "DUPLICATES_DETECTED": (Verdict.EXISTS, "a duplicate rule found records like this one"),
    "DUPLICATE_EXTERNAL_ID": (Verdict.EXISTS, "several records hold this external id; keep one"),
    "REQUIRED_FIELD_MISSING": (Verdict.REJECTED, "map this field, or give it a default in the mapping"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        Verdict.REJECTED,
        "a validation rule of the Salesforce org refuses the record",
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (Verdict.REJECTED, _PICK),
    "STRING_TOO_LONG": (Verdict.REJECTED, "shorten the text, or cut it in the mapping"),
    "INVALID_EMAIL_ADDRESS": (Verdict.REJECTED, _DATA),
    "NUMBER_OUTSIDE_VALID_RANGE": (Verdict.REJECTED, _DATA),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (Verdict.REJECTED, "the value does not fit the field's type; check the mapping"),
    "FIELD_INTEGRITY_EXCEPTION": (Verdict.REJECTED, "the value fits no record or picklist (state, country, parent)"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (Verdict.REJECTED, "a lookup filter of the org refuses the value"),
    "INVALID_FIELD": (Verdict.REJECTED, _FLS),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (Verdict.REJECTED, "the field is read-only for us; make the rule one-way"),
    "INVALID_TYPE": (Verdict.REJECTED, _RIGHTS),
    "INVALID_CROSS_REFERENCE_KEY": (Verdict.REJECTED, _STALE),
    "MALFORMED_ID": (Verdict.REJECTED, _STALE),
    "MISSING_ARGUMENT": (Verdict.REJECTED, _CALL),
    "MALFORMED_QUERY": (Verdict.REJECTED, _CALL),
    "INVALID_QUERY_LOCATOR": (Verdict.REJECTED, "the result of the query has expired; it is read anew"),
    "EXCEEDED_ID_LIMIT": (Verdict.REJECTED, "too much changed at once; read the object in full"),
    "JSON_PARSER_ERROR": (Verdict.REJECTED, "a value does not fit its field's type; check the mapping"),
    "QUERY_TOO_COMPLICATED": (Verdict.REJECTED, "the object has too many formula fields mapped; map fewer"),
    "INSUFFICIENT_ACCESS_OR_READONLY": (Verdict.REJECTED, _RIGHTS),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (Verdict.REJECTED, _RIGHTS),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (Verdict.REJECTED, _APEX),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (Verdict.REJECTED, _APEX),
    "INACTIVE_OWNER_OR_USER": (Verdict.REJECTED, "activate the user, or map the owner to somebody active"),
    "STORAGE_LIMIT_EXCEEDED": (Verdict.REJECTED, "the org's data storage is full; free some or buy more"),
    "DELETE_FAILED": (Verdict.REJECTED, "other records depend on this one"),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (Verdict.RETRY, ""),
    "PROCESSING_HALTED": (Verdict.RETRY, ""),
    "UNABLE_TO_LOCK_ROW": (Verdict.RETRY, ""),
    "QUERY_TIMEOUT": (Verdict.RETRY, ""),
    "SERVER_UNAVAILABLE": (Verdict.RETRY, ""),
    "UNKNOWN_EXCEPTION": (Verdict.RETRY, ""),
}
UNKNOWN: Final = (Verdict.REJECTED, "Salesforce refused for a reason the bridge does not know; see its words")

WORDLESS: Final = "without a reason that can be read"
LONG_PAUSE: Final = timedelta(minutes=15)  # the day's calls are spent, and return little by little (rolling 24 h)
SHORT_PAUSE: Final = timedelta(minutes=1)  # too many long calls at once
_ADDRESS = re.compile(r"[^\s'\"<>()\[\],;:]+@[^\s'\"<>()\[\],;]+")
_RECORD_ID = re.compile(r"\b[0-9A-Za-z]{18}\b|\b[0-9A-Za-z]{15}\b")
_DUPLICATED = re.compile(r"duplicate value found: (\w+) duplicates")
_EXPIRED, _TOO_MANY = 401, 429
_PASSING = frozenset({406, 408, 420, _TOO_MANY})
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as told. `matches`: 18-character ids of the records it names as already there."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What this error of one row means."""
        return VERDICTS.get(self.code, UNKNOWN)[0]

    def rejections(self) -> tuple[Rejection, ...]:
        """The error as reasons to show, one a field it names."""
        hint = VERDICTS.get(self.code, UNKNOWN)[1]
        return tuple(Rejection(name, self.code, self.message, hint) for name in self.fields or ("",))


class Declined(Refused):
    """Salesforce declines a whole call; repeating it unchanged is useless. `asked`: what the call was for, in words."""

    def __init__(self, status: int, faults: tuple[Fault, ...], asked: str = "a call") -> None:
        self.status = status
        self.faults = faults
        super().__init__(f"Salesforce declines {asked}: {_words(status, faults[0], _BETWEEN)}. {_LOOK}")

    @property
    def code(self) -> str:
        """The code of the first error."""
        return self.faults[0].code


def faults_of(body: object) -> tuple[Fault, ...]:
    """The errors in a parsed body, whichever of the shapes it has; none if it has none."""
    entries = body if isinstance(body, list) else [body]
    return tuple(fault for entry in entries if isinstance(entry, dict) and (fault := _fault(entry)))


def read_body(content: bytes) -> object:
    """A body as JSON; None when it is something else."""
    try:
        return orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        return None


def bulk_fault(text: str) -> Fault:
    """The error of a Bulk row: `CODE:message:fields --` (Salesforce fact sheet 2.1)."""
    code, _, rest = text.partition(":")
    message, _, names = rest.removesuffix("--").rstrip().rpartition(":")
    fields = tuple(names.replace(",", " ").split())
    return _named(code, message or rest, fields, ())


def raised(status: int, faults: tuple[Fault, ...], now: datetime, asked: str = "a call") -> BridgeError:
    """The exception for a call that failed as a whole; `now` dates the pause of a spent quota, `asked` is the call."""
    first = faults[0] if faults else Fault("", "")
    verdict = VERDICTS.get(first.code, UNKNOWN)[0]
    if verdict is Verdict.LIMITED:
        long = "concurrent" not in first.message.lower()
        return RateLimited(f"Salesforce: {first.message}", now + (LONG_PAUSE if long else SHORT_PAUSE))
    if verdict is Verdict.RETRY or ((status in _PASSING or status >= _SERVER_FAULT) and first.code not in VERDICTS):
        return Transient(f"Salesforce answered {status} {first.code}".rstrip() + "; it is tried again")
    if status == _EXPIRED or verdict in {Verdict.FORBIDDEN, Verdict.SESSION}:
        return _unauthorised(status, first)
    if status == 403 and first.code not in VERDICTS:  # noqa: PLR2004  # Forbidden, with a code nobody has listed
        return _unauthorised(status, first)
    return Declined(status, faults or (Fault(f"HTTP_{status}", WORDLESS),), asked)


def _unauthorised(status: int, fault: Fault) -> Unauthorised:
    return Unauthorised(f"Salesforce refuses us: {_words(status, fault, f'{_POLICIES}; {_BETWEEN}')}")


def _words(status: int, fault: Fault, wordless: str) -> str:
    """What was said, and what to do; `wordless`: when it came without words of Salesforce's, as a page does."""
    if not fault.code or fault.message == WORDLESS:
        return f"{status} {WORDLESS}; {wordless}"
    hint = VERDICTS.get(fault.code, UNKNOWN)[1] or _POLICIES
    return f"{status} {fault.code} {fault.message}".rstrip(" .") + f"; {hint}"


def _fault(entry: Mapping[str, Any]) -> Fault | None:
    code = entry.get("errorCode") or entry.get("statusCode") or entry.get("error")
    if not isinstance(code, str):
        return None
    message = str(entry.get("message") or entry.get("error_description") or "")
    fields = tuple(str(name) for name in entry.get("fields") or ())
    found = entry.get("duplicateResut") or entry.get("duplicateResult") or {}
    return _named(code, message, fields, _matched(found))


def _named(code: str, message: str, fields: tuple[str, ...], matches: tuple[str, ...]) -> Fault:
    if code == "DUPLICATE_VALUE":
        matches = tuple(id18(found) for found in _RECORD_ID.findall(message.rpartition("id:")[2]))
        fields = fields or tuple(_DUPLICATED.findall(message))
    return Fault(code, presentable(message), fields, matches)


def _matched(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the records a duplicate rule matched, in its order, each once."""
    records: Iterable[Any] = (
        match.get("record") or {}
        for result in found.get("matchResults") or ()
        for match in result.get("matchRecords") or ()
    )
    return tuple(dict.fromkeys(id18(str(record["Id"])) for record in records if record.get("Id")))


def presentable(text: str) -> str:
    """Salesforce's words without e-mail addresses, and without the query it points into, which holds people's data."""
    _, mark, rest = text.partition("ERROR at Row")
    text = (mark + rest).replace("\n", " ") if mark else text
    return _ADDRESS.sub("(address)", text) if "@" in text else text
