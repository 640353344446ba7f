"""Handoffs told to people: what classes of reasons mean, and how long something has waited."""

from __future__ import annotations

from datetime import timedelta

from connector.reports.promises import span_words

CLASSES = {"reject": "the handoff was wrong", "disqualify": "never", "recycle": "later", "": "without a class"}


def age(span: timedelta) -> str:
    """How long something has waited, in days where there are any."""
    return f"{span.days} d" if span.days else span_words(span)
