"""Two lanes: people who wait for a rep's call go first; everything else takes what is left."""

from connector.ports import Lane as Lane  # noqa: PLC0414  # known to all by this name
