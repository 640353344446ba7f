"""The HubSpot sandbox as a function from request to response.

Everything that reads or changes state happens under one lock; reading JSON before it and writing JSON after it do not
hold anyone up. The order of checks is HubSpot's: path, credentials, quota, scopes, then the request itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from threading import RLock
from typing import Any

import orjson

from connector.sandbox.exchange import Request, Response
from connector.sandbox.hubspot import population
from connector.sandbox.hubspot.access import Grant
from connector.sandbox.hubspot.events import EventLog
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.problems import Refusal, bad_request, missing_scopes
from connector.sandbox.hubspot.router import Endpoint, Match, known, matched, scopes_for
from connector.sandbox.hubspot.settings import Settings
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.web import Call, Reply
from connector.sandbox.services import Services

URI_MAX = 16_384  # longer lists of properties belong into a body (HubSpot fact sheet 2.1)
JSON = "application/json;charset=utf-8"


class Portal:
    """One HubSpot account in memory. Safe to use from many threads."""

    def __init__(self, services: Services, settings: Settings | None = None) -> None:
        self.state = State(services, settings or Settings())
        self.lock = RLock()
        self._asked = 0

    @property
    def settings(self) -> Settings:
        """The portal's switches; change them through `actions.set_settings` or directly between calls."""
        return self.state.settings

    @property
    def events(self) -> EventLog:
        """Webhook events so far, oldest first (HubSpot fact sheet 11.3); only ever appended to."""
        return self.state.events

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        headers: dict[str, str] = {}
        with self.lock:
            self._asked += 1
            correlation = f"{self.state.settings.portal_id:08x}-5b0c-7e11-8000-{self._asked:012x}"
            try:
                reply = self._answer(request, headers)
            except Refusal as refusal:
                headers |= refusal.headers
                reply = Reply(refusal.status, refusal.body(correlation))
        headers |= reply.headers
        headers["x-hubspot-correlation-id"] = correlation
        if reply.payload is None:
            return Response(reply.status, b"", headers)
        headers["Content-Type"] = JSON
        return Response(reply.status, orjson.dumps(reply.payload), headers)

    def owners(self) -> list[dict[str, Any]]:
        """Every owner as the Owners API prints them, archived ones last."""
        with self.lock:
            return [
                owner.shown() for archived in (False, True) for owner in self.state.owners.listed(archived=archived)
            ]

    def load_associations(self, object_name: str, to_object: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Link many records at once without events or log; a first company becomes the primary one."""
        with self.lock:
            population.link(self.state, object_name, to_object, pairs)

    def load(self, object_name: str, rows: Iterable[Mapping[str, str | None]]) -> list[str]:
        """Put many records in place at once, without events, log or lag; returns their ids. See population.py."""
        with self.lock:
            self.state.tick()
            return population.load(self.state, object_name, rows)

    def digest(self) -> str:
        """A hash of all records, merges and links: equal portals hash equally."""
        with self.lock:
            hashed = sha256()
            for name, table in sorted(self.state.tables.items()):
                for record_id, record in sorted(table.records.items()):
                    row = (name, record_id, sorted(record.values.items()), record.modified_ms, record.archived_ms)
                    hashed.update(orjson.dumps(row))
                hashed.update(orjson.dumps((name, sorted(table.aliases.items()))))
            hashed.update(orjson.dumps(self.state.links.all()))
            return hashed.hexdigest()

    def _answer(self, request: Request, headers: dict[str, str]) -> Reply:
        state = self.state
        state.tick()
        if len(request.path) + len(request.query_string) > URI_MAX:
            raise Refusal(414, "URI Too Long")
        found = matched(request.method, request.path)
        if found is None:
            if known(request.path):
                raise Refusal(405, "Method not allowed")
            raise Refusal(404, "resource not found")
        if found.route.open is not None:
            return found.route.open(state, request, found.version, found.parts)
        grant = state.credentials.grant_of(request.headers.get("authorization", ""), state.now_ms)
        enforced = state.services.settings.quotas_enforced
        headers |= state.credentials.spend(grant, found.route.lane, state.now_ms, enforced=enforced)
        return _endpoint(found, grant)(self._call(request, found, grant))

    def _call(self, request: Request, found: Match, grant: Grant) -> Call:
        call = Call(self.state, request, found.version, grant)
        call.parts = found.parts
        return call


def _endpoint(found: Match, grant: Grant) -> Endpoint:
    first = found.parts[0] if found.parts else ""
    if found.route.access.partition(".")[0] in {"objects", "schemas"} and kind_named(first) is None:
        raise bad_request(f"Unable to infer object type from: {first}")
    alternatives = scopes_for(found.route.access, first)
    if alternatives and grant.scopes.isdisjoint(alternatives):
        raise missing_scopes(alternatives)
    assert found.route.endpoint is not None, "a route answers openly or through an endpoint"
    return found.route.endpoint
