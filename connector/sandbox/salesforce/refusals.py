"""What Salesforce says no with.

One exception carries the code, the text, the fields and the HTTP status. A top-level error spells its code
`errorCode`, an error of one record in a batch spells it `statusCode` (Salesforce fact sheet 1.4, 1.8). Whoever catches
decides which; whoever raises need not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """An answer other than success, in the words of Salesforce."""

    def __init__(
        self,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        *,
        http: int = 400,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)
        self.http = http
        self.extra = extra or {}

    def top_level(self) -> list[dict[str, Any]]:
        """The body of an error reply."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code, **self.extra}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]

    def of_record(self) -> dict[str, Any]:
        """One entry of `errors` in a result of a batch."""
        code, message = self._in_batch()
        return {"statusCode": code, "message": message, "fields": self.fields or []}

    def csv(self) -> str:
        """The text of `sf__Error` in failed results of a bulk job (fact sheet 2.1)."""
        code, message = self._in_batch()
        return f"{code}:{message}:{' '.join(self.fields or ())} --"

    def _in_batch(self) -> tuple[str, str]:
        """In a batch a row that is not there is a bad reference, as no path was asked for."""
        if self.code == "NOT_FOUND":
            return "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"
        return self.code, self.message


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404 for a path, object, field or record that is not there."""
    return Refusal("NOT_FOUND", message, http=404)


def no_such_column(name: str, sobject: str) -> Refusal:
    """A write or read names a field that does not exist or is hidden from this user."""
    return Refusal("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}", [name])
