"""sla.yaml and calendars.yaml become policies that the core judges by; an edition that was kept becomes them again.

All that an edition hangs on is kept with it as its body, so that history is judged by what held then though the files
say something else today: the two files, the kinds of the fields they ask about, the stages and pools they lean on.
Never a secret. What is kept is not held against today's stages and channels: what has gone since is history, no fault.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from connector.config.calendars import CalendarsWritten
from connector.config.lifecycle import PoolWritten
from connector.config.load import Loaded, MappingSource
from connector.config.owners import Owners
from connector.config.policies import Ground
from connector.config.promises import PolicyWritten, SlaWritten
from connector.config.sla_names import unknown_names
from connector.config.vocabulary import Vocabulary, vocabulary
from connector.config.yaml import Document
from connector.core.definition import FieldOf
from connector.core.journey import Verdict
from connector.core.policy import Policy, SlaFields
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Misconfigured

Watched = Mapping[Side, Mapping[str, Kind]]
_VERSION_DIGITS = 12
_FIELD = re.compile(r"\b(hubspot|salesforce)\s*\.\s*([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Promises:
    """What is promised now.

    Attributes:
        version: a digest of `body`.
        fields: where the most pressing promise is told.
        watched: the fields that conditions ask for, by side.
        open_too: whether clocks that run already follow this edition.
        body: what `policies_from` makes the same policies of.
    """

    version: str
    policies: Mapping[str, Policy]
    fields: SlaFields
    watched: Watched
    open_too: bool
    body: str


def policies_of(loaded: Loaded, owners: Owners | None, now: datetime) -> Promises | None:
    """What is promised now; None where there is no sla.yaml, or no lifecycle in force.

    Args:
        loaded: what `load` gave.
        owners: everyone who can own records; None (not connected) leaves e-mails in pools and nobody in calendars.
        now: deadlines are tried from here on, and holidays made for the years around.

    Raises:
        Misconfigured: with every problem of both files.
    """
    ground = _ground(loaded, owners)
    if ground is None:
        return None
    ground.problems.extend(unknown_names(loaded))
    policies = _made(ground, now)
    body = _body(ground)
    return Promises(
        version=_version(body),
        policies=policies,
        fields=_fields(ground.sla),
        watched=ground.watched,
        open_too=ground.sla.edits == "open_too",
        body=body,
    )


def body_of(loaded: Loaded) -> str:
    """What an edition of these files hangs on, as JSON; "" where nothing is promised."""
    ground = _ground(loaded, None)
    return _body(ground) if ground else ""


def policies_from(body: str, loaded: Loaded, owners: Owners | None, now: datetime) -> Mapping[str, Policy]:
    """The policies of an edition that was kept.

    Args:
        body: what `body_of` gave when the edition came into force.
        loaded: the configuration of today; nothing of it bears on the policies but that people have the ids they have.
        owners: everyone who can own records; None: as in `policies_of`.
        now: holidays are made for the years around.

    Raises:
        Misconfigured: when today's bridge can no longer make sense of it.
    """
    kept = orjson.loads(body)
    words = vocabulary(loaded)
    mapping = words.mapping if words else loaded.mappings[0]
    return _made(_kept(kept, mapping, owners), now)


def _made(ground: Ground, now: datetime) -> Mapping[str, Policy]:
    policies = ground.policies(now)
    if ground.problems:
        raise Misconfigured(sorted(set(ground.problems)))
    return policies


def _ground(loaded: Loaded, owners: Owners | None) -> Ground | None:
    """Of the files as they are now."""
    words = vocabulary(loaded)
    if loaded.sla is None or loaded.lifecycle is None or words is None:
        return None
    handoff = loaded.lifecycle.written.handoff
    rejected = loaded.feedback.written.verdicts.get(Verdict.REJECT) if loaded.feedback else None
    return Ground(
        sla=loaded.sla.written,
        document=loaded.sla.document,
        calendars=loaded.calendars.written if loaded.calendars else None,
        calendars_document=loaded.calendars.document if loaded.calendars else Document("", {}, {}),
        words=words,
        handoff=handoff.stages if handoff else [],
        rejected_to=rejected.leads_to if rejected else "",
        pools=handoff.pools if handoff else {},
        owners=owners,
    )


def _kept(kept: Mapping[str, Any], mapping: MappingSource, owners: Owners | None) -> Ground:
    """Of an edition."""
    context, calendars = kept["context"], kept["calendars"]
    kinds = {
        Side(side): {name: Kind(kind) for name, kind in fields.items()} for side, fields in context["kinds"].items()
    }
    return Ground(
        sla=SlaWritten.model_validate(kept["sla"]),
        document=Document("(kept) sla.yaml", {"sla": kept["sla"]}, {}),
        calendars=CalendarsWritten.model_validate(calendars) if calendars else None,
        calendars_document=Document("(kept) calendars.yaml", {"calendars": calendars} if calendars else {}, {}),
        words=Vocabulary(mapping, kinds, {}, ()),
        handoff=context["handoff"],
        rejected_to=context["rejected_to"],
        pools={name: PoolWritten.model_validate(one) for name, one in context["pools"].items()},
        owners=owners,
    )


def _body(ground: Ground) -> str:
    said = {"sla": ground.document.data["sla"], "calendars": ground.calendars_document.data.get("calendars")}
    text = orjson.dumps(said).decode()
    kinds: dict[str, dict[str, str]] = {side.value: {} for side in Side}
    for side, name in _FIELD.findall(text):
        kind = ground.words.kinds[Side(side)].get(name)
        if kind:
            kinds[side][name] = kind.value
    named = {name for policy in ground.sla.policies.values() for name in _reassigned_to(policy)}
    context = {
        "kinds": kinds,
        "handoff": ground.handoff,
        "rejected_to": ground.rejected_to,
        "pools": {name: one.model_dump(mode="json") for name, one in ground.pools.items() if name in named},
    }
    return orjson.dumps({**said, "context": context}).decode()


def _version(body: str) -> str:
    """The order in which things are written does not count."""
    sorted_body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(sorted_body).hexdigest()[:_VERSION_DIGITS]


def _reassigned_to(policy: PolicyWritten) -> Iterator[str]:
    for action in (*policy.on_warning, *policy.on_breach):
        yield from action.reassign or ()


def _fields(sla: SlaWritten) -> SlaFields:
    def field_of(name: str) -> FieldOf:
        named: Mapping[Side, str] = getattr(sla.fields, name)
        return {side: named.get(side) for side in Side}

    return SlaFields(*(field_of(name) for name in ("policy", "state", "due_at", "breached_since", "lateness")))
