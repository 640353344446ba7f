"""The `smarketing` command.

Exit codes: 0 done, 1 failed, 2 misconfigured, 3 done but something needs a person. Commands that print data print it
as JSON with --json; everything else that is said while working goes to standard error, so that pipes stay clean.
A command's module is loaded when the command is asked for: `--help` must not wait for two CRM clients and a database.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

import click

_EPILOG = """\b
Exit codes: 0 done, 1 failed, 2 misconfigured, 3 done but something needs a person.
SMARKETING_DEBUG=1 shows the traceback of an unexpected error.
"""

# Group, then command: (module, what it is for in one line). A test holds the lines to the commands' own help.
GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Set up": {
        "init": ("installing", "Write config.yaml and mappings/ to edit."),
        "setup": ("setup", "Make what a CRM must have before the bridge can tell anything there."),
        "check": ("installing", "Validate all YAML, connect, and compare the mappings with both live CRMs."),
        "schema": ("installing", "Print the JSON Schema of the YAML files, for editors."),
    },
    "Sync": {
        "plan": ("syncing", "Show exactly what a sync would write, and write nothing."),
        "apply": ("syncing", "Carry out a saved plan, where nothing has changed since."),
        "sync": ("syncing", "Bring both sides in step."),
    },
    "Run": {
        "run": ("running", "Keep both sides in step until stopped: webhooks, polling and all work in one process."),
        "web": ("serving", "Receive webhooks, and tell health and metrics; the work is a worker's."),
        "worker": ("working", "Do the work, beside any number of other workers on PostgreSQL."),
        "inbox": ("inbox", "What came in by webhooks and listeners: what waits, what was not understood and why."),
        "migrate": ("running", "Bring the store to this version of the bridge."),
        "doctor": (
            "doctor",
            "Find what is wrong with an installation: store, workers, clock, addresses, secrets, fields, budgets.",
        ),
        "forecast": (
            "forecast",
            "What a day of the running service costs in API calls, and whether the limits hold it.",
        ),
        "audit": ("audit", "Compare linked pairs on both sides afresh, and show the drift number."),
        "backup": ("backup", "Write the whole store to one file, while it is in use."),
        "restore": ("backup", "Put a backup in the place of the store."),
    },
    "Look": {
        "status": ("looking", "What waits, what needs a person and how to mend it."),
        "show": ("looking", "One record: what was agreed, what both sides say now, the plan, the story."),
        "why": ("looking", "Where a field's value came from, and which value it replaced."),
    },
    "Agree": {
        "lifecycle": ("lifecycle", "The shared definition: show it, check it, replay the past under another."),
        "sla": ("sla", "How the promises stand, and what another sla.yaml would change."),
        "feedback": ("feedback", "What sales made of what marketing handed over."),
        "objectives": (
            "objectives",
            "What both teams promised for the period: sums against the pace line, minimum counts, rates.",
        ),
    },
    "Decide": {
        "settle": ("people", "Settle conflicts: one side's value goes to the other."),
        "unpark": ("people", "Try refused values again, once their cause is mended."),
        "retry": ("people", "Do now what waits for its pause after a fault."),
        "link": ("people", "Say that two records are the same person (company, deal)."),
        "unlink": ("people", "Keep a record and its counterpart apart from now on."),
        "resync": ("people", "Look at some records again, whether or not anything changed."),
        "forget": ("people", "Erase a person from the bridge; they are never made again."),
        "undo": ("undo", "Take back what the bridge wrote, as far as nobody else has written since."),
        "notices": ("notices", "Notices, tasks and webhooks that were not sent, or may not have been."),
    },
    "Access": {
        "user": ("users", "Who may sign in to the pages, and what they may do there."),
        "token": ("tokens", "Tokens with which scripts use the API."),
    },
    "Try out": {
        "sandbox": ("sandbox", "Run both CRMs on this machine, to try things on."),
    },
}
_PLACES = {name: module for commands in GROUPS.values() for name, (module, _) in commands.items()}


class Commands(click.Group):
    """All commands, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the help."""
        del ctx
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        del ctx
        if cmd_name not in _PLACES:
            return None
        module = importlib.import_module(f"connector.cli.{_PLACES[cmd_name]}")
        found: click.Command = next(one for one in module.COMMANDS if one.name == cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a name that is none is told with the nearest one."""
        name = args[0]
        near = difflib.get_close_matches(name, _PLACES, n=1)
        if name not in _PLACES and not name.startswith("-"):
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(_PLACES)}"
            ctx.fail(f"There is no command {name!r}{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by what one wants to do."""
        del ctx
        widest = max(map(len, _PLACES))
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(widest), line) for name, (_, line) in commands.items()])


@click.group(
    cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="smarketing-connector")
def main() -> None:
    """Keep HubSpot and Salesforce in step, and say why every value is what it is.

    Start with `smarketing init`, edit config.yaml, then `smarketing check`, `smarketing plan`, `smarketing sync`.
    """
