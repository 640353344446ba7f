"""How long webhooks took and how they were answered, of this process, for Prometheus.

What must outlive a process is in the store's tallies; how long an answer took is nobody's business after a restart.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Measures:
    """The measures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answered = Histogram(
            "smarketing_webhook_seconds",
            "Seconds from a webhook's arrival to its answer, after its row was stored.",
            ("endpoint", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._answered.labels(endpoint, str(status)).observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)
