"""The web application: webhooks are believed, stored and answered; health, readiness and metrics are told.

A request passes its door (`doors`), becomes a row of the inbox, and is answered once that row is committed. What is
wrong with a request is its sender's fault and said in one line (400, 401, 404, 405, 413, 415); whatever is wrong with
us is 503, so that the sender comes again. Of a request that is not believed nothing is kept but a count. A door that
is not configured does not exist. Nothing here reads a CRM, maps a field or decides anything.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Final, TypeVar

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from connector.config.service import Web, Webhooks
from connector.core.refs import Side
from connector.ports import Clock, Dice
from connector.storage import bindings
from connector.storage.database import Database
from connector.storage.inbox import Post
from webhooks.address import networks, signed_url
from webhooks.doors import Door, Refusal, doors
from webhooks.inbox import NotStored, Writer
from webhooks.measures import Measures
from webhooks.signatures import Sent

REQUEST_ID: Final = "X-Request-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET: Final = frozenset({"health", "ready", "metrics"})  # asked every few seconds; told only when they go wrong
_PATHS: Final = {
    "hubspot": "/webhooks/hubspot",
    "outbound": "/webhooks/salesforce/outbound/<path:secret>",
    "events": "/webhooks/salesforce/events",
}
T = TypeVar("T")
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class House:
    """What the application stands on.

    Attributes:
        org_id: the org of the configuration, where it names one; else the one the store is bound to counts.
        metrics: the installation's numbers in Prometheus' text format.
    """

    database: Database
    writer: Writer
    clock: Clock
    dice: Dice
    org_id: str | None = None
    metrics: Callable[[], bytes] = bytes


def create_app(web: Web, webhooks: Webhooks, house: House) -> Flask:
    """The WSGI application of an installation; `house.writer` must be running."""
    app = Flask("smarketing", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = web.body_max_kib * 1024 + 1  # a chunked body is cut there without a word
    measures = Measures()
    reception = Reception(web, house)
    for source, door in doors(webhooks, Org(house)).items():
        app.add_url_rule(_PATHS[source], source, reception.at(door), methods=["POST"])
    state = State(web, house, measures)
    app.add_url_rule("/health", "health", state.health)
    app.add_url_rule("/ready", "ready", state.ready)
    app.add_url_rule("/metrics", "metrics", state.metrics)
    _frame(app, house, measures)
    return app


class Org:
    """The org that the installation belongs to: for good, once it is known."""

    def __init__(self, house: House) -> None:
        self._database, self._known = house.database, house.org_id

    def __call__(self) -> str | None:
        """Its id; None before the first run."""
        if self._known is None:
            with self._database.read() as conn:
                self._known = bindings.bound(conn, Side.SALESFORCE)
        return self._known


class Reception:
    """Takes requests at doors and hands them to the writer."""

    def __init__(self, web: Web, house: House) -> None:
        self._public_url, self._proxies = web.public_url, networks(web.trusted_proxies)
        self._house = house

    def at(self, door: Door) -> Callable[..., Response]:
        """The view function of a door."""

        def receive(secret: str = "") -> Response:
            url = signed_url(request.environ, self._public_url, self._proxies)
            try:
                body = _body(door)
                now = self._house.clock.now()
                door.check(Sent(request.method, url, request.headers.get, body), secret, now)
            except Refusal as why:
                self._house.writer.count(f"refused.{door.source}.{why.reason}")
                raise
            self._house.writer.store(Post(door.source, now, g.request_id, body, _kept_headers()))
            said, media_type = door.answer
            return Response(said, HTTPStatus.OK, content_type=media_type)

        return receive


def _body(door: Door) -> bytes:
    if request.mimetype not in door.kinds or request.headers.get("Content-Encoding", "identity") != "identity":
        kinds = " or ".join(door.kinds)
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media_type", f"send {kinds}, not compressed")
    most = (request.max_content_length or 0) - 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(most) from error
    if len(body) > most:
        raise _too_large(most)
    return body


def _too_large(most: int) -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"at most {most // 1024:,} KiB are taken")


def _kept_headers() -> dict[str, str]:
    """What may help a person to understand a request; never a signature."""
    return {"content-type": request.headers.get("Content-Type", "")[:200]}


class State:
    """Whether we live, whether we can work, and our numbers. One asks the store at a time, so that a store that hangs
    cannot hold every thread.
    """

    def __init__(self, web: Web, house: House, measures: Measures) -> None:
        self._house, self._measures = house, measures
        self._token = None if web.metrics_token is None else web.metrics_token.reveal()
        self._asking = Lock()

    def health(self) -> Response:
        """The process is alive."""
        return _line("alive", HTTPStatus.OK)

    def ready(self) -> Response:
        """The store answers and is of this version."""
        problem = self._alone(self._house.database.problem)
        return _line("ready", HTTPStatus.OK) if problem is None else _line(problem, HTTPStatus.SERVICE_UNAVAILABLE)

    def metrics(self) -> Response:
        """The numbers, for whoever has the token."""
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogatepass")
        if self._token is not None and not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            answer = _line("present the token: Authorization: Bearer ...", HTTPStatus.UNAUTHORIZED)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        numbers = self._alone(self._house.metrics)
        return Response(numbers + self._measures.text(), content_type="text/plain; version=0.0.4; charset=utf-8")

    def _alone(self, ask: Callable[[], T]) -> T:
        if not self._asking.acquire(blocking=False):
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, "busy", "the store is being asked already and has not answered"
            )
        try:
            return ask()
        finally:
            self._asking.release()


def _frame(app: Flask, house: House, measures: Measures) -> None:
    """What happens around every request: its id, its measure, its line in the log, and errors in one line."""

    @app.before_request
    def begin() -> None:
        g.began = house.clock.monotonic()
        g.request_id = _request_id(house.dice)

    @app.after_request
    def end(answer: Response) -> Response:
        answer.headers[REQUEST_ID] = g.request_id
        _tell(answer, house.clock.monotonic() - g.began, measures)
        return answer

    @app.errorhandler(Refusal)
    def refused(why: Refusal) -> Response:
        g.reason = why.reason
        return _line(str(why), why.status)

    @app.errorhandler(HTTPException)
    def wrong(error: HTTPException) -> Response:
        answer = _line(error.name.lower(), error.code or HTTPStatus.BAD_REQUEST)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            answer.headers["Allow"] = ", ".join(sorted(allowed))
        return answer

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if not isinstance(error, NotStored):
            _log.error("a request could not be answered", exc_info=error, endpoint=request.endpoint)
        g.reason = "ours"
        return _line("not now; send it again", HTTPStatus.SERVICE_UNAVAILABLE)


def _request_id(dice: Dice) -> str:
    """The id the request came with, if it is one; else a new one."""
    given = request.headers.get(REQUEST_ID, "")
    if _SANE_ID.fullmatch(given):
        return given
    return f"{int(dice.roll() * 2**48):012x}{int(dice.roll() * 2**48):012x}"


def _tell(answer: Response, seconds: float, measures: Measures) -> None:
    """Of the path nothing is told: a secret may stand in it."""
    endpoint = request.endpoint or "none"
    if endpoint in _PATHS:
        measures.answered(endpoint, answer.status_code, seconds)
    if endpoint in _QUIET and answer.status_code < HTTPStatus.BAD_REQUEST:
        return
    _log.info(
        "request",
        endpoint=endpoint,
        method=request.method if request.method in _METHODS else "other",
        status=answer.status_code,
        reason=g.get("reason", ""),
        request_id=g.request_id,
        bytes=request.content_length or 0,
        ms=round(seconds * 1000, 1),
    )


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _line(words: str, status: int) -> Response:
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")
