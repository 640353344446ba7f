"""Mappings that ship with the bridge: YAML an admin edits; `smarketing init` copies them."""
