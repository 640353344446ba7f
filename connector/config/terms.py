"""What settings and mapping files are made of: groups that know all their keys, and values with their bounds.

A value that is out of bounds is refused where it stands, with what would be right.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from connector.config.secrets import is_loopback


class Strict(BaseModel):
    """A group of settings that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)


def _scalar_text(found: Any) -> Any:
    """Numbers and true/false that mean text: ids, picklist values, defaults."""
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, int | float) else found


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        host = None
    if host is None:
        raise ValueError("is not a web address; write it like https://host.example")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be scheme, host and path only; sign-in data has its own settings")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must start with https:// (http:// is allowed for this machine only: localhost, 127.0.0.1)")
    return url.rstrip("/")


_NAME = "^[a-z][a-z0-9_-]{0,39}$"


def _plain_name(found: str) -> str:
    if re.fullmatch(_NAME, found):
        return found
    raise ValueError(f"{found!r} is no name; write small letters, digits, _ and -, 40 at most, like sales_team")


Text = Annotated[
    str,
    BeforeValidator(_scalar_text, json_schema_input_type=str | int | float | bool),
    StringConstraints(min_length=1, strip_whitespace=True),
]
Name = Annotated[Text, AfterValidator(_plain_name)]
Url = Annotated[str, StringConstraints(min_length=1), AfterValidator(_checked_url)]
Percent = Annotated[float, Field(ge=0, le=100)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1)]
