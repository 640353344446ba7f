"""Asks HubSpot what is there, makes what a plan says, and finds out by asking again.

Every act may be repeated without harm: a property that is there already is refused with 409, and options are added to
the list as it is at that moment, because a list that is sent replaces the old one (HubSpot fact sheet 5). What HubSpot
refuses is told and keeps no neighbour from being made; whether a thing was made is what the next plan says, never what
an answer said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.core.refs import Side
from connector.errors import Unauthorised
from connector.hubspot.batches import BATCH, chunks
from connector.hubspot.faults import Answer, Denied, MissingScopes, said, scrubbed
from connector.hubspot.setup.planning import Act, Doing, Live, Plan, option, planned
from connector.hubspot.wire import RESULTS, Wire, results
from connector.wanted import Choice, Wanted

_ALREADY = 409
_OPERATION = "properties"
Refusals = dict[tuple[str, str], str]  # by object and property, HubSpot's words


class PropertySetup:
    """The properties of one account."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def plan(self, wanted: Sequence[Wanted]) -> Plan:
        """What is to be done so that the account has what is wanted; writes nothing.

        Raises:
            Unauthorised: names the scopes that are missing; and as `ports.Crm`.
        """
        ours = [one for one in wanted if one.side is Side.HUBSPOT]
        objects = dict.fromkeys(one.object for one in ours)
        return planned([(self._live(obj), [one for one in ours if one.object == obj]) for obj in objects])

    def apply(self, plan: Plan) -> Refusals:
        """Make what a plan says; what HubSpot refused of it. Raises as `plan`."""
        refused: Refusals = {}
        created: dict[str, list[Act]] = {}
        for act in plan.acts:
            if act.doing is Doing.CREATE:
                created.setdefault(act.object, []).append(act)
        for act in plan.acts:
            if act.doing is Doing.GROUP:
                self._alone(act, refused, "groups")
        for obj, acts in created.items():
            for part in chunks(acts, BATCH):
                refused |= self._created(obj, part)
        for act in plan.acts:
            if act.doing is Doing.RESTORE:
                self._alone(act, refused)
            if act.doing is Doing.OPTIONS:
                self._widened(act, refused)
        return refused

    def _live(self, obj: str) -> Live:
        there = {str(each["name"]): each for each in self._listed(obj)}
        gone = {str(each["name"]): each for each in self._listed(obj, archived="true")}
        groups = results(self._asked(obj, "GET", self._path(obj, "groups"), None, RESULTS))
        return Live(obj, there, gone, frozenset(str(each["name"]) for each in groups if not each.get("archived")))

    def _listed(self, obj: str, archived: str = "false") -> Sequence[dict[str, Any]]:
        return results(self._asked(obj, "GET", f"{self._path(obj)}?archived={archived}", None, RESULTS))

    def _created(self, obj: str, acts: Sequence[Act]) -> Refusals:
        """Many at once; one by one where HubSpot will not have the whole, so that the others are made."""
        inputs = [act.body for act in acts]
        try:
            answer = self._asked(obj, "POST", self._path(obj, "batch", "create"), {"inputs": inputs})
        except Denied:
            refused: Refusals = {}
            for act in acts:
                self._alone(act, refused)
            return refused
        return {(obj, name): words for name, words in _refusals(answer)}

    def _alone(self, act: Act, refused: Refusals, *rest: str) -> None:
        try:
            self._asked(act.object, "POST", self._path(act.object, *rest), act.body)
        except Denied as error:
            if error.answer.status != _ALREADY:
                refused[act.object, act.name] = said(error.answer)

    def _widened(self, act: Act, refused: Refusals) -> None:
        path = self._path(act.object, act.name)
        try:
            had = self._asked(act.object, "GET", path, None, "name").body.get("options") or []
            known = {str(each.get("value")) for each in had}
            new = [Choice(each["value"], each["label"]) for each in act.body["options"] if each["value"] not in known]
            options = [*had, *(option(each, len(had) + place) for place, each in enumerate(new))]
            self._asked(act.object, "PATCH", path, {"options": options})
        except Denied as error:
            refused[act.object, act.name] = said(error.answer)

    def _path(self, obj: str, *rest: str) -> str:
        return self._wire.paths.of("properties", obj, *rest)

    def _asked(self, obj: str, method: str, path: str, body: Any, expects: str = "") -> Answer:
        try:
            return self._wire.call(_OPERATION, method, path, body, expects)
        except MissingScopes as error:
            scopes = f"crm.schemas.{obj}.read and crm.schemas.{obj}.write"
            words = f"{error} To set up {obj}, the app (or service key) needs {scopes}."
            raise Unauthorised(words) from error


def _refusals(answer: Answer) -> Iterator[tuple[str, str]]:
    """What a 207 says against single properties, but for those that are there already."""
    body = answer.body if isinstance(answer.body, dict) else {}
    for error in body.get("errors") or ():
        context = error.get("context") or {}
        for name in context.get("name") or ("",):
            if error.get("category") != "OBJECT_ALREADY_EXISTS":
                yield str(name), scrubbed(str(error.get("message") or "no explanation"))
