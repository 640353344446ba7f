"""What the reads of the API take: queries whose keys are all known, with their bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from connector.admin.api.operations import Shape

Limit = Annotated[int, Field(ge=1, le=500)]
Answer = Literal["", "waiting", "asked", "accepted", "rejected", "recycled", "disqualified", "taken back"]
State = Literal["", "running", "warned", "paused", "breached", "late"]


class WhichPeople(Shape):
    """Who is looked for; what is left out is not asked about."""

    words: Annotated[str, Field(max_length=200, description="All of these words, in name, e-mail, company or id.")] = ""
    stage: str = ""
    persona: str = ""
    owner: Annotated[str, Field(description="The owner's Salesforce id.")] = ""
    answer: Answer = ""
    clock: Literal["", "running", "warned", "paused", "breached", "any"] = ""
    after: str = ""
    limit: Limit = 50


class WhichClocks(Shape):
    """Which open clocks are asked for."""

    state: State = ""
    owner: str = ""
    policy: str = ""
    team: Literal["", "sales", "marketing"] = ""
    after: str = ""
    limit: Limit = 50


class Window(Shape):
    """From when until when; by default the last ninety days."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class PromisesOf(Window):
    """A window, and by what the promises are put together."""

    by: Literal["policy", "owner", "persona", "source", "team"] = "policy"


class FeedbackOf(Window):
    """A window, and by what the handoffs are put together."""

    by: Literal["source", "campaign", "persona", "owner"] = "source"


class NextHandoffs(Shape):
    """Where to go on."""

    after: str = ""
    limit: Limit = 50


class WhichIssues(Shape):
    """Which open issues are asked for."""

    kind: str = ""
    after: Annotated[int, Field(ge=0)] = 0
    limit: Limit = 100


class Latest(Shape):
    """How many."""

    limit: Limit = 50


class Next(Shape):
    """Where to go on."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Limit = 100


class WhichField(Shape):
    """A field by its name on either side, or its rule's."""

    field: Annotated[str, Field(min_length=1)]


class WhichDeeds(Window):
    """Which acts of people are asked for; `by` is the beginning of who did it."""

    by: str = ""
    act: str = ""
    after: Annotated[str, Field(pattern=r"^(\d{0,18}\.\d{0,18})?$")] = ""
    limit: Limit = 50
