"""Who understands which row of the inbox: by its source, a reader from (headers, body) to what was told.

Readers raise nothing and believe nothing: they say where to look. What they do not understand they name in `unknown`,
in words without personal data. Events of another portal or org than the one an installation is bound to are named
there, too: whoever folds hands in what the sides are bound to (`bindings.bound`), as far as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from connector.core.refs import Side
from connector.engine.told import Reader
from webhooks import hubspot, journal, salesforce
from webhooks.change_events import change_events


def readers(accounts: Mapping[Side, str]) -> Mapping[str, Reader]:
    """The readers of an installation that is bound to these accounts; events of a side not named are all taken."""
    portal, org = accounts.get(Side.HUBSPOT), accounts.get(Side.SALESFORCE)
    return {
        "hubspot": partial(hubspot.events, portal),
        "outbound": partial(salesforce.outbound, org),
        "events": partial(salesforce.events, org),
        "journal": partial(journal.events, portal),
        "pubsub": partial(change_events, org),
    }


READERS: Mapping[str, Reader] = readers({})
"""The readers where nothing is bound."""
