"""The `smarketing` command.

Exit codes: 0 done, 1 failed, 2 misconfigured, 3 done but something needs a person. Commands that print data print it
as JSON with --json; everything else that is said while working goes to standard error, so that pipes stay clean.
"""

from __future__ import annotations

import click

from connector.cli import installing, looking, people, sandbox, syncing


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="smarketing-connector")
def main() -> None:
    """Keep HubSpot and Salesforce in step, and say why every value is what it is.

    Start with `smarketing init`, edit config.yaml, then `smarketing check`, `smarketing plan`, `smarketing sync`.
    """


for command in (*installing.COMMANDS, *syncing.COMMANDS, *looking.COMMANDS, *people.COMMANDS, *sandbox.COMMANDS):
    main.add_command(command)
