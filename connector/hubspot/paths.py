"""Where things live, in one table: the version segment moves between families, it is not swapped (fact sheet 1.1).

`v3` is HubSpot's numbered family, unsupported from September 2027; `2026-03` and `2026-09` are dated ones. An account
moves from one to the other by one line of configuration.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSIONS = ("v3", "2026-03", "2026-09")

_NUMBERED = {
    "objects": "/crm/v3/objects/{rest}",
    "properties": "/crm/v3/properties/{rest}",
    "owners": "/crm/v3/owners",
    "pipelines": "/crm/v3/pipelines/{rest}",
    "associations": "/crm/v4/associations/{rest}",
    "account": "/account-info/v3/details",
    "token": "/oauth/v3/token",
}
_DATED = {
    "objects": "/crm/objects/{version}/{rest}",
    "properties": "/crm/properties/{version}/{rest}",
    "owners": "/crm/owners/{version}",
    "pipelines": "/crm/pipelines/{version}/{rest}",
    "associations": "/crm/associations/{version}/{rest}",
    "account": "/account-info/{version}/details",
    "token": "/oauth/{version}/token",
}


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one API version."""

    version: str

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise ValueError(f"api_version {self.version!r} is not one of {', '.join(VERSIONS)}")

    def of(self, area: str, *rest: str) -> str:
        """The path of an area, with what follows it: `of("objects", "contacts", "batch", "read")`."""
        table = _NUMBERED if self.version.startswith("v") else _DATED
        return table[area].format(version=self.version, rest="/".join(rest))
