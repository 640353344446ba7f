"""What people read about the bridge's own fields in their CRM: label, help, options, and with which others they stand.

By the place in the agreement that names a field (`feedback.answer.verdict`), whatever the field is called there. The
options follow from what the files say: verdicts, reasons, personas, stages; or from the words that the core itself
speaks, where nobody can choose them (how feedback and promises stand).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.config.load import Loaded
from connector.config.vocabulary import Named
from connector.config.yaml import KeyPath
from connector.core.definition import ReasonClass
from connector.core.feedback import STATUS
from connector.core.refs import Side
from connector.core.sla import State
from connector.core.values import Kind
from connector.wanted import Choice, Section

STATUSES = ("waiting", "asked", *STATUS.values(), "expired")
"""What a handoff's feedback status may say (`wishes`)."""

_LONG = 32_768  # the most a long text of Salesforce holds (Salesforce fact sheet 1.3)


@dataclass(frozen=True, slots=True)
class Words:
    """What people read about a field. `kind` where it is another than that of its values in general."""

    label: str
    description: str
    section: Section
    kind: Kind | None = None
    length: int | None = None
    written_by_people: bool = False


_FEEDBACK, _SLA, _HANDOFF, _PROFILE = Section.FEEDBACK, Section.SLA, Section.HANDOFF, Section.PROFILE
_WORDS: Mapping[str, Words] = {
    "answer.verdict": Words(
        "Sales answer", "What sales says to this handoff. Pick one and it counts.", _FEEDBACK, written_by_people=True
    ),
    "answer.reason": Words(
        "Sales reason", "Why they come back, if they do: marketing reads it.", _FEEDBACK, written_by_people=True
    ),
    "answer.comment": Words(
        "Sales comment", "What the reason alone does not say.", _FEEDBACK, length=_LONG, written_by_people=True
    ),
    "answer.revisit": Words("Revisit on", "The day on which to try again.", _FEEDBACK, written_by_people=True),
    "told.status": Words(
        "Feedback status", "What became of the handoff to sales. Kept by the bridge.", _FEEDBACK, Kind.PICKLIST
    ),
    "told.reason_class": Words(
        "Feedback reason class",
        "reject: the handoff was wrong; disqualify: never; recycle: later. Kept by the bridge.",
        _FEEDBACK,
        Kind.PICKLIST,
    ),
    "told.by": Words("Feedback by", "Who answered. Kept by the bridge.", _FEEDBACK),
    "told.at": Words("Feedback at", "When they answered. Kept by the bridge.", _FEEDBACK),
    "told.asked_for": Words(
        "Feedback still asked for", "What the answer lacks before it counts. Kept by the bridge.", _FEEDBACK
    ),
    "told.loops": Words("Times recycled", "How often sales gave them back. Kept by the bridge.", _FEEDBACK),
    "told.recycle_on": Words("Comes back on", "When they come back by themselves. Kept by the bridge.", _FEEDBACK),
    "told.track": Words(
        "Nurture track", "The track that goes with the reason: enrol people by it. Kept by the bridge.", _FEEDBACK
    ),
    "sla.policy": Words("SLA promise", "The promise that presses most. Kept by the bridge.", _SLA),
    "sla.state": Words("SLA state", "How that promise stands. Kept by the bridge.", _SLA, Kind.PICKLIST),
    "sla.due_at": Words("SLA due", "Until when it is to be kept. Kept by the bridge.", _SLA),
    "sla.breached_since": Words("SLA late since", "Since when it is late. Kept by the bridge.", _SLA),
    "sla.lateness": Words(
        "SLA minutes late", "Once it is over: how late, in minutes of business time. Kept by the bridge.", _SLA
    ),
    "why_field": Words(
        "Why this lead", "Why marketing handed them over. Kept by the bridge.", _HANDOFF, length=_LONG
    ),
    "touches_field": Words(
        "Last touches", "What they were told and did lately. Kept by the bridge.", _HANDOFF, length=_LONG
    ),
    "persona": Words(
        "Buyer persona",
        "Who they are to us. What a person picks stands; empty gives it back to the rules.",
        _PROFILE,
        written_by_people=True,
    ),
    "stage": Words("", "The stage both teams agreed on. A change counts on either side.", _PROFILE,
                   written_by_people=True),
}  # fmt: skip


def words_of(at: KeyPath) -> Words:
    """What people read about the field that is named at that place of the agreement."""
    return _WORDS[_part(at)]


def choices_of(loaded: Loaded, one: Named) -> tuple[Choice, ...]:
    """The options of a field that the agreement names; none where it is no picklist."""
    part = _part(one.at)
    if part == "stage":
        return tuple(Choice(value, value) for value in _stages(loaded, one))
    if part == "persona":
        return _personas(loaded, one.side)
    if part == "answer.verdict" and loaded.feedback:
        verdicts = loaded.feedback.written.verdicts.items()
        labels = {name: verdict.spelling(Side.SALESFORCE, name) for name, verdict in verdicts}
        return tuple(Choice(verdict.spelling(one.side, name), plain(labels[name])) for name, verdict in verdicts)
    if part == "answer.reason" and loaded.feedback:
        return tuple(Choice(reason.values[one.side], reason.label) for reason in loaded.feedback.written.choices())
    return tuple(Choice(word, plain(word)) for word in _spoken(part))


def plain(name: str) -> str:
    """A name as people read it: `HubSpot_Score__c` is `HubSpot Score`, `sla_due` is `Sla due`."""
    words = name.removesuffix("__c").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _part(at: KeyPath) -> str:
    """Which of the bridge's fields it is, by the path of keys that names it."""
    match at:
        case ("personas", *_):
            return "persona"
        case ("feedback", group, part, *_):
            return f"{group}.{part}"
        case ("sla", "fields", part, *_):
            return f"sla.{part}"
        case ("lifecycle", "handoff", part):
            return str(part)
    return "stage"


def _spoken(part: str) -> Iterable[str]:
    """The words that the core itself speaks there."""
    closed: Mapping[str, Iterable[str]] = {
        "told.status": STATUSES,
        "told.reason_class": tuple(ReasonClass),
        "sla.state": tuple(State),
    }
    return (str(word) for word in closed.get(part, ()))


def _personas(loaded: Loaded, side: Side) -> tuple[Choice, ...]:
    assert loaded.personas is not None  # which named the field
    written = loaded.personas.written
    spelt = written.values.get(side, {})
    return tuple(Choice(spelt.get(name, name), persona.name) for name, persona in written.rules.items())


def _stages(loaded: Loaded, one: Named) -> Iterable[str]:
    """The values by which the stages are told in a field, in the order of the stages."""
    assert loaded.lifecycle is not None  # which named the field
    stages = loaded.lifecycle.written.stages.values()
    groups = (group for stage in stages for obj in one.objects for group in stage.groups(one.side, obj)[1])
    return dict.fromkeys(value for group in groups for value in group.get(one.field, ()))
