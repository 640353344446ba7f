"""The one door to Salesforce: every call is budgeted, counted, signed, timed out, judged, and repeated here or nowhere.

A call that meets an expired session signs in anew once and is replayed once; a second refusal is `Unauthorised`, so
nothing loops. What Salesforce tells on the side, the day's usage and its own time, is picked up from every answer,
refusals included. Bodies are read and written with orjson; whatever is no JSON where JSON is due counts as a fault of
the wire (Salesforce fact sheet 1.1, 1.7, 1.8, 7.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import orjson
import requests

from connector.errors import BridgeError, RateLimited, Transient
from connector.ports import Clock, Dice
from connector.salesforce import faults
from connector.salesforce.login import Borrowed, Login, Token
from connector.transport.budget import Budget
from connector.transport.lanes import Lane
from connector.transport.meter import Meter
from connector.transport.retrying import Patience, retrying
from connector.transport.throttle import Throttle

API_VERSION: Final = "67.0"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
_FROM = re.compile(r"^q=SELECT [\w.,()]+ FROM (\w+)")
_JSON: Final = "application/json"
_CSV: Final = "text/csv; charset=UTF-8"
_EXPIRED, _MULTIPLE = 401, 300
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `path` is below the API's root, or from the host's root when it begins with a slash.

    `expects` says what an answer must be: a list, or an object with these keys; anything else is a fault of the wire.
    `checked` looks into the body then: a fault that passes, raised there, is tried again as if the whole call had it.
    """

    method: str
    path: str
    operation: str  # what it is counted as
    body: Any = None  # sent as JSON
    text: bytes | None = None  # sent in place of JSON
    media: str = _CSV  # of `text`
    expects: type[list[Any]] | tuple[str, ...] | None = None
    checked: Callable[[Any], None] | None = None
    explained: Callable[[bytes], tuple[faults.Fault, ...]] | None = None  # reads errors out of a body that is no JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `at` is Salesforce's own time, to the second below; None when it did not tell."""

    status: int
    content: bytes
    at: datetime | None = None

    @property
    def body(self) -> Any:
        """The parsed body, None when empty.

        Raises:
            Transient: when it is no JSON.
        """
        if not self.content:
            return None
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            raise Transient("Salesforce's answer was cut off or is no JSON; it is asked again") from None


@dataclass(slots=True)
class Traffic:
    """What governs the calls: time, chance, pace, the day's budget, and the count."""

    clock: Clock
    dice: Dice
    throttle: Throttle
    meter: Meter = field(default_factory=Meter)
    budget: Budget | None = None
    patience: Patience = field(default_factory=Patience)
    lane: Lane = Lane.BULK


class Api:
    """Calls of one org at one API version. Thread-safe."""

    def __init__(self, session: requests.Session, login: Login, traffic: Traffic, version: str = API_VERSION) -> None:
        self.traffic = traffic
        self.root = f"/services/data/v{version}/"
        self._session = session
        self._login = login

    def in_lane(self, lane: Lane) -> Api:
        """The same connections, sign-in and counters, calling in another lane."""
        other = object.__new__(Api)
        other.__dict__.update(self.__dict__, traffic=replace(self.traffic, lane=lane))
        return other

    def borrowing(self, access: str) -> Api:
        """The same connections and counters, calling in a session that somebody else has begun."""
        other = object.__new__(Api)
        other.__dict__.update(self.__dict__, _login=Borrowed(access, self._login))
        return other

    @property
    def login(self) -> Login:
        """Who signs in, for lines of another kind to the same org (`pubsub`)."""
        return self._login

    def json(self, call: Call) -> Any:
        """The parsed body of the answer, faults that pass being tried again. Raises as `send`."""
        return self.dated(call)[0]

    def dated(self, call: Call) -> tuple[Any, datetime | None]:
        """The parsed body, and Salesforce's time when it answered, to the second below. Raises as `send`."""

        def ask() -> tuple[Any, datetime | None]:
            answer = self.once(call)
            body = answer.body
            if not _as_expected(body, call.expects):
                raise Transient(f"Salesforce's answer to {call.operation} is not what it should be; it is asked again")
            if call.checked is not None:
                call.checked(body)
            return body, answer.at

        return self.repeated(ask)

    def send(self, call: Call) -> Answer:
        """The answer, faults that pass being tried again.

        Raises:
            Transient: after some tries; RateLimited: with the moment to come back.
            Unauthorised: the credentials or permissions do not suffice.
            Declined: Salesforce refuses this very call.
        """
        return self.repeated(lambda: self.once(call))

    def once(self, call: Call) -> Answer:
        """The answer to one try. Raises as `send`."""
        token = self._login.token()
        response = self._exchange(call, token)
        if response.status_code == _EXPIRED:
            response = self._exchange(call, self._login.renewed(token))
        answer = Answer(response.status_code, response.content, _time_of(response))
        if response.status_code >= _MULTIPLE:
            raise self._judged(answer, call)
        return answer

    def repeated(self, function: Callable[[], T]) -> T:
        """What the function returns, once faults that pass have passed; raises the last of them."""
        return retrying(self.traffic.clock, self.traffic.dice, self.traffic.patience)(function)

    def _exchange(self, call: Call, token: Token) -> requests.Response:
        traffic = self.traffic
        if traffic.budget is not None:
            traffic.budget.take(traffic.lane)
        traffic.throttle.acquire(traffic.lane)
        traffic.meter.count(call.operation)
        path = call.path if call.path.startswith("/") else self.root + call.path
        media = _JSON if call.text is None else call.media
        headers = {"Authorization": f"Bearer {token.access}", "Content-Type": media}
        if media.startswith("text/xml"):
            headers["SOAPAction"] = '""'
        data = call.text if call.text is not None else None if call.body is None else orjson.dumps(call.body)
        try:
            response = self._session.request(call.method, token.instance_url + path, data=data, headers=headers)
        except requests.RequestException as error:
            raise Transient(f"the call to Salesforce broke off ({type(error).__name__}); it is tried again") from None
        self._listen(response.headers)
        return response

    def _listen(self, headers: Mapping[str, str]) -> None:
        told = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
        if told:
            self.traffic.meter.told(daily_limit=int(told[2]), daily_used=int(told[1]))

    def _judged(self, answer: Answer, call: Call) -> BridgeError:
        read = call.explained
        found = read(answer.content) if read else faults.faults_of(faults.read_body(answer.content))
        error = faults.raised(answer.status, found, self.traffic.clock.now(), _described(call))
        if isinstance(error, RateLimited):
            self.traffic.meter.throttled()
        return error


def _described(call: Call) -> str:
    """What a call is for, for people: never what a query compares with, which may be somebody's address."""
    path, _, query = call.path.partition("?")
    objects = dict.fromkeys(_FROM.findall(unquote(query)))
    return f"{call.operation} ({' '.join((call.method, path, *(f'of {name}' for name in objects)))})"


def _as_expected(body: Any, expects: type[list[Any]] | tuple[str, ...] | None) -> bool:
    if isinstance(expects, tuple):
        return isinstance(body, dict) and all(key in body for key in expects)
    return expects is None or isinstance(body, expects)


def _time_of(response: requests.Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(response.headers["Date"])
        return told if told.tzinfo else told.replace(tzinfo=UTC)  # "-0000" says UTC of unknown zone (RFC 5322 3.3)
    except (KeyError, ValueError):
        return None
