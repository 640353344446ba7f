"""HubSpot in memory: one portal, faithful to the HubSpot fact sheet, reached through `Portal.handle`.

In comes an HTTP exchange without sockets (exchange.py of the sandbox), out goes the answer HubSpot would give.
`actions` are what people do in HubSpot's own pages. Nothing here knows the bridge.
"""

from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.settings import Settings

__all__ = ["Portal", "Settings"]
