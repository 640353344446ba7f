"""What marketers and reps do with people who are handed over: stages, scores, answers, activities, deals.

Marketers move stages in HubSpot, which takes a step back only after clearing; reps answer in either CRM, completely or
not, correct themselves, and log what they did. Some of it is lawful by what was agreed on, and some is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.core.refs import Side
from connector.sandbox.salesforce.people import REASONS
from tests.simulation.messages import FINE, MANNERS
from tests.simulation.people.fields import owners
from tests.simulation.people.screens import Person, does, edit, make, pair, some_side, somebody, token
from tests.simulation.stage import Stage
from tests.simulation.watched import Touch

SPELT: Mapping[str, Mapping[str, str | None]] = {  # a stage as marketers set it
    "subscriber": {"lifecyclestage": "subscriber"},
    "lead": {"lifecyclestage": "lead"},
    "mql": {"lifecyclestage": "marketingqualifiedlead"},
    "sal": {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "OPEN"},
    "sql": {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": None},
    "opportunity": {"lifecyclestage": "opportunity"},
    "customer": {"lifecyclestage": "customer"},
    "evangelist": {"lifecyclestage": "evangelist"},
    "recycled": {"lifecyclestage": "lead", "hs_lead_status": "BAD_TIMING"},
    "disqualified": {"lifecyclestage": "other", "hs_lead_status": "UNQUALIFIED"},
}
LABELS = {
    **{stage: stage.title() for stage in SPELT},
    **{stage: stage.upper() for stage in ("mql", "sal", "sql")},
}
STAGE = "HubSpot_Lifecycle_Stage__c"
FIRST = ("subscriber", "lead", "lead", "mql")
ANSWER, REASON = "Smarketing_Answer__c", "Smarketing_Reason__c"
COMMENT, REVISIT = "Smarketing_Comment__c", "Smarketing_Revisit_On__c"
IN_HUBSPOT = {
    ANSWER: "smarketing_answer",
    REASON: "smarketing_reason",
    COMMENT: "smarketing_comment",
    REVISIT: "smarketing_revisit_on",
}
VERDICTS = ("Accepted", "Rejected", "Recycled", "Disqualified")
FITS = {
    "Rejected": ("duplicate", "not_a_fit", "no_need", "junk"),
    "Recycled": ("no_budget", "no_authority", "no_need"),
    "Disqualified": ("bad_data", "duplicate", "junk"),
}
SCORES = ("10", "79", "80", "95", "")


def hands_over(stage: Stage) -> str | None:
    """A marketer finds that somebody is worth a rep's time."""
    person = somebody(stage, Side.HUBSPOT)
    return person and _sets(stage, person, "mql", clears=stage.dice.random() < 0.3)  # rarely needed


def arrives_as_mql(stage: Stage) -> str | None:
    """A form makes somebody an MQL at once."""
    email = f"{token(stage)}@x.test"
    values = {"email": email, "lastname": token(stage), "firstname": token(stage), **SPELT["mql"]}
    return f"{email} arrives as an MQL: {make(stage, Side.HUBSPOT, 'contacts', values) or 'no'}"


def moves(stage: Stage) -> str | None:
    """A marketer sets any stage, lawful or not, with or without clearing first."""
    person = somebody(stage, Side.HUBSPOT)
    return person and _sets(stage, person, stage.dice.choice(sorted(SPELT)), clears=stage.dice.random() < 0.6)  # either


def moves_in_salesforce(stage: Stage) -> str | None:
    """A rep sets any stage, lawful or not, or clears it."""
    person = somebody(stage, Side.SALESFORCE)
    label = stage.dice.choice((*sorted(LABELS.values()), "SAL", "SQL", None))
    return person and edit(stage, person, {STAGE: label})


def moves_both(stage: Stage) -> str | None:
    """A marketer and a rep move the same person, moments apart."""
    people = pair(stage)
    if people is None:
        return None
    said = []
    for person in stage.dice.sample(people, 2):
        name = stage.dice.choice(sorted(SPELT))
        if person.side is Side.HUBSPOT:
            said.append(_sets(stage, person, name, clears=True))
        else:
            said.append(edit(stage, person, {STAGE: LABELS[name]}))
        stage.clock.advance(stage.dice.choice((0.0, 0.5, 3.0)))
    return "; ".join(said)


def _sets(stage: Stage, person: Person, name: str, *, clears: bool) -> str:
    cleared = f"{edit(stage, person, {'lifecyclestage': None})}; " if clears else ""
    return f"{cleared}{edit(stage, person, dict(SPELT[name]))}"


def scores(stage: Stage) -> str | None:
    """HubSpot scores somebody anew, or a marketer edits their title: what the rep was told is no longer all."""
    person = somebody(stage, Side.HUBSPOT)
    if person is None:
        return None
    if stage.dice.random() < 0.4:  # less often
        return edit(stage, person, {"jobtitle": token(stage)})
    score = stage.dice.choice(SCORES)
    does(stage, Side.HUBSPOT, "calculate", object="contacts", id=person.id, properties={"hubspotscore": score})
    return f"hubspot {person.id} scores {score or 'nothing'}"


def answers(stage: Stage) -> str | None:
    """A rep answers as it should be."""
    person, verdict = _asked(stage), stage.dice.choice((*VERDICTS, "Accepted"))
    given: dict[str, Any] = {ANSWER: verdict, COMMENT: token(stage)}
    if verdict != "Accepted":
        given[REASON] = REASONS[stage.dice.choice(FITS[verdict])]
    return person and _answers(stage, person, given)


