"""The laws are about values, not speed: a busy machine is no counter-example."""

from hypothesis import settings

settings.register_profile("laws", deadline=None, print_blob=True)
settings.load_profile("laws")
