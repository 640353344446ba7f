"""The one door to HubSpot: a call goes out with token, slot, budget and timeout; an answer or an error comes back.

HubSpot's client gives configuration, authentication headers and connection pools. Its one api object is held, because
each access of the client builds a new pool; bodies go through orjson as bytes, because the client's own (de)serialising
costs a hundred times as much (fact sheet 12.1). Its retries are off: `transport.retrying` is the one owner of retries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
from hubspot import HubSpot as Client
from hubspot.crm.objects.rest import RESTClientObject

from connector.errors import RateLimited, Transient
from connector.hubspot.faults import Answer, DayOver, Denied, Expired, decoded, fault, refusal
from connector.hubspot.paths import Paths
from connector.hubspot.tokens import Tokens
from connector.ports import Clock
from connector.transport.budget import Budget
from connector.transport.lanes import Lane
from connector.transport.meter import Meter
from connector.transport.pool import Timeout
from connector.transport.retrying import Repeat
from connector.transport.throttle import Throttle, Window

SEARCH = "search"
RESULTS = "results"  # what every answer that lists records holds
HOLD_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class HubSpotAccess:
    """How to reach an account.

    Attributes:
        base_url: scheme and host.
        tokens: static or OAuth.
        api_version: `v3`, `2026-03` or `2026-09`.
        timeout: for each call.
        connections: kept open at once; as many as calls overlap.
        gzip: ask for compressed answers.
    """

    base_url: str
    tokens: Tokens
    api_version: str = "v3"
    timeout: Timeout = field(default_factory=Timeout)
    connections: int = 32
    gzip: bool = True


@dataclass(frozen=True, slots=True)
class Traffic:
    """The parts that pace and count calls, shared by everything that calls the account.

    Attributes:
        throttle: the rolling quota of the app (learned from answers).
        search: the quota of search, which all apps of the account share.
        budget: the day's.
        meter: the counters.
        repeat: `retrying(clock, dice)`.
    """

    throttle: Throttle
    search: Throttle
    budget: Budget
    meter: Meter
    repeat: Repeat[Answer]


class _RawRest(RESTClientObject):  # type: ignore[misc] # the client ships no types
    """The client's pool, taking bytes and giving answers of any status as they came."""

    def request(self, method: str, url: str, **arguments: Any) -> urllib3.BaseHTTPResponse:
        connect, read = arguments["_request_timeout"]
        answer: urllib3.BaseHTTPResponse = self.pool_manager.request(
            method,
            url,
            body=arguments.get("body"),
            headers=arguments["headers"],
            timeout=urllib3.Timeout(connect=connect, read=read),
            retries=False,
            redirect=False,
        )
        return answer


