"""Do the calendars say when people work? What calendars.yaml may say, and nobody can have meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from connector.config.calendars import CalendarsWritten, WorkingTime
from connector.config.findings import Finding, Severity
from connector.config.handing import owner_id
from connector.config.load import AgreedSource, Loaded
from connector.config.owners import Owners
from connector.config.policies import team_of
from connector.config.problems import did_you_mean
from connector.config.yaml import KeyPath

_NAMED = ("calendars", "named")
_WHOSE = ("calendars", "whose")
_TABLES = {"territories": "lead", "owners": "owner", "teams": "team"}  # what of `whose` is asked under which name


def calendar_findings(loaded: Loaded, now: datetime, owners: Owners | None) -> Iterator[Finding]:
    """What is odd about calendars.yaml; owners are looked up where they are known."""
    if loaded.calendars is None:
        return
    look = _Look(loaded, loaded.calendars, owners)
    for name, one in loaded.calendars.written.named.items():
        yield from look.unused(name)
        if one.together is None:
            yield from look.place(name, one)
            yield from look.days(name, one, now.date())
    yield from look.whose()


@dataclass
class _Look:
    """The calendars under scrutiny."""

    loaded: Loaded
    source: AgreedSource[CalendarsWritten]
    owners: Owners | None

    def unused(self, name: str) -> Iterator[Finding]:
        """A calendar that nothing names."""
        if name not in self.named():
            yield self.finding(Severity.INFO, (*_NAMED, name), "is used by no policy, goal, team, owner or territory")

    def named(self) -> set[str]:
        """Every calendar that something counts by."""
        written = self.source.written
        found = {name for _, name in written.whose.named()}
        found |= {name for one in written.named.values() for name in one.together or ()}
        sla, objectives = self.loaded.sla, self.loaded.objectives
        if sla:
            found |= {one or "" for one in (sla.written.calendar, *(p.calendar for p in sla.written.policies.values()))}
        if objectives:
            goals = objectives.written.goals.values()
            found |= {one or "" for one in (objectives.written.calendar, *(goal.calendar for goal in goals))}
        return found | (set(written.named) if len(written.named) == 1 else set())

    def place(self, name: str, one: WorkingTime) -> Iterator[Finding]:
        """Hours of nowhere in particular."""
        if one.zone == "UTC":
            message = "is in UTC; write the zone people work in, such as Europe/Berlin, or their day begins elsewhere"
            yield self.finding(Severity.INFO, (*_NAMED, name, "zone"), message)
        if not one.holidays and not one.dates:
            message = "knows no holidays, so they count as working days; add holidays: {country: DE}, or dates"
            yield self.finding(Severity.INFO, (*_NAMED, name), message)

    def days(self, name: str, one: WorkingTime, today: date) -> Iterator[Finding]:
        """Days of which nothing is known any more."""
        single = [told.last for told in one.dates if not told.yearly]
        if single and max(single) < today and len(single) == len(one.dates):
            message = f"are all over, the last on {max(single)}; write this year's, or 12-24 for every year"
            yield self.finding(Severity.INFO, (*_NAMED, name, "dates"), message)
        for asked in one.holidays:
            last = _known_until(asked.country)
            if last <= today.year:
                message = f"the holidays of {asked.country} are known until {last}; later ones count as working days"
                yield self.finding(Severity.WARNING, (*_NAMED, name, "holidays"), message)

    def whose(self) -> Iterator[Finding]:
        """Tables nobody asks, and those in them who are not there."""
        whose = self.source.written.whose
        asked = whose.order[: whose.order.index("policy")] if "policy" in whose.order else whose.order
        for table, giver in _TABLES.items():
            if getattr(whose, table) and giver not in asked:
                message = f"is never asked: `order` does not name {giver} before policy"
                yield self.finding(Severity.WARNING, (*_WHOSE, table), message)
        policies = self.loaded.sla.written.policies.values() if self.loaded.sla else ()
        teams = {team_of(policy) for policy in policies}
        for team in whose.teams:
            if teams and team not in teams:
                near = did_you_mean(team, teams) or f"; there are {', '.join(sorted(teams))}"
                message = f"no policy is of the team {team!r}{near}"
                yield self.finding(Severity.WARNING, (*_WHOSE, "teams", team), message)
        for name in whose.owners if self.owners is not None else ():
            if owner_id(name, self.owners) is None:
                message = f"Salesforce has no active user {name!r}; name one by e-mail or id"
                yield self.finding(Severity.WARNING, (*_WHOSE, "owners", name), message)

    def finding(self, severity: Severity, path: KeyPath, message: str) -> Finding:
        problem = self.source.document.problem(path, message)
        return Finding(severity, problem.file, problem.line, problem.key, message)


def _known_until(country: str) -> int:
    import holidays  # noqa: PLC0415  # knows two hundred countries; most installations ask about none

    return int(holidays.country_holidays(country).end_year)
