"""What no API of HubSpot's does for an app of one account: the card, the views, the subscriptions (fact sheet 11.1).

Said step by step with what one sees in the end, for what the account's own definition has: who keeps no promises is not
told to make a view of them. The words of HubSpot's pages change from time to time; the names in quotes are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector.hubspot.setup.planning import GROUP_LABEL
from connector.wanted import Audience, ByHand, Section, Wanted

_PAGES = {"contacts": "Contacts", "companies": "Companies", "deals": "Deals"}
_OPEN = ("waiting", "asked")


def by_hand(wanted: Sequence[Wanted], watched: Mapping[str, Sequence[str]], address: str) -> Iterator[ByHand]:
    """What is left to a person, whatever a plan says.

    Args:
        wanted: what the properties are, to speak of.
        watched: by object, the properties whose changes matter to the bridge.
        address: where webhooks are received; "" where they are not.
    """
    for obj in dict.fromkeys(one.object for one in wanted):
        shown = [one for one in wanted if one.object == obj and Audience.MARKETERS in one.shown_to]
        if shown:
            yield _card(obj, shown)
            yield from _views(obj, shown)
    if address:
        yield _subscriptions(watched, address)


def _card(obj: str, shown: Sequence[Wanted]) -> ByHand:
    labels = ", ".join(one.label for one in shown if one.section is Section.FEEDBACK) or shown[0].label
    return ByHand(
        f"A card {GROUP_LABEL!r} on the page of {obj}",
        (
            f"Settings > Objects > {_PAGES.get(obj, obj)} > Record customization: open the default view",
            f"Add a card with a list of properties to the left sidebar and name it {GROUP_LABEL!r}",
            f"Put on it: {labels}",
            "Save, so that everybody has it",
        ),
        f"A marketer opens a record and sees the card {GROUP_LABEL!r}. Even without it, 'View all properties' on a "
        f"record has a group {GROUP_LABEL!r} with all of them.",
    )


def _views(obj: str, shown: Sequence[Wanted]) -> Iterator[ByHand]:
    status = next((one for one in shown if {each.value for each in one.options} >= set(_OPEN)), None)
    due = next((one for one in shown if one.section is Section.SLA and one.kind.value == "datetime"), None)
    page = _PAGES.get(obj, obj)
    if status:
        labels = " or ".join(each.label for each in status.options if each.value in _OPEN)
        yield ByHand(
            "A view 'Waiting for feedback'",
            (f"CRM > {page} > Add view: 'Waiting for feedback'", f"Filter: {status.label} is {labels}; share it"),
            "Everybody who is with sales and unanswered stands in it; who is answered leaves it within minutes.",
        )
    if due:
        yield ByHand(
            "A view 'Due today'",
            (f"CRM > {page} > Add view: 'Due today'", f"Filter: {due.label} is today; owner is me; share it"),
            "A rep opens it in the morning and sees whom they promised to call.",
        )


def _subscriptions(watched: Mapping[str, Sequence[str]], address: str) -> ByHand:
    properties = tuple(
        f"Property changes of {obj}: {', '.join(sorted(names))}" for obj, names in watched.items() if names
    )
    return ByHand(
        "Webhooks of the app (a service key has none; without them the bridge polls)",
        (
            f"In the app's webhook settings: target URL {address}, at most 10 requests at a time",
            f"Subscribe for {', '.join(watched)} to creation, deletion, merge, restore and association change",
            *properties,
            "Switch the subscriptions on: new ones are paused",
        ),
        "Change a contact's last name in HubSpot: within a minute `smarketing inbox` counts one more request.",
    )
