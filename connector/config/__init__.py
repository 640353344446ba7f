"""YAML in, checked settings and compiled mappings out; every problem of every file reported at once.

The doors: `load.load` reads, `compile.compile_mappings` makes the core's pairs, `live.adapt` fits them to the CRMs as
they are, `init.write_starter` and `schema.json_schemas` help an admin begin. Nothing else is needed from outside.
"""
