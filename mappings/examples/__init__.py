"""Mappings to learn from; they are not in use until someone copies them beside config.yaml."""
