"""What the storage tests share: a moment, and refs of both sides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    """A moment with microseconds, so that rounding would show."""
    return datetime(2026, 11, 2, 8, 15, 30, 123456, tzinfo=UTC)