def answers_badly(stage: Stage) -> str | None:
    """A rep leaves something out, or gives a reason that does not fit, or a date that is past."""
    person, verdict = _asked(stage), stage.dice.choice(VERDICTS)
    reason = stage.dice.choice((None, *sorted(REASONS.values())))
    revisit = stage.dice.choice((None, "2026-10-01", "2026-12-24", "2027-02-01"))
    return person and _answers(stage, person, {ANSWER: verdict, REASON: reason, REVISIT: revisit})


def corrects(stage: Stage) -> str | None:
    """A rep fills in what was missing, or thinks again about one part."""
    person = _asked(stage)
    part, value = stage.dice.choice(
        (
            (ANSWER, stage.dice.choice(VERDICTS)),
            (REASON, REASONS[stage.dice.choice(sorted(REASONS))]),
            (COMMENT, token(stage)),
            (REVISIT, "2026-11-30"),
        )
    )
    return person and _answers(stage, person, {part: value})


def clears_answer(stage: Stage) -> str | None:
    """A rep takes an answer back, or empties a part of it."""
    person = _asked(stage)
    part = stage.dice.choice((ANSWER, ANSWER, REASON, COMMENT))
    return person and _answers(stage, person, {part: None})


def _asked(stage: Stage) -> Person | None:
    """Mostly a rep in Salesforce; HubSpot takes answers as well."""
    return somebody(stage, Side.SALESFORCE if stage.dice.random() < 0.75 else Side.HUBSPOT)  # mostly


def _answers(stage: Stage, person: Person, given: Mapping[str, Any]) -> str:
    if person.side is Side.SALESFORCE:
        return edit(stage, person, given)
    ids = {label: one for one, label in REASONS.items()}
    told = {IN_HUBSPOT[name]: _in_hubspot(name, value, ids) for name, value in given.items()}
    return edit(stage, person, told)


def _in_hubspot(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if name == ANSWER and value:
        return str(value).lower()
    return ids.get(value, value) if name == REASON else value


Touching = tuple[str, Mapping[str, Any], bool]  # which act, with what, and whether it keeps a promise
IN_TOUCH: Mapping[Side, tuple[Touching, ...]] = {
    Side.HUBSPOT: (
        ("log_call", {}, True),
        ("log_call", {"direction": "INBOUND"}, False),
        ("send_email", {}, True),
        ("send_email", {"automated": True}, False),
        ("send_email", {"direction": "INCOMING_EMAIL"}, False),
        ("hold_meeting", {}, True),
    ),
    Side.SALESFORCE: (
        ("log_call", {}, True),
        ("log_call", {"direction": "Inbound"}, False),
        ("send_email", {}, True),
        ("send_email", {"automated": True}, False),
        ("hold_meeting", {}, True),
    ),
}


def touches(stage: Stage) -> str | None:
    """A rep is in touch with somebody, or they with us, or software is: on either side."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    doing, more, keeps = stage.dice.choice(IN_TOUCH[person.side])
    keeps = keeps and person.values.get("OwnerId") != stage.world.salesforce.bridge_user  # in whose name it is
    whom = {"contact" if person.side is Side.HUBSPOT else "who": person.id}
    done = does(stage, person.side, doing, **whom, **more)
    if done:
        skew = stage.world.services.skews.get(person.side.value, timedelta())
        now = stage.clock.now()
        stage.witness.touches.append(Touch(now, now + skew, person.side, person.id, keeps))
    return f"{doing} {dict(more) or ''} with {person.side.value} {person.id}: {done or 'no'}"


def gives_to(stage: Stage) -> str | None:
    """A rep's manager gives somebody to another user."""
    person = somebody(stage, Side.SALESFORCE)
    return person and edit(stage, person, {"OwnerId": stage.dice.choice(owners(stage, Side.SALESFORCE))})


def opens_deal(stage: Stage) -> str | None:
    """A deal is opened with somebody."""
    side = some_side(stage)
    person = somebody(stage, side, "" if side is Side.HUBSPOT else "Contact")
    done = person and does(stage, side, "open_deal", contact=person.id, name=token(stage))
    if person is None or not done:
        return None
    stage.deals.append((side, str(done["id"])))
    return f"a deal with {side.value} {person.id} is opened: {done['id']}"


def closes_deal(stage: Stage) -> str | None:
    """A deal is won or lost."""
    if not stage.deals:
        return None
    side, deal = stage.dice.choice(stage.deals)
    won = stage.dice.random() < 0.5  # even
    done = does(stage, side, "close_deal", id=deal, won=won)
    return f"{side.value} deal {deal} is {'won' if won else 'lost'}{'' if done else ' (refused)'}"


def hours_pass(stage: Stage) -> str | None:
    """Nothing happens for some hours."""
    hours = stage.dice.choice((0.3, 1.1, 4.0, 16.0))
    stage.clock.advance(hours * 3600)
    return f"{hours} hours pass"


def room_changes(stage: Stage) -> str | None:
    """The chat room and the address are closed, go silent, or are fine again."""
    stage.manner = stage.dice.choice(sorted(MANNERS))
    stage.endings["chat room and address are fine"] = lambda: setattr(stage, "manner", FINE)
    return f"chat room and address: {stage.manner}"
