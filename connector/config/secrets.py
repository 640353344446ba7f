"""A secret is named in YAML, never written there: `env:NAME` or `file:PATH`.

A `Secret` shows where it comes from and never what it is: not in `repr`, not in a traceback, not in JSON. Only
`reveal()` gives it out, so that a search for that word finds every place where a secret leaves its box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, final
from urllib.parse import urlsplit

from pydantic import GetPydanticSchema, ValidationInfo
from pydantic_core import core_schema
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

SECRET_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration is read in: environment variables and the folder that relative paths start from."""

    env: Mapping[str, str]
    folder: Path


@final
class Secret:
    """A text that must not be seen, and where it comes from (`env:HUBSPOT_TOKEN`)."""

    __slots__ = ("_text", "origin")

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self.origin = origin

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({self.origin})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._text, self.origin) == (other._text, other.origin)

    def __hash__(self) -> int:
        return hash(self.origin)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not copied out of this process")


def _secret(found: Any, info: ValidationInfo) -> Secret:
    if isinstance(found, str) and found.startswith(("env:", "file:")):
        return _fetched(found, info)
    raise ValueError(
        "is a secret and must not stand in the file; put it into an environment variable and write env:NAME, "
        "or into a file of its own and write file:PATH"
    )


def _fetched(origin: str, info: ValidationInfo) -> Secret:
    around = info.context if isinstance(info.context, Surroundings) else Surroundings({}, Path())
    scheme, _, name = origin.partition(":")
    text = _from_env(name, around) if scheme == "env" else _from_file(name, around)
    return Secret(text, origin)


def _from_env(name: str, around: Surroundings) -> str:
    text = around.env.get(name, "")
    if not text:
        raise ValueError(f"names the environment variable {name!r}, which is not set; set it before starting")
    return text


def _from_file(name: str, around: Surroundings) -> str:
    path = around.folder / Path(name).expanduser()
    try:
        with path.open("rb") as file:
            text = file.read(SECRET_BYTES_MAX).decode().strip()
    except OSError as error:
        raise ValueError(f"names the file {name!r}, which cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"names the file {name!r}, which is not text") from None
    if not text:
        raise ValueError(f"names the file {name!r}, which is empty")
    return text


def _database_url(found: Any, info: ValidationInfo) -> Secret:
    if not isinstance(found, str):
        raise ValueError("must be text like sqlite:///smarketing.db")  # noqa: TRY004  # pydantic collects ValueErrors
    named = found.startswith(("env:", "file:"))
    url = _fetched(found, info).reveal() if named else found
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not a database URL; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME") from None
    if parts.password and not named:
        raise ValueError("holds a password; put the whole URL into an environment variable and write env:NAME")
    if parts.drivername not in DRIVERS:
        raise ValueError(f"speaks {parts.drivername!r}; supported are {' and '.join(DRIVERS)}")
    if parts.drivername == "sqlite" and parts.database and parts.database != ":memory:":
        around = info.context if isinstance(info.context, Surroundings) else Surroundings({}, Path())
        url = str(parts.set(database=str(around.folder / parts.database)))
    return Secret(url, found)


def _webhook_url(found: Any, info: ValidationInfo) -> Secret:
    if not isinstance(found, str):
        raise ValueError("must be text like https://host.example/path")  # noqa: TRY004  # pydantic collects ValueErrors
    named = found.startswith(("env:", "file:"))
    url = _fetched(found, info).reveal() if named else found
    try:
        parts = urlsplit(url)
        reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, reachable = urlsplit(""), False
    if not reachable or parts.scheme not in ("http", "https"):
        raise ValueError("is not a web address; write it like https://host.example/path")
    if parts.scheme == "http" and not is_loopback(str(parts.hostname)):
        raise ValueError("must start with https:// (http:// is allowed for this machine only: localhost, 127.0.0.1)")
    if not named and (parts.password or parts.query):
        raise ValueError("may hold a token; put the whole URL into an environment variable and write env:NAME")
    return Secret(url, found)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


DRIVERS = ("sqlite", "postgresql+psycopg")


def _schema(validate: Any, pattern: str) -> GetPydanticSchema:
    return GetPydanticSchema(
        lambda _source, _handler: core_schema.with_info_plain_validator_function(validate),
        lambda _schema, _handler: {"type": "string", "pattern": pattern},
    )


NamedSecret = Annotated[Secret, _schema(_secret, "^(env|file):.+")]
"""A setting that is written as env:NAME or file:PATH and read as a `Secret`."""

DatabaseUrl = Annotated[Secret, _schema(_database_url, "^(sqlite:///|postgresql\\+psycopg://|env:|file:).*")]
"""A database URL; one with a password is a secret and is named like one. Relative SQLite files start at the folder."""

WebhookUrl = Annotated[Secret, _schema(_webhook_url, "^(https?://|env:|file:).+")]
"""A web address to call. One with a query or password may hold a token, so it is named like a secret."""
