"""Drafts of the mapping files: what somebody typed on the page, whole, from the files it was begun on to saving it.

A draft is all files as they would be, so that it is checked, tried and saved as one. It remembers the files on which it
was begun; where those have changed since, nothing is saved before somebody has looked at the difference. Browsers send
the lines of a text area with CR LF, whatever they were: a text keeps the line ends its file had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from connector.admin.desk import Checked, Desk
from connector.config.extends import AGREED
from connector.config.texts import Kept, Texts, digest_of, kept
from connector.config.yaml import BYTES_MAX, parse
from connector.engine import publishing
from connector.engine.publishing import Publication
from connector.errors import Refused
from connector.storage import previews

WHY_MAX: Final = 500
_TOLD_MAX: Final = 64  # texts of which it is remembered what they are about
ABOUT: Final[Mapping[str, str]] = {
    "lifecycle": "Stages, what moves people from one to the next, and to whom they are handed over",
    "personas": "Who we sell to, and how somebody is recognised as one of them",
    "feedback": "What sales answers, the reasons, and where each answer leads",
    "sla": "What sales and marketing promise each other, and what follows when a promise is late",
    "calendars": "When people work: hours, holidays, and whose hours count",
    "objectives": "Goals of every month or quarter, and their pace",
    "owners": "Which HubSpot owner is which Salesforce user, where e-mail addresses differ",
}
REPLAYED: Final = frozenset({"lifecycle", "personas", "feedback"})
SIMULATED: Final = frozenset({"sla", "calendars"})


@dataclass(frozen=True)
class Draft:
    """A draft.

    Attributes:
        before: the files on which it was begun.
        texts: as they would be.
        over: the published version that it is meant to stand over, though this folder holds another; 0 for none.
    """

    id: int
    by: str
    before: Texts
    texts: Texts
    over: int = 0

    @property
    def opened(self) -> str:
        """What tells the files on which it was begun."""
        return digest_of(self.before)

    @property
    def digest(self) -> str:
        """What tells this draft from any other."""
        return digest_of(self.texts)

    @property
    def changed(self) -> list[str]:
        """Names of the files that it changes, adds or removes."""
        names = self.before.keys() | self.texts.keys()
        return sorted(name for name in names if self.before.get(name) != self.texts.get(name))

    @property
    def sorts(self) -> set[str]:
        """What the changed files are about: top keys, as they were and as they would be."""
        texts = [held[name] for name in self.changed for held in (self.before, self.texts) if name in held]
        return {sort_of(text) for text in texts}

    def typed(self, name: str, text: str) -> Draft:
        """The draft with another text of a file.

        Raises:
            Refused: when it is too long to be any configuration.
        """
        if len(text.encode()) > BYTES_MAX:
            raise Refused(f"{name} would be larger than {BYTES_MAX // 1024} KiB; no configuration needs that")
        return replace(
            self, texts={**self.texts, name: as_typed(text, self.texts.get(name, self.before.get(name, "")))}
        )

    def without(self, name: str) -> Draft:
        """The draft without a file."""
        return replace(self, texts={one: text for one, text in self.texts.items() if one != name})

    def onto(self, here: Texts) -> tuple[Draft, list[str]]:
        """The draft on the files as they are now, and which both have changed: of those the draft's text stays."""
        texts, both = dict(here), list[str]()
        for name in self.changed:
            if here.get(name) not in (self.before.get(name), self.texts.get(name)):
                both.append(name)
            if name in self.texts:
                texts[name] = self.texts[name]
            else:
                texts.pop(name, None)
        return replace(self, before=dict(here), texts=texts), both


def as_typed(text: str, before: str) -> str:
    """What was typed, with the line ends that the file has: browsers make all of them CR LF."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\n", "\r\n") if "\r\n" in before else plain


def sort_of(text: str) -> str:
    """What a file is about: its top key; "mapping" for a mapping, "" where that cannot be read."""
    return _told(text)[0]


def about(text: str) -> str:
    """What a file is about, in words."""
    return _told(text)[1]


@lru_cache(_TOLD_MAX)
def _told(text: str) -> tuple[str, str]:
    """Both; reading a file takes longer than all else a page does with it."""
    data = parse(text, "", []).data
    sort = next((key for key in (*AGREED, "owners", "mapping") if key in data), "")
    return sort, _mapping_words(data) if sort == "mapping" else ABOUT.get(sort, "Not readable as it is")


def _mapping_words(data: Mapping[str, Any]) -> str:
    objects = data.get("salesforce")
    names = ", ".join(map(str, objects)) if isinstance(objects, list | dict) else str(objects or "Salesforce")
    off = "" if data.get("enabled", True) is True else " (switched off)"
    hubspot = data.get("hubspot", data["mapping"])
    return f"Which fields of HubSpot {hubspot} and Salesforce {names} are kept in step, and how{off}"


class Drafts:
    """Where drafts are kept, checked and saved."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def here(self) -> Kept:
        """The files as they are, noted as a version where somebody edited them on disk."""
        publishing.follow(self._desk.path, self._desk.database, self._desk.clock.now())
        return kept(self._desk.path)

    def begin(self, by: str, here: Texts, texts: Texts | None = None, over: int = 0) -> Draft:
        """A new draft on the files as they are; texts: what they shall be instead."""
        draft = Draft(0, by, here, here if texts is None else texts, over)
        with self._desk.database.begin() as conn:
            return replace(draft, id=previews.put(conn, by, _body(draft), self._desk.clock.now()))

    def get(self, draft_id: int) -> Draft | None:
        """A draft; None where there is none, or it is forgotten."""
        with self._desk.database.read() as conn:
            stored = previews.get(conn, draft_id)
        if stored is None:
            return None
        body = stored.body
        return Draft(stored.id, stored.by, body["before"], body["texts"], body["over"])

    def keep(self, draft: Draft) -> None:
        """Keep it as it is now."""
        with self._desk.database.begin() as conn:
            previews.save(conn, draft.id, _body(draft), self._desk.clock.now())

    def drop(self, draft: Draft) -> None:
        """Give it up."""
        with self._desk.database.begin() as conn:
            previews.drop(conn, draft.id)

    def checked(self, draft: Draft) -> Checked:
        """What is wrong with it.

        Raises:
            Refused: when a file has a name that cannot be.
        """
        return self._desk.office.checked(kept(self._desk.path).paths(draft.texts))

    def save(self, draft: Draft, by: str, why: str) -> int:
        """Publish it; the number of its version.

        Raises:
            Overtaken: when the files have changed since it was begun; Refused: when it has mistakes, changes nothing
            on any machine, or the files cannot be written.
        """
        if self.checked(draft).problems:
            raise Refused("the draft has mistakes; mend them first")
        if not why.strip():
            raise Refused("say why, in a few words: others will read it beside this version")
        new = Publication(by, why.strip()[:WHY_MAX], draft.opened, draft.texts, draft.over)
        number = publishing.publish(self._desk.path, self._desk.database, new, self._desk.clock.now())
        self.drop(draft)
        return number


def _body(draft: Draft) -> dict[str, Any]:
    return {"before": dict(draft.before), "texts": dict(draft.texts), "over": draft.over}
