"""A believable population from a seed and a size: what two CRMs look like after some years side by side.

Records are loaded past the API, in portions, so that a hundred thousand people take seconds and little memory; merges,
conversions and deletions are then done by the same acts a person in the CRM would use, so that what they leave behind
is genuine. Same world, seed and size: same population.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from connector.sandbox.acts import act
from connector.sandbox.persons import PEOPLE_PER_FIRM, Firm, account_row, company_row, draw_firm
from connector.sandbox.sorts import SORTS, Portion, Scribe, Seats
from connector.sandbox.world import SIDES, World

SHAPES = tuple(SORTS)
PEOPLE_MAX = 5_000_000
PORTION_PEOPLE = 2000
LEAVERS_EVERY = 4
_FIRMS_ON_BOTH_SIDES = 0.7
_FIRMS_ONLY_IN_HUBSPOT = 0.15
_EMPLOYED = 0.8


def populate(world: World, people: int = 2000, shape: str = "believable", seed: int | None = None) -> dict[str, Any]:
    """Fill both CRMs; how many firms, owners and people of each sort were made is returned.

    `seed` defaults to the world's own. Raises ValueError for a shape or size that makes no sense and
    for a world that has been populated before.
    """
    if shape not in SORTS:
        raise ValueError(f"shape {shape!r} is none of {', '.join(SHAPES)}")
    if not 1 <= people <= PEOPLE_MAX:
        raise ValueError(f"people {people!r} is not between 1 and {PEOPLE_MAX:,}")
    dice = Random(f"population:{world.seed if seed is None else seed}")  # noqa: S311 - chance for tests, not for secrets
    with world.entered():
        if world.populated:
            raise ValueError("this world has its people already; start a fresh sandbox for others")
        world.populated = True
        return Settlement(world, shape, dice).found(people)


class Settlement:
    """One population in the making. The caller holds both sides still."""

    def __init__(self, world: World, shape: str, dice: Random) -> None:
        self._world = world
        self._dice = dice
        self._shape = shape
        self._companies: dict[int, str] = {}
        self._accounts: dict[int, str] = {}

    def found(self, people: int) -> dict[str, Any]:
        """Make the owners, the firms and then everybody."""
        seats = self._seats()
        firms = [draw_firm(self._dice, number) for number in range(max(1, people // PEOPLE_PER_FIRM))]
        self._found_firms(firms)
        now = min(map(self._world.now, SIDES))  # nobody is of tomorrow by either clock
        scribe = Scribe(self._dice, now, firms, seats)
        scribe.clean = self._shape == "benchmark"
        order = [sort for sort, share in SORTS[self._shape].items() for _ in range(share)]
        self._dice.shuffle(order)
        made: Counter[str] = Counter()
        for start in range(0, people, PORTION_PEOPLE):
            portion = Portion()
            for number in range(start, min(start + PORTION_PEOPLE, people)):
                sort = order[number % len(order)]
                made[sort] += 1
                scribe.write(sort, number, portion)
            self._settle(portion)
        leavers = () if scribe.clean else seats.users[::LEAVERS_EVERY]
        for user in leavers:  # only now: a record cannot be converted for somebody who has left
            self._act("salesforce", "deactivate_user", user=user)
        return {
            "shape": self._shape,
            "people": people,
            "sorts": {sort: made[sort] for sort in SORTS[self._shape]},
            "companies": len(self._companies),
            "accounts": len(self._accounts),
            "owners": len(seats.owners),
            "users": len(seats.users),
        }

    def _seats(self) -> Seats:
        """Ids of HubSpot owners, and of Salesforce users with the same addresses; some owners have left."""
        owners = self._world.hubspot.owners()
        users = [
            {
                "FirstName": owner["firstName"],
                "LastName": owner["lastName"],
                "Username": f"{owner['email']}.sandbox",
                "Email": owner["email"],
                "IsActive": True,
            }
            for owner in owners
        ]
        ids, made = [str(owner["id"]) for owner in owners], self._world.salesforce.load("User", users)
        desks = [(one, user) for one, user, owner in zip(ids, made, owners, strict=True) if not owner["archived"]]
        return Seats(ids, made, desks)

    def _found_firms(self, firms: list[Firm]) -> None:
        companies, accounts = [], []
        for firm in firms:
            roll = self._dice.random()
            if roll < _FIRMS_ON_BOTH_SIDES + _FIRMS_ONLY_IN_HUBSPOT:
                companies.append(firm)
            if roll < _FIRMS_ON_BOTH_SIDES or roll >= _FIRMS_ON_BOTH_SIDES + _FIRMS_ONLY_IN_HUBSPOT:
                accounts.append(firm)
        company_ids = self._world.hubspot.load("companies", map(company_row, companies))
        account_ids = self._world.salesforce.load("Account", map(account_row, accounts))
        self._companies = {firm.number: record for firm, record in zip(companies, company_ids, strict=True)}
        self._accounts = {firm.number: record for firm, record in zip(accounts, account_ids, strict=True)}

    def _settle(self, portion: Portion) -> None:
        """Load a portion and play its past."""
        for row, firm in zip(portion.contacts, portion.contact_firms, strict=True):
            row["AccountId"] = self._accounts.get(firm)
        hubspot = self._world.hubspot.load("contacts", portion.hubspot)
        leads = self._world.salesforce.load("Lead", portion.leads)
        self._world.salesforce.load("Contact", portion.contacts)
        self._employ(hubspot, portion.hubspot_firms)
        for place in portion.archived:
            self._act("hubspot", "archive", object="contacts", id=hubspot[place])
        for place in portion.merged_hubspot:
            self._act("hubspot", "merge", object="contacts", primary=hubspot[place], other=hubspot[place + 1])
        for place in portion.deleted:
            self._act("salesforce", "delete", id=leads[place])
        for place in portion.merged_leads:
            self._act("salesforce", "merge", ids=[leads[place], leads[place + 1]])
        for place in portion.converted:
            self._act("salesforce", "convert_lead", id=leads[place])

    def _employ(self, contacts: list[str], firms: list[int]) -> None:
        """Most HubSpot contacts are associated with their company, where there is one."""
        pairs = [
            (contact, self._companies[firm])
            for contact, firm in zip(contacts, firms, strict=True)
            if firm in self._companies and self._dice.random() < _EMPLOYED
        ]
        self._world.hubspot.load_associations("contacts", "companies", pairs)

    def _act(self, side: str, name: str, **arguments: Any) -> None:
        act(self._world, side, name, arguments)
