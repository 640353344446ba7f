"""A configuration folder with the shipped files that both teams agreed on, for tests of the later ones among them."""

from __future__ import annotations

from connector.config.extends import shipped_text
from connector.config.load import Loaded
from connector.core.refs import Side
from connector.ports import Owner

OFFICE = "calendars:\n  named:\n    office: {zone: Europe/Berlin, week: {mon-fri: 09:00-17:00}}\n"
ADA = Owner("005000000000001AAA", "ada@acme.example", "Ada")
BEN = Owner("005000000000002AAA", "ben@acme.example", "Ben")
GONE = Owner("005000000000003AAA", "gone@acme.example", "Gone", active=False)
OWNERS = {Side.HUBSPOT: [], Side.SALESFORCE: [ADA, BEN, GONE]}
CHANNELS = """\
notifications: {sales: {url: env:SF_SECRET}}
webhooks_out: {crm: {url: https://a.test/x, secret: env:SF_SECRET}}
"""


class Agreed:
    """The shipped lifecycle, personas and feedback, with calendars and an SLA of one's own."""

    def __init__(self, folder) -> None:
        self.folder = folder
        (folder.path / "mappings" / "people.yaml").unlink()
        for name in ("contacts", "lifecycle", "personas", "feedback"):
            folder.write(f"mappings/{name}.yaml", shipped_text(f"{name}.yaml"))
        config = (folder.path / "config.yaml").read_text()
        folder.write("config.yaml", config + CHANNELS)
        folder.write("mappings/calendars.yaml", OFFICE)

    def load(self, sla: str | None = None, **others: str) -> Loaded:
        """The configuration with these files; `sla` as text."""
        texts = {"sla": sla, **others} if sla is not None else others
        for name, text in texts.items():
            self.folder.write(f"mappings/{name}.yaml", text)
        return self.folder.load()
