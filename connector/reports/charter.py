"""The agreement as both teams read it: stages with who may move whom where, personas, reasons and what follows from
each, promises with their time, and when people work this year. Rows of plain data, for pages and other programs.

Everything is told from what is compiled and in force, never from the text of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from connector.config.business_time import closed_days, named_days
from connector.config.calendars import CalendarsWritten, WorkingTime
from connector.core.calendars import ALL_DAY, Windows
from connector.core.definition import Definition, Reason
from connector.core.hours import Week
from connector.core.policy import Action, ActionKind, Edition, Policy, PolicyKind, Span, Unit
from connector.core.policy import Warning as Warned
from connector.core.situation import Question, Situation
from connector.reports.conditions import in_words
from connector.reports.definition import BANDS, move_rows, stage_rows
from connector.reports.names import NAMES

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KINDS: Final[Mapping[PolicyKind, str]] = {
    PolicyKind.FIRST_TOUCH: "somebody of ours is in touch",
    PolicyKind.ATTEMPTS: "so many attempts to reach them",
    PolicyKind.DISPOSITION: "an answer: accepted, rejected, recycled or disqualified",
    PolicyKind.FEEDBACK_REPLY: "marketing does something about what came back",
    PolicyKind.NEXT_STEP: "nobody stays longer in a stage",
}
_UNITS: Final[Mapping[Unit, str]] = {
    Unit.BUSINESS_DAYS: "working day",
    Unit.BUSINESS_HOURS: "working hour",
    Unit.BUSINESS_MINUTES: "working minute",
    Unit.CALENDAR_DAYS: "day",
    Unit.HOURS: "hour",
    Unit.MINUTES: "minute",
}
_NEEDS: Final = {"revisit": "date to look again"}
_CLASSES: Final = {"reject": "the handoff was wrong", "disqualify": "never", "recycle": "later"}


def stages(definition: Definition) -> list[dict[str, Any]]:
    """Every stage by band, with how each side shows it and where people may go from there."""
    names = {stage.id: stage.name for stage in definition.lifecycle.stages.values()}
    moves: dict[str, list[dict[str, Any]]] = {stage: [] for stage in names}
    for move in move_rows(definition):
        row = {"to": names[move["to"]], "meaning": move["meaning"], "by": move["by"], "needs": _needed(move["needs"])}
        moves[move["from"]].append(row)
    found = []
    for band, words in BANDS.items():
        those = [_stage(row, moves[row["id"]]) for row in stage_rows(definition) if row["band"] == band.value]
        if those:
            found.append({"band": band.value, "name": words, "stages": those})
    return found


def _stage(row: Mapping[str, Any], moves: list[dict[str, Any]]) -> dict[str, Any]:
    comes = [(question, in_words(question)) for question in (row["criteria"], row["deal"]) if question]
    return {**row, "comes_when": comes, "shown_as": list(_shown(row["spelling"])), "moves": moves}


def _shown(spelling: Mapping[str, list[dict[str, list[str]]]]) -> Iterator[dict[str, str]]:
    """How each side shows a stage: objects that show it alike, together."""
    told: dict[tuple[str, str], list[str]] = {}
    for place, groups in spelling.items():
        side, _, obj = place.partition(":")
        each = (" and ".join(f"{name} = {' or '.join(said)}" for name, said in one.items()) for one in groups)
        words = "; or ".join(each)
        if words:
            told.setdefault((side, words), []).append(obj)
    for (side, words), objects in told.items():
        yield {"side": side, "where": f"{NAMES[side]} {' and '.join(objects)}", "words": words}


def personas(definition: Definition) -> list[dict[str, Any]]:
    """Every persona with the conditions by which somebody is one; the first that holds counts."""
    if definition.personas is None:
        return []
    rules = definition.personas.rules
    return [
        {"id": id_, "name": name, "when": [_condition(rule.when) for rule in rules if rule.persona == id_]}
        for id_, name in definition.personas.names.items()
    ]


def answers(definition: Definition) -> list[dict[str, Any]]:
    """What sales may answer, and the stage that each answer leads to."""
    feedback = definition.feedback
    if feedback is None:
        return []
    names = {stage.id: stage.name for stage in definition.lifecycle.stages.values()}
    return [
        {
            "answer": verdict.value,
            "leads_to": names.get(stage, stage),
            "needs": _needed(feedback.needs.get(verdict, ())),
        }
        for verdict, stage in feedback.leads_to.items()
    ]


def reasons(definition: Definition) -> list[dict[str, Any]]:
    """Every reason with its class, and what follows from giving it."""
    names = {stage.id: stage.name for stage in definition.lifecycle.stages.values()}
    told = definition.feedback.reasons.values() if definition.feedback else ()
    return [
        {
            "id": one.id,
            "label": one.label,
            "class": one.group.value,
            "meaning": _CLASSES[one.group.value],
            "answers": sorted(one.verdicts),
            "follows": list(_follows(one, names)),
            "counts_against_marketing": one.counts_against_marketing,
        }
        for one in told
    ]


def _follows(one: Reason, names: Mapping[str, str]) -> Iterator[str]:
    if one.needs:
        yield f"needs a {' and a '.join(_needed(one.needs))}"
    if one.after_attempts:
        yield f"only after {one.after_attempts} attempts to reach them"
    if one.track:
        yield f"goes to the nurture track {one.track}"
    if one.re_enter:
        wait = f" after {one.cool_down.days} days" if one.cool_down else ""
        often = f", {one.loops_max} times at most" if one.loops_max is not None else ""
        yield f"comes back to {names.get(one.re_enter, one.re_enter)}{wait}{often}"
    elif one.cool_down:
        yield f"rests for {one.cool_down.days} days"
    if not one.meets_sla:
        yield "does not keep the promise to answer"


def _needed(needs: Iterable[str]) -> list[str]:
    return [_NEEDS.get(one, one) for one in sorted(needs)]


def policies(edition: Edition | None) -> list[dict[str, Any]]:
    """Every promise: its time, whose calendar counts, what starts and keeps it, what follows when it is late."""
    return [_policy(one) for one in (edition.policies.values() if edition else ())]


def _policy(one: Policy) -> dict[str, Any]:
    questions = {"starts": one.start, "kept": one.stop, "void": one.cancel, "rests": one.pause, "anew": one.reset}
    return {
        "id": one.id,
        "name": one.name,
        "team": one.team,
        "promise": KINDS[one.kind],
        "attempts": one.attempts if one.attempts > 1 else None,
        "targets": [
            {"time": span_words(target.span), "when": _condition(target.when) if target.when else None}
            for target in one.targets
        ],
        "calendar": one.time(Situation()).name,
        "warnings": [_warned(warning) for warning in one.warnings],
        "conditions": {name: _condition(question) for name, question in questions.items() if question},
        "when_warned": [_action(action) for action in one.on_warning],
        "when_late": [_action(action) for action in one.on_breach],
    }


def span_words(span: Span) -> str:
    """An amount of time as people agree on it: `4 working hours`."""
    return f"{span.amount:,} {_UNITS[span.unit]}{'' if span.amount == 1 else 's'}"


def _warned(warning: Warned) -> str:
    return f"{span_words(warning.before)} before" if warning.before else f"at {warning.percent} % of the time"


def _action(action: Action) -> str:
    told: dict[ActionKind, str] = {
        ActionKind.NOTIFY: f"a message to {action.to}",
        ActionKind.TASK: f"a task for {'the owner' if action.to in ('', 'owner') else action.to}",
        ActionKind.REASSIGN: f"another owner{f' of {action.pool.name}' if action.pool else ''}",
        ActionKind.RETURN: f"back to marketing ({action.stage})",
        ActionKind.WEBHOOK: f"a call to {action.to}",
    }
    return told[action.kind]


def _condition(question: Question) -> dict[str, str]:
    return {"text": question.text, "words": in_words(question.text)}


def calendars(written: CalendarsWritten | None, today: date) -> list[dict[str, Any]]:
    """Every calendar: its zone, its hours, and the days of this year that are otherwise."""
    return [_calendar(name, one, today) for name, one in (written.named.items() if written else ())]


def _calendar(name: str, one: WorkingTime, today: date) -> dict[str, Any]:
    if one.together:
        return {"name": name, "zone": "", "together": list(one.together), "hours": [], "days": []}
    year = range(today.year, today.year + 1)
    week = [week for week in one.weeks if week.since is None or week.since <= today][-1]
    closed = [day for asked in one.holidays for day in closed_days(asked, year)]
    names = {day: told for asked in one.holidays for day, told in named_days(asked, year)}
    dated = sorted((day, hours) for day, hours in one.dated(year, closed).items() if day.year == today.year)
    days = [{"date": day.isoformat(), "name": names.get(day, ""), "hours": hours_words(hours)} for day, hours in dated]
    return {"name": name, "zone": one.zone, "together": [], "hours": list(_hours(week)), "days": days}


def _hours(week: Week) -> Iterator[dict[str, str]]:
    """Days in a row that have the same hours, together."""
    start = 0
    for day in range(1, len(DAYS) + 1):
        if day == len(DAYS) or week.days[day] != week.days[start]:
            named = DAYS[start] if day - start == 1 else f"{DAYS[start]} to {DAYS[day - 1]}"
            yield {"days": named, "hours": hours_words(week.days[start])}
            start = day


def hours_words(windows: Windows) -> str:
    """Hours of a day: `09:00 to 12:00, 13:00 to 17:00`."""
    if windows == ALL_DAY:
        return "all day"
    return ", ".join(f"{_clock(one.start)} to {_clock(one.end)}" for one in windows) or "closed"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
