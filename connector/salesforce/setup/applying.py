"""Asks an org what is there, makes what a plan says, and finds out by asking again.

A deployment is made whole or not at all. What it refuses is left out, with what rests on it, and the rest is deployed
anew, so that one component keeps no neighbour from being made. Just before, what is to be replaced as a whole is
retrieved once more: who has saved a layout since the plan was made does not lose it. Whether a thing was made is what
the next plan says, never what an answer said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from connector.core.refs import id18
from connector.errors import Refused
from connector.salesforce import soql
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Declined
from connector.salesforce.setup import fields, layouts, notices, permissions
from connector.salesforce.setup.live import Act, Live, People
from connector.salesforce.setup.package import packed
from connector.salesforce.setup.planning import Key, Order, Plan, pieces, planned
from connector.salesforce.setup.wire import Failure, Metadata
from connector.salesforce.source.asked import Asked
from connector.salesforce.source.permissions import INTEGRATION, REP_VIEW
from connector.salesforce.source.views import views

ROUNDS_MAX: Final = 10
_FIELD: Final = re.compile(r"\b\w+\.\w+\b")
_OPERATION: Final = "setup"
_SETS: Final = (INTEGRATION, REP_VIEW)
_FIRST: Final = (fields.TYPE, notices.MESSAGE)
_CHANGED: Final = (
    "somebody has changed it in Salesforce while this command was running, and theirs is kept; run the command again"
)
_ROLLED_BACK: Final = "Salesforce took nothing, because of what it refused besides; mend that and run the command again"
Refusals = dict[Key, str]  # by type and name, Salesforce's words


class OrgSetup:
    """The metadata and the permission sets of one org.

    Args:
        bridge: calls as the bridge's user, who gets the set for integrations.
        acting: calls as whoever may change the org: the same, or an admin.
    """

    def __init__(self, bridge: Api, acting: Api) -> None:
        self._bridge, self._acting = bridge, acting
        self._metadata = Metadata(acting)

    def people(self, usernames: Sequence[str]) -> People:
        """The bridge's own user, and reps by their user names.

        Raises:
            Refused: no active user has one of the names.
        """
        bridge = self._own_id()
        named = {name.casefold() for name in usernames}
        condition = soql.either(
            soql.among("Id", [soql.literal(bridge)]),
            *([soql.among("Username", [soql.literal(name) for name in sorted(named)])] if named else []),
        )
        rows = self._rows(soql.select(["Id", "Username", "IsActive"], "User", condition))
        found = {id18(row["Id"]): str(row["Username"]) for row in rows if row["IsActive"]}
        missing = named - {name.casefold() for name in found.values()}
        if missing:
            words = "no active user has this name (it looks like an address, and need not be one); see Setup > Users"
            raise Refused(f"{', '.join(sorted(missing))}: {words}")
        reps = {user: name for user, name in found.items() if name.casefold() in named}
        return People((bridge, found.get(bridge, "the bridge's user")), reps)

    def _own_id(self) -> str:
        """The bridge's user: the index of the API names it at the end of an address; else the sign-in service does."""
        index = self._bridge.json(Call("GET", "", _OPERATION, expects=("sobjects",)))
        if isinstance(index.get("identity"), str):
            return id18(index["identity"].rpartition("/")[2])
        told = self._bridge.json(Call("GET", "/services/oauth2/userinfo", _OPERATION, expects=("user_id",)))
        return id18(str(told["user_id"]))

    def plan(self, order: Order) -> Plan:
        """What is to be done so that the org has what is wanted; writes nothing.

        Raises:
            Unauthorised: the session's user is not let at metadata; and as `api.Api.send`.
        """
        return planned(order, self._live(order))

    def glance(self, asked: Asked) -> tuple[str, ...]:
        """What a setup would make beside fields, as far as a few queries tell; it takes no right on metadata.

        Layouts, grants and mappings stand in documents that only `plan` retrieves. Raises as `api.Api.send`.
        """
        sets = {str(row["Name"]) for row in self._named(permissions.TYPE, "Name", _SETS)}
        wanted = [view.member for view in views(asked)]
        rows = self._named(notices.VIEW, "DeveloperName", sorted({name.partition(".")[2] for name in wanted}))
        listed = {f"{row['SobjectType']}.{row['DeveloperName']}" for row in rows}
        given = self._assignments()
        reps = [name for name, _ in given if name == REP_VIEW]
        unmade = [f"the permission set {name}" for name in _SETS if name not in sets]
        if (INTEGRATION, self._own_id()) not in given:
            unmade.append(f"{INTEGRATION} for the bridge's own user")
        if not reps:
            unmade.append(f"{REP_VIEW} for reps, which nobody has yet (--rep)")
        return (*unmade, *(f"the list view {name}" for name in wanted if name not in listed))

    def apply(self, order: Order) -> Refusals:
        """Make what is wanted; what Salesforce refused of it. Raises as `plan`."""
        refused: Refusals = {}
        live = self._live(order)
        for _ in range(ROUNDS_MAX):
            plan = planned(order, live, refused)
            if not plan.deployed:
                break
            refused |= dict.fromkeys(self._changed(plan.deployed), _CHANGED)
            plan = planned(order, live, refused)
            failures = self._metadata.deployed(packed(plan.deployed, self._metadata.version)) if plan.deployed else []
            refused |= _refusals(failures, plan.deployed)
            if not failures:
                break
        for act in planned(order, self._live(order), refused).assigned:
            refused |= self._assigned(act)
        return refused

    def _live(self, order: Order) -> Live:
        objects = set(layouts.objects(order.asked)) if order.pages else set()
        told = self._metadata.layouts() if objects else []
        pages = [(name, packaged) for name, packaged in told if layouts.object_of(name) in objects]
        wanted = {*pieces(order), *((layouts.TYPE, name) for name, packaged in pages if not packaged)}
        return Live(
            self._metadata.retrieved(wanted),
            tuple(sorted(name for name, _ in pages)),
            frozenset(name for name, packaged in pages if packaged),
            self._assignments(),
        )

    def _assignments(self) -> frozenset[tuple[str, str]]:
        condition = soql.among("PermissionSet.Name", [soql.literal(name) for name in _SETS])
        rows = self._rows(soql.select(["AssigneeId", "PermissionSet.Name"], "PermissionSetAssignment", condition))
        return frozenset((str(row["PermissionSet"]["Name"]), id18(row["AssigneeId"])) for row in rows)

    def _changed(self, acts: Sequence[Act]) -> list[Key]:
        """What is no longer as it was when the plan was made of it."""
        based = [act for act in acts if act.base]
        if not based:
            return []
        now = self._metadata.retrieved(act.key for act in based)
        return [act.key for act in based if (found := now.get(act.key)) is None or found.content != act.base]

    def _assigned(self, act: Act) -> Refusals:
        name, _, user = act.name.partition(" ")
        rows = self._named(permissions.TYPE, "Name", [name])
        if not rows:
            return {act.key: f"there is no permission set {name} to give"}
        body = {"AssigneeId": user, "PermissionSetId": rows[0]["Id"]}
        try:
            self._acting.send(Call("POST", f"sobjects/{permissions.ASSIGNMENT}", _OPERATION, body=body))
        except Declined as error:
            if error.code != "DUPLICATE_VALUE":
                return {act.key: error.faults[0].message}
        return {}

    def _named(self, obj: str, name: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """Records with one of these names; none are asked for none."""
        columns = ["Id", name, *(["SobjectType"] if obj == notices.VIEW else [])]
        condition = soql.among(name, [soql.literal(value) for value in values])
        return self._rows(soql.select(columns, obj, condition)) if values else []

    def _rows(self, text: str) -> list[dict[str, Any]]:
        """Few rows: a query of one page."""
        call = Call("GET", soql.query_path(text), _OPERATION, expects=("records",))
        rows: list[dict[str, Any]] = self._acting.json(call)["records"]
        return rows


def _refusals(failures: Iterable[Failure], acts: Sequence[Act]) -> Refusals:
    """What was refused, by the acts that it speaks of; of a failure that names none, the whole.

    Where fields were refused, or else messages, they alone: what is about them is refused with them.
    """
    known = {act.key for act in acts}
    found: Refusals = {}
    those = list(failures)
    first = next((kind for kind in _FIRST if any(one.type == kind for one in those)), None)
    for one in those if first is None else [one for one in those if one.type == first]:
        named = known & {(one.type, one.name)} or {key for key in known if key[1] == one.name}
        grants = _grants(one, acts)
        for key in grants or named or known:
            found.setdefault(key, one.problem)
    return found


def _grants(one: Failure, acts: Iterable[Act]) -> set[Key]:
    """The grants that a refused set is refused for: a field that this org has not, or lets nobody grant."""
    text = b"".join(act.text for act in acts if act.key == (one.type, one.name) and act.type == permissions.TYPE)
    fields = (name for name in _FIELD.findall(one.problem) if f"<field>{name}</field>".encode() in text)
    return {permissions.granted(one.name, name) for name in fields}


def reasons(refused: Refusals, acts: Iterable[Act]) -> Refusals:
    """What to say of each act that was not made: Salesforce's words, or that it was not to blame."""
    found: Refusals = {}
    for act in acts:
        about = permissions.granted(act.name, "")
        grants = (words for (sort, name), words in refused.items() if sort == about[0] and name.startswith(about[1]))
        found[act.key] = refused.get(act.key) or "; ".join(dict.fromkeys(grants)) or _ROLLED_BACK
    return found
