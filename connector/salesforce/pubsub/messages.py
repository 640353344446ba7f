"""The messages of `eventbus.v1`, from descriptors written by hand: no generated code is kept here.

Only what subscribing needs is described; numbers and types are those of Salesforce's pubsub_api.proto (Salesforce fact
sheet 6.3). Fields that nobody here knows are passed over by protobuf, so a later version of the API does no harm. The
classes live in a pool of their own and collide with nobody else's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "eventbus.v1"
SERVICE: Final = f"{PACKAGE}.PubSub"
LATEST, CUSTOM = 0, 2  # ReplayPreset: from now on; from behind a replay id

_Types = descriptor_pb2.FieldDescriptorProto
_PLAIN: Final = {
    "string": _Types.TYPE_STRING,
    "bytes": _Types.TYPE_BYTES,
    "int32": _Types.TYPE_INT32,
    "bool": _Types.TYPE_BOOL,
}
_MESSAGES: Final[Mapping[str, Sequence[tuple[int, str, str]]]] = {  # number, name, type; [] marks a repeated one
    "FetchRequest": (
        (1, "topic_name", "string"),
        (2, "replay_preset", "ReplayPreset"),
        (3, "replay_id", "bytes"),
        (4, "num_requested", "int32"),
    ),
    "EventHeader": ((1, "key", "string"), (2, "value", "bytes")),
    "ProducerEvent": (
        (1, "id", "string"),
        (2, "schema_id", "string"),
        (3, "payload", "bytes"),
        (4, "headers", "EventHeader[]"),
    ),
    "ConsumerEvent": ((1, "event", "ProducerEvent"), (2, "replay_id", "bytes")),
    "FetchResponse": (
        (1, "events", "ConsumerEvent[]"),
        (2, "latest_replay_id", "bytes"),
        (3, "rpc_id", "string"),
        (4, "pending_num_requested", "int32"),
    ),
    "TopicRequest": ((1, "topic_name", "string"),),
    "TopicInfo": (
        (1, "topic_name", "string"),
        (2, "tenant_guid", "string"),
        (3, "can_publish", "bool"),
        (4, "can_subscribe", "bool"),
        (5, "schema_id", "string"),
        (6, "rpc_id", "string"),
    ),
    "SchemaRequest": ((1, "schema_id", "string"),),
    "SchemaInfo": ((1, "schema_json", "string"), (2, "schema_id", "string"), (3, "rpc_id", "string")),
}


def _built() -> Mapping[str, Any]:
    """The message classes by name."""
    file = descriptor_pb2.FileDescriptorProto(name="pubsub_api.proto", package=PACKAGE, syntax="proto3")
    presets = file.enum_type.add(name="ReplayPreset")
    for number, name in enumerate(("LATEST", "EARLIEST", "CUSTOM")):
        presets.value.add(name=name, number=number)
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        for number, name, kind in fields:
            _add(made, number, name, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in _MESSAGES
    }


def _add(message: Any, number: int, name: str, kind: str) -> None:
    one = kind.removesuffix("[]")
    label = _Types.LABEL_OPTIONAL if one == kind else _Types.LABEL_REPEATED
    if one in _PLAIN:
        message.field.add(name=name, number=number, label=label, type=_PLAIN[one])
        return
    of = _Types.TYPE_MESSAGE if one in _MESSAGES else _Types.TYPE_ENUM
    message.field.add(name=name, number=number, label=label, type=of, type_name=f".{PACKAGE}.{one}")


_CLASSES = _built()
FetchRequest, FetchResponse = _CLASSES["FetchRequest"], _CLASSES["FetchResponse"]
TopicRequest, TopicInfo = _CLASSES["TopicRequest"], _CLASSES["TopicInfo"]
SchemaRequest, SchemaInfo = _CLASSES["SchemaRequest"], _CLASSES["SchemaInfo"]
