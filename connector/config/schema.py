"""JSON Schema of each YAML file, for editors that complete and check while one types.

They are made from the models that check the files, so they cannot say anything else. Two things only a whole reading
shows are left to `smarketing check`: conditions, and how keys depend on each other.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connector.config.load import AGREED_FILES
from connector.config.mappings import MappingFile, OwnersFile
from connector.config.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """By kind of file: `config` (config.yaml), `mapping`, `owners`, and those both teams agreed on."""
    return {
        "config": _titled("Smarketing Bridge: config.yaml", Settings),
        "mapping": _extending(_titled("Smarketing Bridge: a mapping", MappingFile)),
        "owners": _titled("Smarketing Bridge: owners.yaml", OwnersFile),
        **{
            name: _partial(name, _titled(f"Smarketing Bridge: {name}.yaml", model))
            for name, model in AGREED_FILES.items()
        },
    }


def _titled(title: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": _DIALECT, **model.model_json_schema(), "title": title}


def _partial(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Where a file extends the default, any key may be left out and any named thing removed by null."""
    schema["required"] = [name]
    if "extends" not in schema["properties"]:
        return schema
    for part in schema["$defs"].values():
        part.pop("required", None)
        for one in part.get("properties", {}).values():
            if isinstance(one.get("additionalProperties"), dict):
                one["additionalProperties"] = {"anyOf": [one["additionalProperties"], {"type": "null"}]}
    return schema


def _extending(schema: dict[str, Any]) -> dict[str, Any]:
    """A file that extends the default need not repeat it, and removes a rule by null."""
    schema["required"] = ["mapping"]
    for part in ("FieldRule", "Identity", "MatchBy"):
        schema["$defs"][part].pop("required", None)
    for group in ("fields", "match"):
        members = schema["properties"][group]
        members["additionalProperties"] = {"anyOf": [members["additionalProperties"], {"type": "null"}]}
    return schema