class Wire:
    """Thread-safe. `lane` says for whom it calls; `in_lane` gives the same wire for the other lane."""

    def __init__(self, access: HubSpotAccess, traffic: Traffic, clock: Clock, lane: Lane = Lane.BULK) -> None:
        self.access, self.traffic, self.clock, self.lane = access, traffic, clock, lane
        self.paths = Paths(access.api_version)
        self._api = _api(access)

    def in_lane(self, lane: Lane) -> Wire:
        """The same connections and counters, calling in another lane."""
        other = object.__new__(Wire)
        other.__dict__.update(self.__dict__, lane=lane)
        return other

    def get(self, operation: str, path: str, query: Mapping[str, str] | None = None, expects: str = "") -> Answer:
        """Ask by GET. Raises as `call` does; `expects` as there."""
        asked = f"{path}?{urlencode(query, safe=',')}" if query else path
        return self.call(operation, "GET", asked, None, expects)

    def post(self, operation: str, path: str, body: Any, expects: str = "") -> Answer:
        """Ask or tell by POST. Raises as `call` does; `expects` as there."""
        return self.call(operation, "POST", path, body, expects)

    def call(self, operation: str, method: str, path: str, body: Any = None, expects: str = "") -> Answer:
        """One call and its few repetitions. `expects` names a key without which JSON is no answer to it.

        Raises:
            Transient, RateLimited, Unauthorised: as the table in faults.py says.
            Denied: HubSpot refuses the request as it is (400, 404, 409, 414, ...).
        """
        raw = None if body is None else orjson.dumps(body)

        def once() -> Answer:
            answer = self._once(operation, method, path, raw)
            if expects and not (isinstance(answer.body, dict) and expects in answer.body):
                raise Transient(f"HubSpot's answer has no {expects}; is base_url right?")
            return answer

        return self.traffic.repeat(once)

    def once(self, operation: str, path: str, body: Any) -> Answer:
        """One POST that must not be repeated by itself: its sender finds out what became of it. Raises as `call`."""
        return self._once(operation, "POST", path, orjson.dumps(body))

    def objects(self, *rest: str) -> str:
        """A path under the objects API."""
        return self.paths.of("objects", *rest)

    def _once(self, operation: str, method: str, path: str, raw: bytes | None) -> Answer:
        token = self.access.tokens.current(self._post_form)
        try:
            return self._paced(operation, method, path, raw, token)
        except Expired:
            renewed = self.access.tokens.renewed(token, self._post_form)
            if renewed is None:
                raise
            return self._paced(operation, method, path, raw, renewed)

    def _paced(self, operation: str, method: str, path: str, raw: bytes | None, token: str) -> Answer:
        traffic = self.traffic
        throttle = traffic.search if operation == SEARCH else traffic.throttle
        traffic.budget.take(self.lane)
        throttle.acquire(self.lane)
        traffic.meter.count(operation)
        answer = self._send(method, path, raw, {"Content-Type": "application/json"}, token)
        self._learn(answer)
        if 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's success
            return answer
        error = fault(answer, self.clock.now())
        if isinstance(error, Denied):
            error = refusal(answer, f"{operation} ({method} {path.partition('?')[0]})")
        if isinstance(error, RateLimited):
            self._slow_down(error, throttle, answer.status)
        raise error

    def _slow_down(self, error: RateLimited, throttle: Throttle, status: int) -> None:
        """Everyone waits, not only the call that was told; for long, nobody calls at all."""
        if status == 429:  # noqa: PLR2004 - HTTP's "too many requests"
            self.traffic.meter.throttled()
        if isinstance(error, DayOver):
            error.until = self.traffic.budget.midnight()
        wait_s = (error.until - self.clock.now()).total_seconds()
        if wait_s > HOLD_MAX_S:
            self.traffic.budget.shut(error)
        elif status == 429:  # noqa: PLR2004 - likewise
            throttle.hold(wait_s)

    def _send(self, method: str, path: str, raw: bytes | None, headers: dict[str, str], token: str) -> Answer:
        configuration = self._api.configuration
        if configuration.access_token != token:
            configuration.access_token = token
        try:
            response = self._api.call_api(
                path,
                method,
                header_params=headers,
                body=raw,
                auth_settings=["oauth2"] if token else [],
                _preload_content=False,
                _request_timeout=(self.access.timeout.connect_s, self.access.timeout.read_s),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Transient(f"no whole answer from HubSpot ({type(error).__name__})") from error
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, decoded(response.status, response.data), lower)

    def _learn(self, answer: Answer) -> None:
        """Take over the quota the answer tells of (search answers carry none)."""
        headers = answer.headers
        calls, interval = _number(headers, "max"), _number(headers, "interval-milliseconds")
        if calls and interval:
            self.traffic.throttle.learn(Window(calls, interval / 1000), _number(headers, "remaining"))
        daily, left = _number(headers, "daily"), _number(headers, "daily-remaining")
        if daily is not None and left is not None:
            self.traffic.meter.told(daily, daily - left)

    def _post_form(self, form: Mapping[str, str]) -> Any:
        """The token endpoint: all parameters in the body (fact sheet 10). Not retried here: its caller is."""
        self.traffic.meter.count("token")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send("POST", self.paths.of("token"), urlencode(form).encode(), headers, "")
        if answer.status != 200:  # noqa: PLR2004 - HTTP's success
            raise fault(answer, self.clock.now())
        return answer.body


def server_ms(answer: Answer, clock: Clock) -> int:
    """The server's time when it answered, in epoch milliseconds (whole seconds); ours when it does not say."""
    date = answer.headers.get("date")
    try:
        moment = parsedate_to_datetime(date) if date else clock.now()
    except ValueError:
        moment = clock.now()
    return int(moment.timestamp() * 1000)


def results(answer: Answer) -> Sequence[dict[str, Any]]:
    """The records of an answer.

    Raises:
        Transient: the answer is JSON of another form.
    """
    found = answer.body.get("results") if isinstance(answer.body, dict) else None
    if not isinstance(found, list):
        raise Transient("HubSpot's answer has no results; is base_url right?")
    return found


def _api(access: HubSpotAccess) -> Any:
    client = Client(host=access.base_url.rstrip("/"), connection_pool_maxsize=access.connections, access_token="-")  # noqa: S106 - replaced before the first call
    api = client.crm.objects.basic_api.api_client
    api.rest_client = _RawRest(api.configuration)
    api.user_agent = "smarketing-connector"
    if access.gzip:
        api.set_default_header("Accept-Encoding", "gzip")
    return api


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"x-hubspot-ratelimit-{name}", "")
    return int(text) if text.isdigit() else None
