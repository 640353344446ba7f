"""The Date header: a moment as HTTP writes it, for answers over sockets and in process alike.

Adapters learn a CRM's clock from it (Salesforce fact sheet 1.1), so whoever answers, answers with the same text. It is
formatted once a second and not once a call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime


class HttpDate:
    """The present second of a clock, `Mon, 02 Nov 2026 09:00:00 GMT`. `now` is aware UTC."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: tuple[datetime | None, str] = (None, "")

    def text(self) -> str:
        """The header's value now."""
        second = self._now().replace(microsecond=0)
        known, text = self._known
        if known != second:
            text = format_datetime(second, usegmt=True)
            self._known = (second, text)
        return text
