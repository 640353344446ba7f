"""Deployments under way and done: each is judged and takes effect as a whole, when its time has come.

A deployment waits (`deploy_s`), then takes effect whether or not anybody looks; what a caller is told lags behind by
`deploy_polls` looks: Pending, InProgress, then the end. (Salesforce fact sheet 5.1.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.cleaning import stamp
from connector.sandbox.salesforce.metadata import applying
from connector.sandbox.salesforce.metadata.checks import CHECKS
from connector.sandbox.salesforce.metadata.components import Component, Fault, Parcel
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.refusals import Refusal

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org


@dataclass(slots=True)
class Deploy:
    """One deployment. `end` is its last status, '' until it has taken effect; times in the org's own format."""

    id: str
    options: dict[str, Any]
    act: Act
    parcel: Parcel
    due: float
    created: str
    end: str = ""
    completed: str | None = None
    looks: int = 0
    total: int = 0
    successes: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def option(self, name: str) -> bool:
        """A switch of the caller's."""
        return bool(self.options.get(name))

    def status(self, looks: int) -> str:
        """What a caller is told who has looked so often, when the org makes them wait for `looks`."""
        if self.end and self.looks > looks:
            return self.end
        return "Pending" if self.looks <= 1 else "InProgress"


class Deploys:
    """All deployments of an org, oldest first."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: dict[str, Deploy] = {}
        self._waiting: list[Deploy] = []

    def start(self, options: dict[str, Any], act: Act, parcel: Parcel) -> Deploy:
        """Put a deployment in the queue."""
        org = self._org
        due = act.now.timestamp() + org.settings.deploy_s
        made = Deploy(org.mint.mint("0Af"), options, act, parcel, due, stamp(act.now))
        made.total = len(parcel.components) + len(parcel.faults)
        self._known[made.id] = made
        self._waiting.append(made)
        self.settle()
        return made

    def find(self, deploy_id: str) -> Deploy | None:
        """A deployment by its id of 18 characters."""
        return self._known.get(deploy_id)

    def cancel(self, deploy: Deploy) -> None:
        """Stop a deployment that has not taken effect."""
        if not deploy.end:
            self._waiting.remove(deploy)
            deploy.end, deploy.completed = "Canceled", stamp(self._org.now())

    def settle(self) -> None:
        """Let what is due take effect, in the order in which it came; cheap to call often."""
        while self._waiting and self._waiting[0].due <= self._org.now().timestamp():
            self._carry_out(self._waiting.pop(0))

    def _carry_out(self, deploy: Deploy) -> None:
        org, stage = self._org, Stage(self._org)
        now = org.now()
        act = Act(deploy.act.user_id, deploy.act.actor, now, stamp(now))
        for fault in deploy.parcel.faults:
            deploy.failures.append(self._failure(deploy, fault))
        sound = [one for one in deploy.parcel.components if self._stands(stage, deploy, one)]
        whole = not deploy.failures or not deploy.option("rollbackOnError")
        for one in sound:
            deploy.successes.append(self._success(stage, deploy, one))
        if whole and not deploy.option("checkOnly"):
            with org.journal.transaction():
                for one, told in zip(sound, deploy.successes, strict=True):
                    if told["created"] or told["changed"]:
                        applying.apply(stage, act, one)
                        told["id"] = org.metadata.id(one.type, one.name)
        if not deploy.failures:
            deploy.end = "Succeeded"
        else:
            deploy.end = "SucceededPartial" if whole and sound else "Failed"
        deploy.completed = stamp(now)

    def _stands(self, stage: Stage, deploy: Deploy, one: Component) -> bool:
        """Whether the org takes a component; why not is noted."""
        try:
            self._check(stage, one)
        except Problem as problem:
            place = (problem.line, problem.column) if problem.line else one.place
            fault = Fault(one.type, one.name, one.file, Problem(problem.text, *place))
            deploy.failures.append(self._failure(deploy, fault))
            return False
        return True

    def _check(self, stage: Stage, one: Component) -> None:
        refused = self._org.settings.deploy_refused.get(one.name)
        if refused is not None:
            raise Problem(refused)
        CHECKS[one.type](stage, one)

    def _success(self, stage: Stage, deploy: Deploy, one: Component) -> dict[str, Any]:
        metadata = self._org.metadata
        known = metadata.find(one.type, one.name) is not None
        return {
            **_message(deploy, one.type, one.name, one.file),
            "success": True,
            "created": not known,
            "changed": known and not applying.same(stage, one),
            "id": metadata.id(one.type, one.name) if known else None,
        }

    def _failure(self, deploy: Deploy, fault: Fault) -> dict[str, Any]:
        line, column = fault.place
        return {
            **_message(deploy, fault.type, fault.name, fault.file),
            "problem": fault.problem.text,
            "problemType": "Error",
            "lineNumber": line or None,
            "columnNumber": column or None,
        }


def _message(deploy: Deploy, kind: str, name: str, file: str) -> dict[str, Any]:
    """What is said of any component."""
    return {
        "changed": False,
        "columnNumber": None,
        "componentType": kind,
        "created": False,
        "createdDate": deploy.created,
        "deleted": False,
        "fileName": file,
        "fullName": name,
        "id": None,
        "lineNumber": None,
        "problem": None,
        "problemType": None,
        "requiresProductionTestRun": False,
        "success": False,
        "warning": False,
    }


def check_customizer(org: Org, user_id: str) -> None:
    """Raises Refusal unless this user may change what the org is made of."""
    if user_id == org.admin_user or (user_id == org.bridge_user and org.settings.bridge_may_customize):
        return
    text = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
    raise Refusal("INSUFFICIENT_ACCESS", text, http=403)
