"""Which issues are one thing to mend: 544 records with one refused owner are one, not 544.

Issues are alike when they have the same kind and field and were refused for the same reason (the CRM's code where it
has one, for its words often name the record). Conflicts of a rule are alike whatever the times were.
"""

from __future__ import annotations

from hashlib import blake2b

from connector.core.plan import Issue, IssueKind


def likeness(issue: Issue) -> str:
    """The same short text for issues that are alike, in every version of the bridge: it is stored."""
    why = "" if issue.kind is IssueKind.CONFLICT else issue.code or issue.reason
    parts = (issue.kind.value, issue.side.value if issue.side else "", issue.field, issue.rule, why)
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
