"""List views that reps and their managers work from, where the agreement has what they are about.

Columns and filters of standard fields have names of their own in list views (FULL_NAME, LEAD.COMPANY); custom fields
keep theirs. A view without `sharedTo` is everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from connector.core.sla import State
from connector.salesforce.source.asked import MAIN, Asked, Component
from connector.salesforce.source.xml import Element, document
from connector.wanted import Wanted

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "Lead": ("FULL_NAME", "LEAD.COMPANY"),
    "Contact": ("FULL_NAME", "ACCOUNT.NAME"),
}
_OWNER: Final = "CORE.USERS.ALIAS"
_OPEN: Final = (State.RUNNING, State.WARNED, State.BREACHED)
_UNANSWERED: Final = ("waiting", "asked")


def views(asked: Asked) -> tuple[Component, ...]:
    """For each object of people, as far as its fields allow."""
    found = (one for obj in _COLUMNS if obj in asked.objects for one in _of(asked, obj))
    return tuple(sorted(found, key=lambda one: one.path))


def _of(asked: Asked, obj: str) -> Iterator[Component]:
    due = asked.told_in(obj, "sla.fields.due_at")
    state = asked.told_in(obj, "sla.fields.state")
    status = asked.told_in(obj, "feedback.told.status")
    answer = asked.told_in(obj, "feedback.answer.verdict")
    if due and state:
        values = ",".join(_OPEN)
        filters = ((due.name, "lessThan", "TOMORROW"), (state.name, "equals", values))  # who is late stays in it
        columns = _columns(obj, due, state, status, answer)
        yield _view(obj, (f"My {obj.lower()}s due today", "Mine"), columns, filters)
    if status:
        columns = (*_columns(obj, status, due, answer), _OWNER)
        yield _view(
            obj, ("Waiting for feedback", "Everything"), columns, ((status.name, "equals", ",".join(_UNANSWERED)),)
        )


def _columns(obj: str, *those: Wanted | None) -> tuple[str, ...]:
    return (*_COLUMNS[obj], *(one.name for one in those if one))


def _view(
    obj: str, named: tuple[str, str], columns: tuple[str, ...], filters: tuple[tuple[str, str, str], ...]
) -> Component:
    label, scope = named
    name = f"Smarketing_{label.title().replace(' ', '_')}"
    elements: tuple[Element, ...] = (
        ("fullName", name),
        *(("columns", column) for column in columns),
        ("filterScope", scope),
        *(
            ("filters", (("field", field), ("operation", operation), ("value", value)))
            for field, operation, value in filters
        ),
        ("label", label),
    )
    path = f"{MAIN}/objects/{obj}/listViews/{name}.listView-meta.xml"
    return Component("ListView", f"{obj}.{name}", path, document("ListView", elements))
