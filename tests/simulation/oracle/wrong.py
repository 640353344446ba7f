"""What is raised when an invariant does not hold."""


class Broken(AssertionError):
    """An invariant does not hold."""
