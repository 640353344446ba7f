"""The story of a lead: form, score, handoff with a clock, and three endings that marketing reads on its own screen.

The acts are those of people (a form, a call, an answer, a date that comes); what follows from them is left to the
bridge, to whom nobody says what is going on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from demo_props import Demo, both_screens, edit, say, title

BORIS, CHEN = "boris.keller@seller.example", "chen.wei@seller.example"
MINUTES = "%Y-%m-%d %H:%M UTC"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+")

# What is told on both screens under its own name: label, HubSpot property, Salesforce field.
FIELDS = (
    ("persona", "smarketing_persona", "Smarketing_Persona__c"),
    ("why", "", "Smarketing_Why__c"),
    ("touches", "", "Smarketing_Touches__c"),
    ("promise", "smarketing_sla_policy", "Smarketing_SLA_Policy__c"),
    ("it is", "smarketing_sla_state", "Smarketing_SLA_State__c"),
    ("due", "smarketing_sla_due", "Smarketing_SLA_Due__c"),
    ("late since", "smarketing_sla_breached_since", "Smarketing_SLA_Breached_Since__c"),
    ("feedback", "smarketing_feedback_status", "Smarketing_Feedback_Status__c"),
    ("answer", "smarketing_answer", "Smarketing_Answer__c"),
    ("reason", "smarketing_reason", "Smarketing_Reason__c"),
    ("its class", "smarketing_reason_class", ""),
    ("comment", "smarketing_comment", "Smarketing_Comment__c"),
    ("answered by", "smarketing_feedback_by", ""),
    ("comes back", "smarketing_recycle_on", "Smarketing_Revisit_On__c"),
    ("times back", "smarketing_loops", ""),
)


@dataclass(frozen=True)
class Lead:
    """Somebody who filled in the form: their contact, and their Lead once the bridge has made it."""

    name: str
    email: str
    contact: str
    record: str = ""


def agree(place: Path) -> None:
    """What an admin writes once both teams have agreed: who takes turns, who is an MQL, who is told when."""
    edit(
        place / "config.yaml", ("#notifications:\n#  sales:\n#    url: env:", "notifications:\n  sales:\n    url: env:")
    )
    edit(
        place / "mappings" / "lifecycle.yaml",
        ("      # criteria: hubspot.hubspotscore", "      criteria: hubspot.hubspotscore"),
        ("    pools: {}\n", f"    pools:\n      sales: {{owners: [{BORIS}, {CHEN}]}}\n"),
        ("    # fallback: Inbound Queue", "    fallback: sales"),
    )
    edit(
        place / "mappings" / "sla.yaml",
        (
            '      # on_warning:\n      #   - notify: sales\n      #     text: "',
            '      on_warning:\n        - notify: sales\n          text: "',
        ),
        (
            "      # on_breach:\n      #   - notify: sales\n      #   - reassign: sales               # a pool",
            "      on_breach:\n        - notify: sales\n        - reassign: sales                 # a pool",
        ),
        ("      #     cap: 1", "          cap: 1"),
    )
    edit(
        place / "mappings" / "objectives.yaml",
        ("stage: mql, enough: 10}\n      # n", "stage: mql, enough: 2}\n      # n"),
    )


def tell(demo: Demo, monday: datetime) -> None:
    """All of it; `monday` is a working day's midnight, UTC."""
    accepted, forgotten, rejected = handed_over(demo, monday)
    answers(demo, monday, accepted, rejected)
    nobody_calls(demo, monday, forgotten)
    what_it_came_to(demo)
    comes_back(demo, monday, rejected)


def handed_over(demo: Demo, monday: datetime) -> list[Lead]:
    """Three forms, three scores, three handoffs."""
    title("5  Monday, 09:00: three people ask for a demo")
    demo.wait_until(monday + timedelta(hours=9))
    leads = [
        fills_in_the_form(demo, *who)
        for who in (
            ("Nadia", "Brandt", "Head of Marketing", "Brandt Optics"),
            ("Tomas", "Lind", "Chief Technology Officer", "Lind Robotics"),
            ("Ruth", "Okoye", "Sales Director", "Okoye Foods"),
        )
    ]
    say("A form in HubSpot, then HubSpot's score: 86. lifecycle.yaml says from 80 on they are MQLs.")
    demo.wait_for_search()
    demo.run("sync")
    leads = [found(demo, one) for one in leads]
    screens(demo, leads[1])
    demo.run("sla", "list", "--policy", "first_touch")
    return leads


