"""The line to Salesforce's event bus: one channel, and the three calls that subscribing needs.

Every call carries token, instance address and org id in its metadata (Salesforce fact sheet 6.3). The line is TLS but
for addresses of this very machine, where a stand-in listens. Answers may be a hundred events of a megabyte each, so
gRPC's own limit of four megabytes is lifted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

import grpc

from connector.ports import Clock
from connector.salesforce.login import Token
from connector.salesforce.pubsub import messages
from connector.salesforce.pubsub.faults import fault

CALL_S: Final = 30.0
_MESSAGE_BYTES_MAX: Final = 128 * 1024 * 1024


class Tokens(Protocol):
    """Whoever signs in: `connector.salesforce.login.Login`."""

    def token(self) -> Token:
        """The current token."""

    def renewed(self, stale: Token | None) -> Token:
        """Another one than `stale`."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the bus.

    Attributes:
        address: host:port.
        tokens: signs in, shared with the adapter.
        org_id: the org the store is bound to.
        roots: certificates to trust (PEM) in place of the well-known ones.
        tls: whether the line is; None: but for addresses of this machine.
    """

    address: str
    tokens: Tokens
    org_id: str
    roots: bytes | None = None
    tls: bool | None = None


class Line:
    """One channel, open until closed; use it as a context manager."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._clock = access, clock
        self.token: Token | None = None
        self._channel = _channel(access)
        self._topic = self._unary("GetTopic", messages.TopicInfo)
        self._schema = self._unary("GetSchema", messages.SchemaInfo)
        self._subscribe = self._channel.stream_stream(
            f"/{messages.SERVICE}/Subscribe",
            request_serializer=_serialised,
            response_deserializer=messages.FetchResponse.FromString,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def topic(self, name: str) -> Any:
        """What the bus knows of a topic. Raises as faults.py says, and as signing in does."""
        return self._asked(self._topic, messages.TopicRequest(topic_name=name))

    def schema(self, schema_id: str) -> str:
        """The Avro schema of that id, as JSON. Raises as `topic`."""
        return str(self._asked(self._schema, messages.SchemaRequest(schema_id=schema_id)).schema_json)

    def subscribe(self, requests: Iterator[Any]) -> Any:
        """A stream of answers to a stream of requests; iterating it raises grpc.RpcError, `cancel()` ends it."""
        return self._subscribe(requests, metadata=self._metadata())

    def _asked(self, call: Callable[..., Any], request: Any) -> Any:
        try:
            return call(request, timeout=CALL_S, metadata=self._metadata())
        except grpc.RpcError as error:
            raise fault(error, self._clock.now()) from None

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        token = self.token = self._access.tokens.token()
        return (("accesstoken", token.access), ("instanceurl", token.instance_url), ("tenantid", self._access.org_id))

    def _unary(self, method: str, answer: Any) -> Any:
        path = f"/{messages.SERVICE}/{method}"
        return self._channel.unary_unary(path, request_serializer=_serialised, response_deserializer=answer.FromString)


def local(address: str) -> bool:
    """Whether host:port is this very machine."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _channel(access: Access) -> grpc.Channel:
    here = local(access.address)
    options = [
        ("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX),
        ("grpc.enable_http_proxy", 0 if here else 1),
        ("grpc.use_local_subchannel_pool", 1),  # a new line is a new connection, not one that gRPC holds back
    ]
    tls = not here if access.tls is None else access.tls
    if not tls:
        return grpc.insecure_channel(access.address, options=options)
    return grpc.secure_channel(access.address, grpc.ssl_channel_credentials(access.roots), options=options)


def _serialised(message: Any) -> bytes:
    raw: bytes = message.SerializeToString()
    return raw
