"""Components as the archive that a deployment takes, and the archive that a retrieval brings as components.

Fields and list views stand together in one file of their object, outbound messages in one of their object's workflow;
every other component is a file of its own (the metadata format, not that of a source folder). package.xml names what
is there and nothing else, so that Salesforce touches nothing else. The same acts give the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from connector.errors import Refused, Transient
from connector.salesforce.setup.documents import Document, read
from connector.salesforce.setup.live import CONVERSION, Act
from connector.salesforce.source.xml import NAMESPACE, Element, document

Key = tuple[str, str]
_INSIDE: Final[Mapping[str, tuple[str, str, str]]] = {
    "CustomField": ("CustomObject", "objects/{}.object", "fields"),
    "ListView": ("CustomObject", "objects/{}.object", "listViews"),
    "WorkflowOutboundMessage": ("Workflow", "workflows/{}.workflow", "outboundMessages"),
}
"""By type that stands in a file with others: the file's root, its name by the object, the element."""
_ALONE: Final[Mapping[str, str]] = {
    "PermissionSet": "permissionsets/{}.permissionset",
    "Layout": "layouts/{}.layout",
    "Flow": "flows/{}.flow",
    CONVERSION: "LeadConvertSettings/{}.LeadConvertSetting",
}
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
UNPACKED_MAX: Final = 400 * 2**20  # Salesforce's own limit of an archive


def manifest(keys: Iterable[Key], version: str) -> str:
    """The types and names of components, as package.xml and a request to retrieve have them."""
    return document("Package", (*named(keys), ("version", version)))


def named(keys: Iterable[Key]) -> Iterator[Element]:
    """Components by type."""
    for kind, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
        yield "types", (*(("members", name) for _, name in group), ("name", kind))


def packed(acts: Iterable[Act], version: str) -> bytes:
    """The archive that makes what the acts say."""
    those = sorted(acts, key=lambda act: (act.type, act.name))
    files = {"package.xml": manifest((act.key for act in those), version).encode()}
    shared: dict[tuple[str, str], list[bytes]] = {}
    for act in those:
        if act.type in _INSIDE:
            root, path, _ = _INSIDE[act.type]
            shared.setdefault((root, path.format(act.object)), []).append(act.text)
        else:
            files[_ALONE[act.type].format(act.name)] = act.text
    for (root, path), parts in shared.items():
        opened = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}" xmlns:xsi="{_INSTANCE}">\n'
        files[path] = opened.encode() + b"\n".join(parts) + f"\n</{root}>\n".encode()
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in sorted(files.items()):
                archive.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def unpacked(content: bytes) -> dict[Key, Document]:
    """The components in an archive, by type and name; files of sorts that we never ask for are passed over.

    Raises:
        Transient: it is no archive, as when the answer was cut off.
        Refused: it would unpack to more than Salesforce allows itself.
    """
    found: dict[Key, Document] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > UNPACKED_MAX:
                raise Refused("the documents that Salesforce sent are larger than it allows; nothing was read of them")
            for name in archive.namelist():
                found.update(_components(name.removeprefix("unpackaged/"), archive.read(name)))
    except zipfile.BadZipFile:
        raise Transient("Salesforce's documents were cut off; they are asked for again") from None
    return found


def _components(path: str, content: bytes) -> Iterator[tuple[Key, Document]]:
    folder, _, file = path.partition("/")
    stem, _, _ = file.rpartition(".")
    for kind, pattern in _ALONE.items():
        if pattern.partition("/")[0] == folder and path == pattern.format(stem):
            yield (kind, stem), read(content)
    for kind, (_, pattern, name) in _INSIDE.items():
        if path == pattern.format(stem):
            whole = read(content)
            for node in whole.root.all(name):
                part = read(b"    " + whole.part(node))
                yield (kind, f"{stem}.{node.said('fullName')}"), part
