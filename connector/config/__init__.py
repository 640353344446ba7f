"""YAML in, checked settings and compiled mappings out; every problem of every file reported at once."""
