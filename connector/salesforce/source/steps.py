"""What a person does with the folder, step by step, each with what one sees when it is done.

Told for what is really in it: who receives no outbound messages is told of none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from connector.salesforce.source.asked import SECRET, USER, Asked, Component
from connector.salesforce.source.fields import field_type, label
from connector.salesforce.source.permissions import INTEGRATION, REP_VIEW, by_hand
from connector.wanted import Audience, ByHand, Section, Wanted

DEPLOY: Final = "sf project deploy start --source-dir force-app --target-org ORG"
TITLES: Final = {
    Section.FEEDBACK: "Sales feedback",
    Section.SLA: "SLA",
    Section.HANDOFF: "Why this lead",
    Section.PROFILE: "From HubSpot",
    Section.IDS: "Bridge",
}
CHECKED: Final = (
    "Checked where this was written: each file is well-formed XML, and manifest/package.xml names what is there and "
    "nothing else. No org was asked: whether yours takes it is what the dry run of step 1 finds out."
)


def steps(asked: Asked, components: Sequence[Component]) -> tuple[ByHand, ...]:
    """Every step, in order."""
    return (
        _deployed(asked),
        _assigned(),
        *_granted(asked),
        *_laid_out(asked),
        *_converted(asked),
        *_viewed(components),
        *_noticed(asked),
        _checked(),
    )


def beside_setup(asked: Asked) -> tuple[ByHand, ...]:
    """What a person does after `smarketing setup salesforce` has made everything that an API makes."""
    return (*_granted(asked), *_dynamic(asked), *_noticed(asked))


def readme(told: Iterable[ByHand]) -> str:
    """The steps for people who open the folder."""
    lines = [
        "# Salesforce, as the Smarketing Bridge needs it",
        "",
        "Written by `smarketing setup salesforce --source`. To change it, edit the mappings and write it anew.",
        CHECKED,
        "",
        "Nothing here replaces a layout, a record page or a profile of yours, and no field is deleted. A field that",
        "your org has already under one of these names becomes what it is here: if yours is another, give the bridge's",
        "another name in the YAML first.",
    ]
    for number, one in enumerate(told, start=1):
        lines += ["", f"## {number}. {one.title}", ""]
        lines += [f"- {step}" for step in one.steps]
        lines += ["", f"Done when: {one.success}"]
    return "\n".join([*lines, ""])


def _deployed(asked: Asked) -> ByHand:
    placeholders = [SECRET, *(() if asked.user else (USER,))] if asked.notices else []
    exports = tuple(f"Set the environment variable {name}: {_MEANT[name]}" for name in placeholders)
    return ByHand(
        "Deploy it, to a sandbox org first",
        (
            "In this folder, sign in once: sf org login web --alias ORG",
            *exports,
            f"Ask the org whether it would take it, changing nothing: {DEPLOY} --dry-run",
            f"Then: {DEPLOY}",
        ),
        "The command ends with 'Status: Succeeded', and does so a second time.",
    )


_MEANT: Final = {
    SECRET: "the secret that webhooks.salesforce.outbound_secrets of config.yaml names; it is written into the address "
    "of the messages while they are deployed, and into no file",
    USER: "the user name of the bridge's user",
}


def _assigned() -> ByHand:
    return ByHand(
        "Give the permission sets",
        (
            f"The bridge's user: sf org assign permset --name {INTEGRATION} --on-behalf-of USERNAME --target-org ORG",
            f"Every rep and sales manager: the same with --name {REP_VIEW}",
            "The set lets the bridge see all records, and edit those that sharing lets it edit",
            "Where records are private to their owners, give its user the right to edit them by a sharing rule",
        ),
        "Setup > Permission Sets > Smarketing Integration > Manage Assignments shows one user: the bridge's.",
    )


def _granted(asked: Asked) -> Iterator[ByHand]:
    names = by_hand(asked)
    if names:
        yield ByHand(
            "Grant fields that only your org knows",
            (
                f"The mappings also speak of: {', '.join(names)}",
                "Give the bridge's user Read and Edit on those, in a permission set of your own",
            ),
            "`smarketing check` misses none of them.",
        )


def _laid_out(asked: Asked) -> Iterator[ByHand]:
    for obj in asked.objects:
        shown = [one for one in asked.on(obj) if Audience.REPS in one.shown_to]
        if shown:
            yield ByHand(
                f"Two minutes: show the fields on the page of {obj}",
                (
                    f"Setup > Object Manager > {obj} > Page Layouts: open the layout that reps have",
                    *_sections(shown),
                    "Save",
                    "A page with Dynamic Forms ignores the layout: there, add a field section in Lightning App Builder",
                ),
                f"A rep with the permission set {REP_VIEW} opens a record of {obj}, sees the sections, and can edit "
                "only the fields that their answer is given in.",
            )


def _dynamic(asked: Asked) -> Iterator[ByHand]:
    """Pages that ignore layouts, which nobody outside can put a field on without replacing them."""
    shown = [one for one in asked.wanted if Audience.REPS in one.shown_to]
    if shown:
        titles = [TITLES[section] for section in Section if any(one.section is section for one in shown)]
        objects = ", ".join(dict.fromkeys(one.object for one in shown))
        yield ByHand(
            "Pages with Dynamic Forms, if there are any (they ignore the layouts)",
            (
                f"Setup > Lightning App Builder: open the record page of {objects}",
                "Only if single fields stand on it: add a field section for each of " + ", ".join(map(repr, titles)),
                "Put the same fields into it that the layouts show; save and activate",
            ),
            f"A rep who has {REP_VIEW} opens a record and sees the sections.",
        )


def _sections(shown: Sequence[Wanted]) -> Iterator[str]:
    for section in Section:
        names = ", ".join(label(one) for one in shown if one.section is section)
        if names:
            yield f"Drag in a section '{TITLES[section]}' and put into it: {names}"


def handed_over(asked: Asked) -> list[Wanted]:
    """The fields that a converted Lead hands to the field of the same name of its Contact."""
    there = {one.name: one for one in asked.on("Contact")}
    return [one for one in asked.on("Lead") if one.name in there and _alike(one, there[one.name])]


def _converted(asked: Asked) -> Iterator[ByHand]:
    pairs = handed_over(asked)
    if pairs:
        yield ByHand(
            "Let a converted Lead hand its fields to the Contact",
            (
                "Setup > Object Manager > Lead > Fields & Relationships > Map Lead Fields, tab Contact",
                *(f"Map {label(one)} ({one.name}) to the field of the same name" for one in pairs),
                "Save",
            ),
            "Convert a test Lead: the new Contact has its HubSpot id. Without this the bridge has to recognise the "
            "Contact anew, and what sales answered stays on the Lead.",
        )


def _alike(one: Wanted, other: Wanted) -> bool:
    """Whether Salesforce lets the one be mapped to the other: the same type, and room for it."""
    return field_type(one) == field_type(other) and (one.length or 0) <= (other.length or 0)


def _viewed(components: Iterable[Component]) -> Iterator[ByHand]:
    names = sorted(one.member for one in components if one.type == "ListView")
    if names:
        yield ByHand(
            "Look at the list views",
            (f"Open the tabs and pick them from the list: {', '.join(names)}", "Pin the one you work from"),
            "Everybody finds them; who is handed over stands in 'Waiting for feedback' until sales has answered.",
        )


def _noticed(asked: Asked) -> Iterator[ByHand]:
    if asked.notices:
        yield ByHand(
            "See that changes are told",
            (
                "Setup > Flows: those named Smarketing are active",
                "A production org may deploy flows switched off: open each of those and activate it",
                "Edit a Lead",
                "Setup > Outbound Messages > View Message Delivery Status: nothing stays there",
            ),
            "`smarketing inbox` counts one more request.",
        )


def _checked() -> ByHand:
    return ByHand(
        "Ask the bridge",
        ("smarketing check", "smarketing plan"),
        "`check` connects to Salesforce and misses no field there.",
    )
