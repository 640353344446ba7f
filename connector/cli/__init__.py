"""The `smarketing` command."""
