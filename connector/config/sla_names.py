"""Names in sla.yaml that must stand for something elsewhere: channels and webhooks of config.yaml, stages and reasons.

All of them are held against what is written today and told at once, each with its file and line. Editions that were
kept are not held against them: a channel that has gone since must not take history with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.config.load import Loaded
from connector.config.problems import did_you_mean
from connector.config.yaml import KeyPath
from connector.errors import Problem

_WHERE = {
    "notify": ("channel", "config.yaml under notifications"),
    "webhook": ("webhook", "config.yaml under webhooks_out"),
    "return_to_marketing": ("stage", "lifecycle.yaml"),
    "reason": ("reason", "feedback.yaml"),
}


def unknown_names(loaded: Loaded) -> Iterator[Problem]:
    """Every name that stands for nothing."""
    if loaded.sla is None or loaded.lifecycle is None:
        return
    document = loaded.sla.document
    stages = loaded.lifecycle.written.stages
    known: Mapping[str, Iterable[str]] = {
        "notify": loaded.settings.notifications,
        "webhook": loaded.settings.webhooks_out,
        "return_to_marketing": stages,
        "reason": loaded.feedback.written.reasons if loaded.feedback else (),
    }
    for path, policy in _policies(loaded.sla.written.policies):
        for at, stage in enumerate(policy.stages or ()):
            if stage not in stages:
                below = (*path, "stages", at) if len(policy.stages) > 1 else (*path, "stages")
                yield document.problem(below, _unknown("stage", stage, stages, "lifecycle.yaml"))
        for below, action in _actions(policy):
            for key, (what, where) in _WHERE.items():
                name = getattr(action, key)
                if name is not None and name not in known[key]:
                    yield document.problem((*path, *below, key), _unknown(what, name, known[key], where))


def _policies(policies: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    return ((("sla", "policies", name), policy) for name, policy in policies.items())


def _actions(policy: Any) -> Iterator[tuple[KeyPath, Any]]:
    for key in ("on_warning", "on_breach"):
        yield from (((key, at), action) for at, action in enumerate(getattr(policy, key)))


def _unknown(what: str, name: str, known: Iterable[str], where: str) -> str:
    names = list(known)
    hint = did_you_mean(name, names) or (f"; there are {', '.join(names)}" if names else f"; write it in {where}")
    return f"there is no {what} {name!r}{hint}"
