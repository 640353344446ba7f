"""A clock for tests: time passes only when someone sleeps."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    def __init__(self, start: datetime = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) -> None:
        self.start, self.passed, self.slept = start, 0.0, []

    def now(self):
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self):
        return self.passed

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.passed += seconds


class Fixed:
    """Dice that always show the same."""

    def __init__(self, value: float = 0.5) -> None:
        self.value = value

    def roll(self):
        return self.value
