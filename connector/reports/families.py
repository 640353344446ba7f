"""The numbers that monitors are told: names by Prometheus' convention, what each counts by, and what it says.

docs/operations.md has the same as a table, and the sample alerts ask for nothing else: tests hold both to this list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name without unit's explanation, what it counts by, and what it says, for people."""

    name: str
    labels: tuple[str, ...]
    help: str

    def filled(self, samples: Iterable[Sample]) -> Metric:
        """The metric with its numbers."""
        return _filled(GaugeMetricFamily(self.name, self.help, labels=self.labels), samples)


class Counted(Family):
    """A metric that only ever grows; on the page its name ends in `_total`."""

    def filled(self, samples: Iterable[Sample]) -> Metric:
        """The metric with its numbers."""
        return _filled(CounterMetricFamily(self.name, self.help, labels=self.labels), samples)


def _filled(found: GaugeMetricFamily | CounterMetricFamily, samples: Iterable[Sample]) -> Metric:
    for labels, number in samples:
        found.add_metric(labels, number)
    return found


FAMILIES = {
    one.name: one
    for one in (
        Family("smarketing_build_info", ("version", "database"), "Always 1; which version runs on which database."),
        Family("smarketing_links", (), "Linked pairs of records."),
        Family("smarketing_poll_age_seconds", ("side",), "How long ago the side was last read; absent before."),
        Family("smarketing_side_stopped", ("side",), "1 while a side that refused our credentials is left alone."),
        Family("smarketing_unopened_seconds", (), "How long the service cannot open the installation; 0 while it can."),
        Family("smarketing_inbox_requests", ("state",), "Requests in the inbox: unread, or kept as not understood."),
        Family("smarketing_inbox_oldest_seconds", (), "How long the oldest unread request waits; 0 when none does."),
        Family("smarketing_dirty_records", ("lane",), "Records to be looked at, those waiting for a retry included."),
        Family("smarketing_dirty_overdue_seconds", ("lane",), "How long the first of them is overdue; 0 when none is."),
        Family("smarketing_open_issues", ("kind",), "What waits for a person: conflicts, parked values, held runs..."),
        Family("smarketing_run_held", (), "1 while a run is held until a person has looked."),
        Family("smarketing_effects", ("state",), "Notices, tasks and webhooks that are not done, by state."),
        Family("smarketing_calls_today", ("side",), "API calls of ours on the account's day."),
        Family("smarketing_calls_limit", ("side",), "The most calls a day by config.yaml; absent where none is set."),
        Family("smarketing_calls_reserve", ("side",), "Of these, how many are kept for hot leads."),
        Counted("smarketing_webhook_requests", ("source", "outcome"), "Webhook requests by their end."),
        Counted("smarketing_folded", ("what",), "What was told: requests, records named, records of no mapping."),
        Counted("smarketing_listened", ("listener", "what"), "What listeners heard: events, and gaps to be polled."),
        Counted("smarketing_duty_failures", ("duty", "error"), "Turns of a duty that failed, by kind of fault."),
        Family("smarketing_clocks_ahead", (), "People with a moment ahead at which a promise or decision is due."),
        Family("smarketing_clocks_due", (), "People whose moment has come and who were not looked at yet."),
        Family("smarketing_promises", ("state",), "Open promises by state, when they were last counted (every hour)."),
        Family("smarketing_promises_counted_seconds", (), "How long ago promises were counted."),
        Counted("smarketing_promises_warned", (), "Warnings of promises that were acted upon."),
        Counted("smarketing_promises_breached", (), "Breaches of promises that were acted upon."),
        Family("smarketing_drift_pairs", ("result",), "Pairs of the last audit: compared, and how many differed."),
        Family("smarketing_drift_age_seconds", (), "How long ago the last audit was."),
        Family("smarketing_processes", ("kind",), "Processes heard of within the last minute."),
        Family("smarketing_duty_overdue_seconds", ("duty",), "How long a duty of the worker is overdue."),
    )
}  # fmt: skip
