"""Gunicorn's own words, sent through our pipe instead of its own; name this class as its `logger_class`.

It writes no access log: addresses of requests may hold a secret, and the metrics count them.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger


class WebLogs(Logger):  # type: ignore[misc]  # gunicorn ships no type information
    """A logger of gunicorn without handlers of its own."""

    def setup(self, cfg: Any) -> None:
        """What gunicorn says goes where everything goes."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def access(self, *_: Any) -> None:
        """Requests are counted, not told."""
