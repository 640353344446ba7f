"""Salesforce's Pub/Sub API: a gRPC server on 127.0.0.1 that hands out change events (Salesforce fact sheet 6.3).

Subscribing is a conversation: the caller asks for a number of events, 100 at most outstanding, gets them as they
happen, and must ask again within a minute once it has them all. Topic and place are read from the first request alone.
While nothing happens an empty answer now and then tells how far the bus has come. Every stream that fails ends with a
status and an `error-code` in its trailer. The bus lives in the org: a server that is stopped loses no event.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any, NoReturn, Self

import fastavro
import grpc
import orjson

from connector.sandbox.salesforce import pubsub_wire as wire
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.pubsub_bus import Corrupted, Published

CODES = "sfdc.platform.eventbus.grpc."
OUTSTANDING_MAX = 100
LATEST, EARLIEST, CUSTOM = 0, 1, 2
_LOOK_EVERY_S = 0.02
_STREAMS_MAX = 16
_UNARY = Callable[[dict[str, Any], grpc.ServicerContext], dict[str, Any]]


@dataclass(slots=True)
class Subscription:
    """One stream: where it stands, how many events it may still be sent, when it last heard and was heard."""

    objects: list[str]
    topic: str
    place: int
    pending: int
    told_at: float
    fed_at: float


class PubSubServer:
    """Serves `org`'s change events; `port` 0 takes a free one. Start and stop as a context manager."""

    def __init__(self, org: Org, port: int = 0) -> None:
        self._org, self._stopping = org, Event()
        self._server = grpc.server(ThreadPoolExecutor(_STREAMS_MAX, thread_name_prefix="pubsub"))
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self.port: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._parsed: dict[str, Any] = {}
        with org.lock:
            org.bus.begin()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut every stream and close the port."""
        self._stopping.set()
        self._server.stop(None).wait(5)

    def _handlers(self) -> grpc.GenericRpcHandler:
        methods = {
            "GetTopic": self._unary(self._topic, wire.TOPIC_REQUEST, wire.TOPIC_INFO),
            "GetSchema": self._unary(self._schema, wire.SCHEMA_REQUEST, wire.SCHEMA_INFO),
            "Subscribe": grpc.stream_stream_rpc_method_handler(
                self._subscribe,
                lambda raw: wire.read(wire.FETCH_REQUEST, raw),
                lambda message: wire.written(wire.FETCH_RESPONSE, message),
            ),
        }
        return grpc.method_handlers_generic_handler("eventbus.v1.PubSub", methods)

    def _unary(self, answer: _UNARY, asked: wire.Shape, answered: wire.Shape) -> grpc.RpcMethodHandler[Any, Any]:
        def guarded(message: dict[str, Any], context: grpc.ServicerContext) -> dict[str, Any]:
            self._authorise(context)
            return answer(message, context)

        return grpc.unary_unary_rpc_method_handler(
            guarded, lambda raw: wire.read(asked, raw), lambda message: wire.written(answered, message)
        )

    def _topic(self, asked: Mapping[str, Any], context: grpc.ServicerContext) -> dict[str, Any]:
        objects = self._objects(asked["topic_name"], context)
        with self._org.lock:
            schema = self._org.bus.schema_now(objects[0]) if len(objects) == 1 else ""
        return {
            "topic_name": asked["topic_name"],
            "tenant_guid": self._org.id,
            "can_subscribe": True,
            "schema_id": schema,
            "rpc_id": "sandbox",
        }

    def _schema(self, asked: Mapping[str, Any], context: grpc.ServicerContext) -> dict[str, Any]:
        with self._org.lock:
            schema = self._org.bus.schemas.get(asked["schema_id"])
        if schema is None:
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "schema.invalid", "The schema ID is not valid")
        return {"schema_json": orjson.dumps(schema).decode(), "schema_id": asked["schema_id"], "rpc_id": "sandbox"}

    def _subscribe(self, requests: Iterator[dict[str, Any]], context: grpc.ServicerContext) -> Iterator[dict[str, Any]]:
        asked: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        Thread(target=_drain, args=(requests, asked), daemon=True).start()
        self._authorise(context)
        first = asked.get()
        if first is None:
            return
        stream = self._opened(first, context)
        while context.is_active() and not self._stopping.is_set():
            if not self._fed(stream, asked, context):
                return
            answer = self._answer(stream, context)
            if answer is not None:
                yield answer

    def _opened(self, first: Mapping[str, Any], context: grpc.ServicerContext) -> Subscription:
        objects = self._objects(first["topic_name"], context)
        bus, preset, now = self._org.bus, first["replay_preset"], monotonic()
        pending = self._requested(first, context)
        if preset == CUSTOM and not first["replay_id"]:
            code = "subscription.fetch.replayid.validation.failed"
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, code, "The Replay ID is missing")
        with self._org.lock:
            bus.gather()
            try:
                place = bus.place(first["replay_id"]) if preset == CUSTOM else bus.newest() if preset == LATEST else 0
            except Corrupted:
                place = -1
        if place < 0:
            text = "The Replay ID validation failed. Ensure that it refers to an event within the retention window."
            code = "subscription.fetch.replayid.corrupted"
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, code, text)
        return Subscription(list(objects), first["topic_name"], place, pending, now, now)

    def _fed(
        self, stream: Subscription, asked: SimpleQueue[dict[str, Any] | None], context: grpc.ServicerContext
    ) -> bool:
        """Take further requests in; False when the caller has hung up or has asked for nothing for too long."""
        try:
            request = asked.get(timeout=_LOOK_EVERY_S)
        except Empty:
            starved = stream.pending == 0 and monotonic() - stream.fed_at > self._org.settings.change_starve_s
            return not starved
        if request is None:
            return False
        self._authorise(context)
        if request["topic_name"] and request["topic_name"] != stream.topic:
            code = "subscription.fetch.topic.changed"
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, code, "A stream keeps the topic it began with")
        stream.pending = min(stream.pending + self._requested(request, context), OUTSTANDING_MAX)
        stream.fed_at = monotonic()
        return True

    def _answer(self, stream: Subscription, context: grpc.ServicerContext) -> dict[str, Any] | None:
        bus, now = self._org.bus, monotonic()
        with self._org.lock:
            bus.gather()
            found = bus.after(stream.place, stream.objects, stream.pending) if stream.pending else []
            most = self._org.settings.change_delivered_max
            exceeded = bool(found) and 0 < most < bus.delivered + len(found)
            if not exceeded:
                bus.delivered += len(found)
            quiet = not found and now - stream.told_at >= self._org.settings.change_keepalive_s
            behind = bus.after(stream.place, stream.objects, 1) if quiet else []
            if quiet and not behind:
                stream.place = bus.mark()
        if exceeded:
            text = "You have exceeded the event delivery limit for your org."
            _refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded", text)
        if not found and not quiet:
            return None
        if found:
            stream.place, stream.fed_at = found[-1].number, now
            stream.pending -= len(found)
        stream.told_at = now
        return {
            "events": [self._spelt(one) for one in found],
            "latest_replay_id": stream.place.to_bytes(8, "big"),
            "rpc_id": "sandbox",
            "pending_num_requested": stream.pending,
        }

    def _spelt(self, one: Published) -> dict[str, Any]:
        if one.schema_id not in self._parsed:
            self._parsed[one.schema_id] = fastavro.parse_schema(self._org.bus.schemas[one.schema_id])
        payload = io.BytesIO()
        fastavro.schemaless_writer(payload, self._parsed[one.schema_id], one.event)
        event = {"id": f"sandbox-{one.number}", "schema_id": one.schema_id, "payload": payload.getvalue()}
        return {"event": event, "replay_id": one.replay_id}

    def _objects(self, topic: str, context: grpc.ServicerContext) -> list[str]:
        with self._org.lock:
            objects = self._org.bus.objects(topic)
        if objects is None:
            _refuse(context, grpc.StatusCode.NOT_FOUND, "topic.not.found", f"The topic {topic} is not there")
        return list(objects)

    def _requested(self, request: Mapping[str, Any], context: grpc.ServicerContext) -> int:
        number: int = request["num_requested"]
        if number <= 0:
            code = "subscription.fetch.requested.events.invalid"
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, code, "The number of requested events must be positive")
        return min(number, OUTSTANDING_MAX)

    def _authorise(self, context: grpc.ServicerContext) -> None:
        told = {str(key): str(value) for key, value in context.invocation_metadata()}
        org = self._org
        with org.lock:
            token = told.get("accesstoken", "")
            session = org.sessions.use(token, org.now().timestamp(), org.settings.session_lifetime_s)
        good = session is not None and told.get("instanceurl") == org.settings.instance_url
        if not good or told.get("tenantid", "")[:15] != org.id[:15]:
            text = "An authentication exception occurred. Provide valid authentication metadata."
            _refuse(context, grpc.StatusCode.UNAUTHENTICATED, "service.auth.error", text)


def _drain(requests: Iterator[dict[str, Any]], asked: SimpleQueue[dict[str, Any] | None]) -> None:
    try:
        for request in requests:
            asked.put(request)
    except Exception:  # noqa: BLE001, S110 - the stream is over, whatever ended it; gRPC raises plain Exception here
        pass
    asked.put(None)


def _refuse(context: grpc.ServicerContext, status: grpc.StatusCode, code: str, text: str) -> NoReturn:
    context.set_trailing_metadata((("error-code", CODES + code), ("rpc-id", "sandbox")))
    context.abort(status, text)
    raise AssertionError("aborting a call raises")
