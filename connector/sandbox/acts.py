"""What people do in the CRMs' own screens: every public function of a side's acting modules, by name.

A rep edits, a marketer merges, an admin renames a picklist value: none of it goes through the public API, so the
sandbox offers it beside the API. A side adds an act by writing a function `act(store, *, ...) -> dict`; arguments are
checked against its signature, so that a misspelt one is refused by name and never ignored.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from connector.sandbox.hubspot import actions as hubspot_actions
from connector.sandbox.hubspot import administration as hubspot_administration
from connector.sandbox.hubspot import dealings as hubspot_dealings
from connector.sandbox.hubspot.problems import Refusal as HubspotRefusal
from connector.sandbox.salesforce import actions as salesforce_actions
from connector.sandbox.salesforce import administration as salesforce_administration
from connector.sandbox.salesforce import customizing as salesforce_customizing
from connector.sandbox.salesforce import dealings as salesforce_dealings
from connector.sandbox.salesforce import pubsub_acts as salesforce_bus
from connector.sandbox.salesforce.refusals import Refusal as SalesforceRefusal
from connector.sandbox.world import World

Act = Callable[..., dict[str, Any]]


def _public(*modules: Any) -> Mapping[str, Act]:
    return MappingProxyType(
        {
            name: function
            for module in modules
            for name, function in vars(module).items()
            if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
        }
    )


ACTS: Mapping[str, Mapping[str, Act]] = MappingProxyType(
    {
        "hubspot": _public(hubspot_actions, hubspot_administration, hubspot_dealings),
        "salesforce": _public(
            salesforce_actions,
            salesforce_administration,
            salesforce_customizing,
            salesforce_dealings,
            salesforce_bus,
        ),
    }
)


def acts(side: str) -> dict[str, Any]:
    """Every act of a side: what it does and which arguments it takes."""
    return {
        name: {"does": inspect.getdoc(act), "arguments": [str(each) for each in _arguments(act)]}
        for name, act in sorted(ACTS[side].items())
    }


def act(world: World, side: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out one act and return what it says.

    Raises LookupError for an unknown act or record and TypeError or ValueError for arguments that do not fit.
    """
    function = ACTS[side].get(name)
    if function is None:
        raise LookupError(f"{side} has no such act; there are {', '.join(sorted(ACTS[side]))}")
    store = world.store(side)
    try:
        _signature(function).bind(store, **arguments)
    except TypeError as error:
        takes = ", ".join(str(each) for each in _arguments(function)) or "none"
        raise TypeError(f"{error}; arguments: {takes}") from error
    try:
        with world.entered(side):
            return function(store, **arguments)
    except (HubspotRefusal, SalesforceRefusal) as refusal:
        raise ValueError(str(refusal)) from refusal


def _arguments(function: Act) -> list[inspect.Parameter]:
    return list(_signature(function).parameters.values())[1:]


@cache
def _signature(function: Act) -> inspect.Signature:
    """A look that costs as much as a small act itself, so each function gets one."""
    return inspect.signature(function)
