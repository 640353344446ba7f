"""The kinds of call the bridge makes, in one table, and how a request is recognised as one of them.

Every request has exactly one kind; one that has none fails the suite (test_paths.py), so that a new call cannot go
without its faults. The table also says what is special of a kind: that it changes records, so that a refusal parks
them and a lost answer leaves open what happened, or that the bridge gets along without its answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from connector.core.refs import Side
from connector.errors import BridgeError, RateLimited, Refused, Transient, Unauthorised
from connector.sandbox.exchange import Request


class Fate(Enum):
    """What befalls a run whose needed call keeps failing, and with which error it then ends."""

    PASSES = Transient  # tried again within the run; once is not noticed at all
    WAITS = RateLimited  # nobody calls until a moment that is told
    STOPS = Unauthorised  # a person must mend credentials or permissions
    DECLINED = Refused  # this very call is refused; of a write only its record is parked

    @property
    def error(self) -> type[BridgeError]:
        """The class of the error."""
        return self.value


@dataclass(frozen=True)
class Path:
    """One kind of call: `address` must match path and query as a whole.

    Attributes:
        writes: whether it changes records, so that what is declined is parked.
        lands: whether work may be done although the answer is lost; it is found done, then, and the run goes on.
        spared: fates, and names of faults without their side, that do not end a run; each with its reason below.
        passing: names of faults that end it as what passes does, not by their own errors.
        speaks_oauth: whether only the errors of OAuth mean something; whatever else is said there passes.
        learns: whether a refusal is remembered for an hour by the process, which asks in another way meanwhile.
    """

    name: str
    side: Side
    method: str
    address: str
    writes: bool = False
    lands: bool = False
    spared: tuple[Fate | str, ...] = ()
    passing: tuple[str, ...] = ()
    learns: bool = False
    speaks_oauth: bool = False

    def spares(self, fault: str, fate: Fate) -> bool:
        """Whether a run may go on under a fault of this name and fate."""
        return fate in self.spared or fault.partition(" ")[2] in self.spared

    def passes(self, fault: str, fate: Fate) -> bool:
        """Whether the fault ends a run as one that passes."""
        return fate is Fate.PASSES or self.speaks_oauth or fault.partition(" ")[2] in self.passing

    def is_of(self, side: Side, request: Request) -> bool:
        """Whether a request is of this kind."""
        asked = f"{request.path}?{request.query_string}"
        return side is self.side and request.method == self.method and re.fullmatch(self.address, asked) is not None


_NO_LISTING = ("400", "400-html", "404", "404-html", "405")
_OBJECTS = r"/crm/(?:v3/objects|objects/[\d-]+)/contacts"
_DATA = r"/services/data/v[\d.]+"
_JOB = rf"{_DATA}/jobs/ingest/\w+"


def _hubspot(name: str, method: str, address: str, **more: Any) -> Path:
    return Path(f"hubspot {name}", Side.HUBSPOT, method, address, **more)


def _salesforce(name: str, method: str, address: str, **more: Any) -> Path:
    return Path(f"salesforce {name}", Side.SALESFORCE, method, address, **more)


_ALL = (
    _hubspot("token", "POST", r"/oauth/[\w-]+/token\?"),
    _hubspot("account", "GET", r"/account-info/[\w-]+/details\?"),
    _hubspot("schema", "GET", r"/crm/(?:v3/properties|properties/[\d-]+)/contacts\?.*"),
    _hubspot("owners", "GET", r"/crm/(?:v3/owners|owners/[\d-]+)\?.*"),
    _hubspot("search", "POST", rf"{_OBJECTS}/search\?"),
    _hubspot("list", "GET", rf"{_OBJECTS}\?(?!.*archived=true).*"),
    # An account without such a listing tells of archived records when they are read, or by a full run.
    _hubspot("list of archived", "GET", rf"{_OBJECTS}\?.*archived=true.*", spared=_NO_LISTING),
    # HubSpot's own 404 says that the record is gone.
    _hubspot("single read", "GET", rf"{_OBJECTS}/\d+\?.*", spared=("404",)),
    # Of a whole batch it says that some of it is gone; the reads of each, which find all, contradict that.
    _hubspot("batch read", "POST", rf"{_OBJECTS}/batch/read\?", passing=("404",)),
    _hubspot("batch read of archived", "POST", rf"{_OBJECTS}/batch/read\?archived=true", passing=("404",)),
    _hubspot("batch create", "POST", rf"{_OBJECTS}/batch/create\?", writes=True, lands=True),
    _hubspot("batch update", "POST", rf"{_OBJECTS}/batch/update\?", writes=True, lands=True),
    _hubspot("batch upsert", "POST", rf"{_OBJECTS}/batch/upsert\?", writes=True, lands=True),
    _hubspot("batch archive", "POST", rf"{_OBJECTS}/batch/archive\?", writes=True, lands=True),
    _salesforce("login", "POST", r"/services/oauth2/token\?", speaks_oauth=True),
    # Who may not ask who he is sees his own records as somebody's.
    _salesforce("user", "GET", r"/services/oauth2/userinfo\?", spared=(Fate.STOPS, Fate.DECLINED)),
    # Any JSON tells the time beside it; and who may not ask here asks for the organisation.
    _salesforce("root", "GET", rf"{_DATA}/\?", spared=(Fate.DECLINED, "other-shape", "other-shape-text")),
    _salesforce("describe", "GET", rf"{_DATA}/sobjects/\w+/describe\?"),
    _salesforce("query", "GET", rf"{_DATA}/query/?\?q=.*"),
    # Reading begins anew behind the last id.
    _salesforce("next page", "GET", rf"{_DATA}/query/[\w-]+\?", spared=("400-INVALID_QUERY_LOCATOR",)),
    _salesforce("query of deleted", "GET", rf"{_DATA}/queryAll/?\?q=.*"),
    # An org that has no such resource is asked one question at a time.
    _salesforce("composite", "POST", rf"{_DATA}/composite\?", spared=("404", "404-html", "405-html"), learns=True),
    _salesforce(
        "collections read", "POST", rf"{_DATA}/composite/sobjects/\w+\?", spared=("404", "404-html", "405-html")
    ),
    _salesforce("collections update", "PATCH", rf"{_DATA}/composite/sobjects\?", writes=True, lands=True),
    _salesforce("collections upsert", "PATCH", rf"{_DATA}/composite/sobjects/\w+/\w+\?", writes=True, lands=True),
    _salesforce("collections delete", "DELETE", rf"{_DATA}/composite/sobjects\?ids=.*", writes=True, lands=True),
    # Rows for which no job is opened go by collections, and what is wrong is told there.
    _salesforce("bulk open", "POST", rf"{_DATA}/jobs/ingest/?\?", spared=(Fate.STOPS, Fate.DECLINED), learns=True),
    _salesforce("bulk upload", "PUT", rf"{_JOB}/batches/?\?", lands=True),
    _salesforce("bulk close", "PATCH", rf"{_JOB}\?", lands=True),
    _salesforce("bulk poll", "GET", rf"{_JOB}\?", lands=True),
    # The rows are done by then, and who was made is found by the id it carries.
    _salesforce(
        "bulk results",
        "GET",
        rf"{_JOB}/(?:successful|failed)Results/?\?",
        lands=True,
        spared=(Fate.PASSES, Fate.WAITS, Fate.DECLINED),
    ),
)
PATHS: Mapping[str, Path] = {each.name: each for each in _ALL}


def name_of(side: Side, request: Request) -> str:
    """The kind of a request; method and address themselves when the table has none."""
    found = [path.name for path in _ALL if path.is_of(side, request)]
    return found[0] if len(found) == 1 else f"{request.method} {request.path}?{request.query_string} is {found}"
