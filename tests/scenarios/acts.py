"""What can happen in a story: what people do on the CRMs' screens, what time and the wire do. See also passes.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from connector.core.refs import Ref, Side
from tests.scenarios.stage import Person, Stage, write_agreement, write_mapping
from tests.scenarios.stories import Line
from tests.scenarios.vocabulary import Vocabulary

acts = Vocabulary("given and when")
HUBSPOT, SALESFORCE = Side.HUBSPOT, Side.SALESFORCE


# people at work


@acts.phrase("marketer adds NAME", details=True)
def _marketer_adds(stage: Stage, line: Line, name: str) -> None:
    made = stage.act(HUBSPOT, "create", object="contacts", properties=stage.values(HUBSPOT, line.details))
    stage.people.setdefault(name, Person()).places[HUBSPOT] = ("contacts", made["id"])
    stage.pass_time()


@acts.phrase("rep adds OBJECT NAME", details=True)
def _rep_adds(stage: Stage, line: Line, obj: str, name: str) -> None:
    usual = {"LastName": name, **({"Company": "Acme"} if obj == "lead" else {})}
    values = {**usual, **stage.values(SALESFORCE, line.details)}
    made = stage.act(SALESFORCE, "create", sobject=obj.title(), values=values)
    stage.people.setdefault(name, Person()).places[SALESFORCE] = (obj.title(), made["id"])
    stage.pass_time()


@acts.phrase("marketer edits NAME", details=True)
def _marketer_edits(stage: Stage, line: Line, name: str) -> None:
    obj, one = stage.place(name, HUBSPOT)
    stage.act(HUBSPOT, "edit", object=obj, id=one, properties=stage.values(HUBSPOT, line.details))
    stage.pass_time()


@acts.phrase("rep edits NAME", details=True)
def _rep_edits(stage: Stage, line: Line, name: str) -> None:
    stage.act(SALESFORCE, "edit", id=stage.place(name, SALESFORCE)[1], values=stage.values(SALESFORCE, line.details))
    stage.pass_time()


@acts.phrase("marketer archives NAME")
def _marketer_archives(stage: Stage, _: Line, name: str) -> None:
    stage.pin(name)
    obj, one = stage.place(name, HUBSPOT)
    stage.act(HUBSPOT, "archive", object=obj, id=one)
    stage.pass_time()


@acts.phrase("marketer restores NAME")
def _marketer_restores(stage: Stage, _: Line, name: str) -> None:
    obj, one = stage.place(name, HUBSPOT)
    stage.act(HUBSPOT, "restore", object=obj, id=one)
    stage.pass_time()


@acts.phrase("marketer erases NAME")
def _marketer_erases(stage: Stage, _: Line, name: str) -> None:
    stage.pin(name)
    stage.act(HUBSPOT, "erase", id=stage.place(name, HUBSPOT)[1])
    stage.pass_time()


@acts.phrase("marketer merges OTHER into NAME")
def _marketer_merges(stage: Stage, _: Line, other: str, name: str) -> None:
    stage.pin(name)
    stage.pin(other)
    (obj, one), (_, two) = stage.place(name, HUBSPOT), stage.place(other, HUBSPOT)
    survivor = stage.act(HUBSPOT, "merge", object=obj, primary=one, other=two)
    for each in (name, other):
        stage.people[each].places[HUBSPOT] = (obj, survivor["id"])
    stage.pass_time()


@acts.phrase("rep deletes NAME")
def _rep_deletes(stage: Stage, _: Line, name: str) -> None:
    stage.pin(name)
    stage.act(SALESFORCE, "delete", id=stage.place(name, SALESFORCE)[1])
    stage.pass_time()


@acts.phrase("rep deletes NAME for good")
def _rep_deletes_for_good(stage: Stage, _: Line, name: str) -> None:
    stage.pin(name)
    stage.act(SALESFORCE, "hard_delete", id=stage.place(name, SALESFORCE)[1])
    stage.pass_time()


@acts.phrase("rep undeletes NAME")
def _rep_undeletes(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "undelete", id=stage.place(name, SALESFORCE)[1])
    stage.pass_time()


@acts.phrase("rep merges OTHER into NAME")
def _rep_merges(stage: Stage, _: Line, other: str, name: str) -> None:
    stage.pin(name)
    stage.pin(other)
    survivor = stage.place(name, SALESFORCE)
    stage.act(SALESFORCE, "merge", ids=[survivor[1], stage.place(other, SALESFORCE)[1]])
    stage.people[other].places[SALESFORCE] = survivor
    stage.pass_time()


@acts.phrase("rep converts NAME", details=None)
def _rep_converts(stage: Stage, line: Line, name: str) -> None:
    stage.pin(name)
    made = stage.act(SALESFORCE, "convert_lead", id=stage.place(name, SALESFORCE)[1], **(line.details or {}))
    contact = next(value for value in made.values() if str(value).startswith("003"))
    stage.people[name].places[SALESFORCE] = ("Contact", contact)
    stage.pass_time()


@acts.phrase("admin of SIDE does ACT", details=True)
def _admin(stage: Stage, line: Line, side: str, name: str) -> None:
    stage.act(Side(side), name, **stage.values(Side(side), line.details) if side == "salesforce" else line.details)
    stage.pass_time()


@acts.phrase("admin of SIDE sets", details=True)
def _settings(stage: Stage, line: Line, side: str) -> None:
    settings = stage.world.store(side).settings
    for name, value in line.details.items():
        if not hasattr(settings, name):
            raise LookupError(f"{side} has no setting {name}")
        setattr(settings, name, value)


@acts.phrase("admin edits the mapping", details=True)
def _mapping(stage: Stage, line: Line) -> None:
    write_mapping(stage.config.parent, line.details)


@acts.phrase("NUMBER people are added on SIDE", details=True)
def _many(stage: Stage, line: Line, number: str, side: str) -> None:
    """Person1, Person2, ...: `#` in a text becomes the number."""
    for count in range(1, int(number) + 1):
        values = {key: str(value).replace("#", str(count)) for key, value in line.details.items()}
        name = f"Person{len(stage.people) + 1}"
        if side == "hubspot":
            made = stage.act(HUBSPOT, "create", object="contacts", properties=values)
            stage.people[name] = Person({HUBSPOT: ("contacts", made["id"])})
        else:
            made = stage.act(
                SALESFORCE, "create", sobject="Lead", values={"LastName": name, "Company": "Acme", **values}
            )
            stage.people[name] = Person({SALESFORCE: ("Lead", made["id"])})
    stage.pass_time()


@acts.phrase("everybody changes on SIDE in one moment", details=True)
def _everybody(stage: Stage, line: Line, side: str) -> None:
    if side == "hubspot":
        ((name, value),) = line.details.items()
        stage.act(HUBSPOT, "bulk_touch", object="contacts", property=name, value=value)
    else:
        stage.act(SALESFORCE, "mass_update", sobject="Lead", where="Id != null", values=line.details)
    stage.pass_time()


# time and the wire


@acts.phrase("advance NUMBER UNIT")
def _advance(stage: Stage, _: Line, number: str, unit: str) -> None:
    stage.clock.advance(timedelta(**{unit.rstrip("s") + "s": int(number)}).total_seconds())


@acts.phrase("at the same moment", details=True)
def _at_once(stage: Stage, line: Line) -> None:
    stage.still = True
    run(stage, line.details)
    stage.still = False
    stage.pass_time()


@acts.phrase("lose the answer of the next write to SIDE")
def _lose(stage: Stage, _: Line, side: str) -> None:
    _lost(stage, side, 1.0, 1)


@acts.phrase("lose NUMBER of 100 answers to writes")
def _lose_some(stage: Stage, _: Line, share: str) -> None:
    for side in Side:
        _lost(stage, side.value, int(share) / 100, None)


def _lost(stage: Stage, side: str, rate: float, times: int | None) -> None:
    """Answers of writes are lost after the commit; sign-in, searches and reads have POSTs of their own."""
    writes = r"/batch/(create|update|upsert|archive)|/objects/(2026-\d\d/)?contacts$|composite|/sobjects/|/jobs/ingest"
    stage.fault(kind="reset", side=side, path=writes, rate=rate, times=times, after_commit=True)


@acts.phrase("calls to SIDE go wrong", details=True)
def _wrong(stage: Stage, line: Line, side: str) -> None:
    stage.fault(side=side, **line.details)


@acts.phrase("the wire is mended")
def _mended(stage: Stage, _: Line) -> None:
    stage.world.services.faults.clear()


@acts.phrase("before the next write to SIDE", details=True)
def _meanwhile(stage: Stage, line: Line, side: str) -> None:
    """Steps that happen while the bridge is between reading and writing."""
    stage.interruptions[Side(side)] = lambda: run(stage, line.details)


def ref_of(stage: Stage, name: str) -> Ref:
    """Where the bridge knows a person, HubSpot first."""
    try:
        return Ref(HUBSPOT, *stage.place(name, HUBSPOT))
    except LookupError:
        return Ref(SALESFORCE, *stage.place(name, SALESFORCE))


def run(stage: Stage, lines: tuple[Line, ...]) -> None:
    """Carry out steps one after the other; all are understood before the first is done."""
    steps: list[Callable[[Stage], None]] = [understood(line) for line in lines]
    for step in steps:
        step(stage)


def understood(line: Line) -> Callable[[Stage], None]:
    """A step, with the steps inside it understood too."""
    for inner in line.details if isinstance(line.details, tuple) else ():
        understood(inner)
    return acts.understand(line)


# reps and leads in touch


@acts.phrase("rep calls NAME")
def _rep_calls(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "log_call", who=stage.place(name, SALESFORCE)[1])
    stage.pass_time()


@acts.phrase("NAME calls the rep")
def _calls_the_rep(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "log_call", who=stage.place(name, SALESFORCE)[1], direction="Inbound")
    stage.pass_time()


@acts.phrase("rep mails NAME")
def _rep_mails(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "send_email", who=stage.place(name, SALESFORCE)[1])
    stage.pass_time()


@acts.phrase("a machine of SIDE mails NAME")
def _machine_mails(stage: Stage, _: Line, side: str, name: str) -> None:
    whom = "who" if side == "salesforce" else "contact"
    stage.act(Side(side), "send_email", **{whom: stage.place(name, Side(side))[1]}, automated=True)
    stage.pass_time()


@acts.phrase("rep meets NAME in hubspot")
def _rep_meets(stage: Stage, _: Line, name: str) -> None:
    owner = stage.owner(HUBSPOT, "kim.sales@example.test")
    stage.act(HUBSPOT, "hold_meeting", contact=stage.place(name, HUBSPOT)[1], owner=owner)
    stage.pass_time()


@acts.phrase("rep opens a deal with NAME")
def _opens_deal(stage: Stage, _: Line, name: str) -> None:
    made = stage.act(SALESFORCE, "open_deal", contact=stage.place(name, SALESFORCE)[1], name=f"Deal with {name}")
    stage.deals[name] = made["id"]
    stage.pass_time()


@acts.phrase("rep wins the deal with NAME")
def _wins_deal(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "close_deal", id=stage.deals[name])
    stage.pass_time()


@acts.phrase("rep loses the deal with NAME")
def _loses_deal(stage: Stage, _: Line, name: str) -> None:
    stage.act(SALESFORCE, "close_deal", id=stage.deals[name], won=False)
    stage.pass_time()


@acts.phrase("both teams agree anew", details=True)
def _agree_anew(stage: Stage, line: Line) -> None:
    write_agreement(stage.config.parent / "mappings", line.details)
    stage.pass_time()
