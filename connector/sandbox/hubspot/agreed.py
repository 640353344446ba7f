"""The contact properties by which marketing and sales tell each other things, in a group of their own (`smarketing`).

An installation has made them: persona, answer to a handoff, what became of it, and how promises stand. Rows and flags
are those of catalogue.py.
"""

from __future__ import annotations

from collections.abc import Mapping

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "smarketing_answer": ("accepted", "rejected", "recycled", "disqualified"),
    "smarketing_reason": (
        "unreachable",
        "bad_data",
        "duplicate",
        "not_a_fit",
        "no_need",
        "no_budget",
        "no_authority",
        "timing",
        "competitor",
        "junk",
    ),
}
CONTACTS = """
smarketing_persona string text s
smarketing_answer enumeration select s
smarketing_reason enumeration select s
smarketing_comment string textarea s
smarketing_revisit_on date date s
smarketing_feedback_status string text s
smarketing_reason_class string text s
smarketing_feedback_by string text s
smarketing_feedback_at datetime date s
smarketing_asked_for string text s
smarketing_loops number number s
smarketing_recycle_on date date s
smarketing_track string text s
smarketing_sla_policy string text s
smarketing_sla_state string text s
smarketing_sla_due datetime date s
smarketing_sla_breached_since datetime date s
smarketing_sla_lateness number number s
"""
