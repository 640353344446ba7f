"""What both teams of a play agreed on: the shipped lifecycle, feedback, SLA and calendars with their changes, by name.

These are configurations like those of `variants`, drawn by the plays of the lifecycle alone (`LIFECYCLE` says which
seeds). Reps take turns in pools of two or three, promises are short, so that clocks run out within a play, and what
follows goes to a chat room and an address that only exist here (`messages`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.simulation.variants import VARIANTS, Variant

LIFECYCLE = range(500_000, 1_000_000)  # seeds of plays in which the shared lifecycle is on
KIM, LENA, MARC = "kim.sales@example.test", "lena.sommer@example.test", "marc.winter@example.test"
ROOM, HOOK = "sales", "crm_team"  # the chat room, the address
SECRETS = {"SALES_CHAT_URL": "json://sales.example", "CRM_TEAM_SECRET": "hush, hush, hush, and hush again"}
CONFIG: Mapping[str, Any] = {
    "notifications": {ROOM: {"url": "env:SALES_CHAT_URL"}},
    "webhooks_out": {HOOK: {"url": "https://hooks.example/smarketing", "secret": "env:CRM_TEAM_SECRET"}},
}
TELL = "{policy}|{name}|{due}|{stage}"

Written = Mapping[str, Any]


def _lifecycle(pool: tuple[str, ...], fallback: str = "sales", **more: Any) -> Written:
    handoff = {"pools": {"sales": {"owners": list(pool)}}, "rules": {"in_turn": {"when": "true", "pool": "sales"}}}
    return {**more, "handoff": {**handoff, "fallback": fallback}}


def _sla(target: str, on_breach: list[Written], **policies: Written | None) -> Written:
    first = {"target": target, "warnings": "50%", "on_warning": [{"notify": ROOM, "text": TELL}]}
    told = [{"notify": ROOM, "text": TELL}, {"webhook": HOOK}]
    return {"policies": {"first_touch": {**first, "on_breach": [*told, *on_breach]}, **policies}}


def _agreed(lifecycle: Written, sla: Written, **people: Any) -> Variant:
    return Variant(people, agreed={"lifecycle": lifecycle, "sla": sla})


TASK: Written = {"task": "owner", "text": "{name}: be in touch"}
ANSWER: Written = {"target": "90 minutes", "on_breach": [{"task": "owner", "text": "{name}: accept or reject, please"}]}
BACK: Written = {"target": "2 hours", "on_breach": [{"return_to_marketing": "recycled", "reason": "no_need"}]}
SCORED: Written = {"mql": {"criteria": "hubspot.hubspotscore >= 80 && loops < 3"}}

AGREEMENTS: Mapping[str, Variant] = {
    "agreed, as shipped": _agreed(_lifecycle((KIM, LENA)), {}),
    "agreed, late leads make a task": _agreed(
        _lifecycle((KIM, LENA)), _sla("20 minutes", [TASK], disposition=ANSWER)
    ),
    "agreed, late leads go to another rep": _agreed(
        _lifecycle((KIM, LENA, MARC)), _sla("30 business_minutes", [{"reassign": "sales", "cap": 2}])
    ),
    "agreed, late leads go back": _agreed(_lifecycle((KIM, LENA)), _sla("1 hours", [TASK], disposition=BACK)),
    "agreed, unlawful stages are flagged": _agreed(
        _lifecycle((KIM, LENA), on_unlawful="flag"), _sla("20 minutes", [TASK], disposition=ANSWER)
    ),
    "agreed, flagged and sent to others": _agreed(
        _lifecycle((LENA, MARC), on_unlawful="flag"), _sla("10 minutes", [{"reassign": "sales"}])
    ),
    "agreed, scores make MQLs": _agreed(
        _lifecycle((KIM, LENA, MARC), stages=SCORED), _sla("20 minutes", [TASK], disposition=BACK)
    ),
    "agreed, a queue takes what is left": _agreed(
        _lifecycle((KIM, LENA), fallback="New Leads"), _sla("15 minutes", [{"reassign": "sales"}, TASK])
    ),
    "agreed, open promises are amended": _agreed(
        _lifecycle((KIM, LENA)), {**_sla("5 minutes", [TASK]), "edits": "open_too"}
    ),
    "agreed, deletions travel": _agreed(
        _lifecycle((KIM, LENA)), _sla("20 minutes", [TASK]), on_archive="archive"
    ),
}  # fmt: skip


def chosen(name: str) -> Variant:
    """A variant of either kind, by its name."""
    return AGREEMENTS[name] if name in AGREEMENTS else VARIANTS[name]


def agreed_fields(name: str) -> frozenset[str]:
    """The fields that the shared lifecycle speaks in, where a variant has one."""
    return SPOKEN if chosen(name).agreed is not None else frozenset()


def _fields(said: Any) -> Iterator[str]:
    """Every field that a part of an agreed file names as {hubspot: ..., salesforce: ...}."""
    if isinstance(said, dict):
        yield from (name for side in ("hubspot", "salesforce") if isinstance(name := said.get(side), str))
        for part in said.values():
            yield from _fields(part)


def _read(name: str) -> Any:
    return YAML(typ="safe").load((SHIPPED / f"{name}.yaml").read_text())[name]


SHIPPED = Path(__file__).parents[2] / "mappings"
STAGES = frozenset({"lifecyclestage", "hs_lead_status", "HubSpot_Lifecycle_Stage__c"})
_TOLD = (_read("feedback")["answer"], _read("feedback")["told"], _read("sla")["fields"], _read("personas")["fields"])
SPOKEN = STAGES | {
    *(_read("lifecycle")["handoff"][name] for name in ("why_field", "touches_field")),
    *(name for said in _TOLD for name in _fields(said)),
}
