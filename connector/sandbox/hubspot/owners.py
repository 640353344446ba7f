"""The people records belong to. An owner's id is not the user's id (HubSpot fact sheet 7); archived owners keep their
id but lose the user id, and nothing can be given to them any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.sandbox.hubspot.moments import iso

PEOPLE = (
    ("Ada", "Lindgren", "Sales"),
    ("Boris", "Keller", "Sales"),
    ("Chen", "Wei", "Sales"),
    ("Dolores", "Ibarra", "Inside Sales"),
    ("Emeka", "Okafor", "Inside Sales"),
    ("Fatima", "Zahra", "Marketing"),
    ("Goran", "Petrov", "Sales"),
    ("Hanna", "Virtanen", "Sales"),
)
GONE = frozenset({"Goran", "Hanna"})
FIRST_OWNER_ID = 70_000_001
FIRST_USER_ID = 9_000_001


@dataclass(slots=True)
class Owner:
    """One owner."""

    id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    team: str
    created_ms: int
    updated_ms: int
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        """As the Owners API prints it."""
        shown: dict[str, Any] = {
            "id": str(self.id),
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": self.archived,
        }
        if self.team:
            shown["teams"] = [{"id": str(1000 + len(self.team)), "name": self.team, "primary": True}]
        return shown


class Owners:
    """All owners by id; the portal starts with eight, two of them archived."""

    def __init__(self, now_ms: int) -> None:
        self.by_id: dict[int, Owner] = {}
        for first, last, team in PEOPLE:
            owner = self.add(f"{first}.{last}@seller.example".lower(), first, last, team=team, now_ms=now_ms)
            owner.archived = first in GONE

    def add(self, email: str, first_name: str, last_name: str, *, team: str, now_ms: int) -> Owner:
        """A new active owner."""
        place = len(self.by_id)
        owner = Owner(
            FIRST_OWNER_ID + place,
            FIRST_USER_ID + place,
            email.lower(),
            first_name,
            last_name,
            team,
            now_ms,
            now_ms,
        )
        self.by_id[owner.id] = owner
        return owner

    def assignable(self, owner_id: str) -> bool:
        """Whether records may be given to this owner."""
        owner = self.by_id.get(int(owner_id)) if owner_id.isdigit() else None
        return owner is not None and not owner.archived

    def listed(self, *, archived: bool, email: str | None = None) -> list[Owner]:
        """Owners by id, active or archived ones, optionally with one address."""
        return [
            owner
            for owner in self.by_id.values()
            if owner.archived is archived and (email is None or owner.email == email.lower())
        ]
