"""The mappings and the configuration that ship with the bridge: data, copied out by `smarketing init`."""
