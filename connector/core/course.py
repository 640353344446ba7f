"""Where somebody stands: a fold over what was ruled in their journey, and what it would be under another definition.

`standing` takes each ruling as it was made and never judges anew. `replayed` is the "what if": it forgets what was
ruled and judges what was seen, answered, dealt and touched under the definition it is given, criteria included.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.core.definition import Definition
from connector.core.journey import Entry
from connector.core.lifecycle import Standing
from connector.core.walking import Course, in_order, walk

__all__ = ["in_order", "standing", "walk"]


def standing(definition: Definition, entries: Iterable[Entry]) -> Standing:
    """Where somebody stands after these entries, sorted; as it was ruled at the time."""
    course = Course(definition)
    for entry in entries:
        course.take(entry)
    return course.standing()