def fills_in_the_form(demo: Demo, first: str, last: str, job: str, company: str) -> Lead:
    """A contact of HubSpot's own making, and the score that follows."""
    email = f"{first}@{'-'.join(company.split())}.example".lower()
    properties = {"email": email, "firstname": first, "lastname": last, "jobtitle": job, "company": company}
    made = demo.act("hubspot", "create", object="contacts", properties={**properties, "lifecyclestage": "lead"})
    scored = {"hubspotscore": "86", "hs_analytics_source": "PAID_SEARCH"}
    demo.act("hubspot", "calculate", object="contacts", id=made["id"], properties=scored)
    return Lead(f"{first} {last}", email, made["id"])


def found(demo: Demo, one: Lead) -> Lead:
    """Where the bridge has put them in Salesforce."""
    return Lead(one.name, one.email, one.contact, demo.contact(one.contact)["salesforce_record_id"])


def answers(demo: Demo, monday: datetime, accepted: Lead, rejected: Lead) -> None:
    """One is called and accepted, one rejected with a reason."""
    title("6  10:16: one is called and accepted, one rejected with a reason")
    demo.wait_until(monday + timedelta(hours=10, minutes=16))
    demo.act("salesforce", "log_call", who=accepted.record)
    as_owner(demo, accepted, {"Smarketing_Answer__c": "Accepted"})
    say(f"{accepted.name}: the rep logs a call in Salesforce and answers Accepted.")
    again = returns_on(monday).isoformat()
    answer = {
        "Smarketing_Answer__c": "Rejected",
        "Smarketing_Reason__c": "No need",
        "Smarketing_Comment__c": "They test another vendor until next week",
        "Smarketing_Revisit_On__c": again,
    }
    as_owner(demo, rejected, answer)
    say(f"{rejected.name}: the rep answers Rejected, No need, to be looked at again on {again}.")
    demo.wait_for_search()
    demo.run("sync")
    for one in (accepted, rejected):
        screens(demo, one)
    demo.run("sla", "show", f"salesforce:Lead:{accepted.record}")


def as_owner(demo: Demo, one: Lead, values: dict[str, str]) -> None:
    """The rep whose lead it is edits it."""
    demo.act("salesforce", "edit", id=one.record, values=values, user=demo.lead(one.record)["OwnerId"])


def nobody_calls(demo: Demo, monday: datetime, forgotten: Lead) -> None:
    """A warning, a breach, another rep."""
    title(f"7  Nobody calls {forgotten.name}: 12:10, three of the four hours are over")
    demo.wait_until(monday + timedelta(hours=12, minutes=10))
    demo.run("sync")
    demo.read_aloud()
    demo.run("sla", "list", "--policy", "first_touch")
    title("8  13:10: the promise is broken")
    demo.wait_until(monday + timedelta(hours=13, minutes=10))
    demo.run("sync")
    demo.read_aloud()
    say("Another rep has the lead now, and a task that says so.")
    screens(demo, forgotten)
    demo.run("sla", "show", f"salesforce:Lead:{forgotten.record}")


def what_it_came_to(demo: Demo) -> None:
    """The numbers both teams look at."""
    title("9  What it came to: the weekly look")
    demo.run("feedback", "list")
    demo.run("objectives")


def comes_back(demo: Demo, monday: datetime, rejected: Lead) -> None:
    """The revisit date arrives."""
    title(f"10  {returns_on(monday)}: {rejected.name} comes back by herself")
    demo.wait_until(monday + timedelta(days=8, hours=9))
    demo.run("sync")
    demo.read_aloud()
    screens(demo, rejected)
    demo.run("why", rejected.email, "lifecyclestage")


def returns_on(monday: datetime) -> date:
    """The day the rep names."""
    return (monday + timedelta(days=8)).date()


def screens(demo: Demo, one: Lead) -> None:
    """The fields by which the two teams tell each other things, as both have them on their screens."""
    contact, lead = demo.contact(one.contact), demo.lead(one.record)
    stage = " + ".join(filter(None, (contact.get("lifecyclestage"), contact.get("hs_lead_status"))))
    owner = contact.get("hubspot_owner_id")
    rows = [(label, shown(contact.get(ours)), shown(lead.get(theirs))) for label, ours, theirs in FIELDS]
    both_screens(
        one.name,
        [
            ("stage", stage, shown(lead["HubSpot_Lifecycle_Stage__c"])),
            ("owner", demo.owner(owner) if owner else "", demo.user(lead["OwnerId"])),
            *rows[:3],
            ("tasks", "", "\n".join(demo.tasks(one.record))),
            *rows[3:],
        ],
    )


def shown(value: Any) -> str:
    """A value as a screen prints it."""
    text = "" if value is None else str(value)
    return f"{datetime.fromisoformat(text):{MINUTES}}" if MOMENT.fullmatch(text) else text
