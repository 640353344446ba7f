"""JSON Schema of each YAML file, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from connector.config.mappings import MappingFile
from connector.config.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """By file: `config.yaml` and `mappings/*.yaml`."""
    mapping = MappingFile.model_json_schema()
    mapping["required"] = ["mapping"]  # whoever extends the default need not repeat the rest
    return {
        "config.yaml": {"$schema": _DIALECT, "title": "Smarketing Bridge", **Settings.model_json_schema()},
        "mappings/*.yaml": {"$schema": _DIALECT, **mapping},
    }
