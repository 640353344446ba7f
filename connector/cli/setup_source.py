"""setup salesforce --source: what Salesforce must have, as a folder that an admin reads and deploys."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from connector.cli.frame import DONE, count, err, out, print_json, say
from connector.config.blueprint import blueprint
from connector.config.load import load
from connector.core.mapping import OnArchive, OnLeaving
from connector.core.refs import Side
from connector.salesforce.source.asked import Asked
from connector.salesforce.source.folder import Written, write
from connector.salesforce.source.project import Source, source
from connector.salesforce.source.steps import CHECKED

if TYPE_CHECKING:
    from connector.config.load import Loaded

RECEIVED_AT = "/webhooks/salesforce/outbound/"


def write_folder(config: Path, folder: Path, *, force: bool, as_json: bool) -> int:
    """Write what Salesforce must have, and say what is next; nobody is asked. Returns the exit code."""
    made = source(asked_of(load(config, os.environ)))
    done = write(made.files, folder, force=force)
    if as_json:
        print_json(_row(folder, made, done))
    else:
        _tell(folder, made, done)
    return DONE


def asked_of(loaded: Loaded) -> Asked:
    """What a configuration asks of Salesforce."""
    asked, settings = blueprint(loaded), loaded.settings
    received = settings.webhooks.salesforce
    outbound = settings.web.public_url if received and received.outbound_secrets else None
    deletes = (
        obj
        for one in loaded.mappings
        if one.file.enabled
        and (one.file.on_archive is OnArchive.ARCHIVE or one.file.scope.on_leaving is OnLeaving.ARCHIVE)
        for obj in one.file.salesforce
    )
    return Asked(
        tuple(one for one in asked.wanted if one.side is Side.SALESFORCE),
        asked.checked_on(Side.SALESFORCE),
        frozenset(deletes),
        settings.salesforce.api_version,
        f"{outbound.rstrip('/')}{RECEIVED_AT}" if outbound else "",
        settings.salesforce.auth.username or "",
    )


def _row(folder: Path, made: Source, done: Written) -> dict[str, object]:
    return {
        "folder": str(folder),
        "components": [{"type": one.type, "name": one.member, "file": one.path} for one in made.components],
        "written": list(done.written),
        "removed": list(done.removed),
        "unchanged": done.unchanged,
        "steps": [{"title": one.title, "steps": list(one.steps), "success": one.success} for one in made.steps],
    }


def _tell(folder: Path, made: Source, done: Written) -> None:
    kinds = [one.type for one in made.components]
    for kind in dict.fromkeys(kinds):
        say(out, f"{kinds.count(kind):>4}  {kind}")
    for path in done.removed:
        say(out, f"[yellow]removed[/]  {escape(path)}, which is no longer asked for", 2)
    say(err, f"Wrote {count(len(done.written), 'file')} to {escape(str(folder))}; {done.unchanged} were right already.")
    say(err, escape(CHECKED))
    say(err, f"Next: read {escape(str(folder / 'README.md'))}, then in that folder:")
    for step in made.steps[0].steps:
        say(err, escape(step), 2)
    say(err, "Then:")
    for one in made.steps[1:]:
        say(err, escape(one.title), 2)
