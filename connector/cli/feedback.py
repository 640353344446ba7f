"""feedback list: what sales made of what marketing handed over."""

from __future__ import annotations

from typing import Any

import click

from connector.cli.frame import DONE, command, config_option, group, json_option, out, print_json
from connector.errors import Refused

_CLASSES = click.Choice(["reject", "disqualify", "recycle"])


@command(
    "list",
    "smarketing feedback list --waiting",
    "smarketing feedback list --since 30d --class reject",
    "smarketing feedback list --source PAID_SEARCH --json",
)
@config_option
@json_option
@click.option("--waiting", is_flag=True, help="Only handoffs without an answer.")
@click.option("--asked", is_flag=True, help="Only those whose answer lacks something that was asked for.")
@click.option("--answered", is_flag=True, help="Only those that were answered.")
@click.option("--reason", default="", help="Only this reason, by its id in feedback.yaml.")
@click.option("--class", "group", type=_CLASSES, help="Only reasons of this class.")
@click.option("--source", default="", help="Only people who came from there.")
@click.option("--persona", default="", help="Only this persona, by its id in personas.yaml.")
@click.option("--since", help="Only what was handed over since then: 2026-07-01, 30d.")
@click.option("--limit", default=20, show_default=True, help="The most handoffs to list; all are counted.")
def list_feedback(**chosen: Any) -> int:
    """Handoffs and their answers: reasons by class, and the accept rate by source and persona.

    Accepted / (accepted + rejected + expired): who was not answered in the time that sla.yaml promises counts against
    sales, and reasons that feedback.yaml excuses count for nobody. Longest waiting first. Calls no CRM.
    """
    from connector.cli import agreement, feedback_words  # noqa: PLC0415  # the help needs none of it
    from connector.cli.naming import moment  # noqa: PLC0415  # likewise
    from connector.reports.handoffs import Feedback, Wanted  # noqa: PLC0415  # likewise

    with agreement.agreed(chosen["config"], watch=not chosen["as_json"]) as opened:
        _check(opened, chosen)
        since = moment(chosen["since"], opened.now) if chosen["since"] else None
        who = (chosen["reason"], chosen["group"] or "", chosen["source"], chosen["persona"])
        found = Feedback(opened.agreement, opened.now, Wanted(_statuses(chosen), *who, since), chosen["limit"])
        for refs, entries in opened.people("reading handoffs"):
            found.take(refs, entries)
    if chosen["as_json"]:
        print_json(found.row())
    else:
        feedback_words.tell_feedback(out, found, opened)
    return DONE


def _statuses(chosen: dict[str, Any]) -> frozenset[str]:
    from connector.reports.handoffs import ASKED, STATUSES, WAITING  # noqa: PLC0415  # only here

    found = {WAITING} if chosen["waiting"] else set()
    found |= {ASKED} if chosen["asked"] else set()
    return frozenset(found | ({*STATUSES} - {WAITING, ASKED} if chosen["answered"] else set()))


def _check(opened: Any, chosen: dict[str, Any]) -> None:
    definition = opened.agreement.definition
    if definition.handoff is None:
        raise Refused("nobody is handed over: lifecycle.yaml names no `handoff`")
    reasons = definition.feedback.reasons if definition.feedback else {}
    if chosen["reason"] and chosen["reason"] not in reasons:
        raise Refused(f"there is no reason {chosen['reason']!r}; there are: {', '.join(reasons)}")
    personas = definition.personas.names if definition.personas else {}
    if chosen["persona"] and chosen["persona"] not in personas:
        raise Refused(f"there is no persona {chosen['persona']!r}; there are: {', '.join(personas) or 'none'}")


feedback = group(
    "feedback",
    "What sales made of what marketing handed over.\n\n"
    "Answers are given in Salesforce or HubSpot and read here: docs/feedback.md tells more.",
    list_feedback,
)
COMMANDS = (feedback,)
