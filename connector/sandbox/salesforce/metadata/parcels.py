"""A zip taken apart, with nothing in it believed (Salesforce fact sheet 5.1).

Sizes are bounded before and while anything is unpacked; names that lead out of the folder, links and second files of
one name are refused. What is returned are paths and bytes, never files on a disk.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from stat import S_IFMT, S_ISLNK
from zipfile import BadZipFile, ZipFile, ZipInfo

from connector.sandbox.salesforce.refusals import Refusal

FILES_MAX = 10_000
ZIP_BYTES_MAX = 39 * 1024 * 1024
UNPACKED_BYTES_MAX = 400 * 1024 * 1024
_ENCRYPTED = 0x1
_SAFE = re.compile(r"[^/\\:\x00-\x1f]+(?:/[^/\\:\x00-\x1f]+)*/?")


def unpack(content: bytes) -> dict[str, bytes]:
    """Files by path. Raises Refusal for what no deployment may be."""
    if len(content) > ZIP_BYTES_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"Maximum size of request reached. Maximum size of request is {ZIP_BYTES_MAX}")
    try:
        with ZipFile(BytesIO(content)) as parcel:
            entries = [entry for entry in parcel.infolist() if _checked(entry) and not entry.is_dir()]
            _check_sizes(entries)
            return {entry.filename: _read(parcel, entry) for entry in entries}
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _invalid(f"the file is no zip that can be read: {error}") from error


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of files, the same bytes for the same files."""
    held = BytesIO()
    with ZipFile(held, "w") as parcel:
        for path in sorted(files):
            parcel.writestr(ZipInfo(path), files[path])
    return held.getvalue()


def _invalid(text: str) -> Refusal:
    return Refusal("INVALID_PARAMETER_VALUE", text)


def _checked(entry: ZipInfo) -> bool:
    """Whether an entry may be in a parcel: always, or Refusal."""
    name = entry.filename
    if not _SAFE.fullmatch(name) or {"..", "."} & set(name.split("/")):
        raise _invalid(f"a path in the zip leads out of it: {name!r}")
    if S_ISLNK(S_IFMT(entry.external_attr >> 16)):
        raise _invalid(f"a path in the zip is a link: {name!r}")
    if entry.flag_bits & _ENCRYPTED:
        raise _invalid(f"a file in the zip is encrypted: {name!r}")
    return True


def _check_sizes(entries: list[ZipInfo]) -> None:
    if len(entries) > FILES_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"Maximum number of files in a deployment is {FILES_MAX}")
    if sum(entry.file_size for entry in entries) > UNPACKED_BYTES_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"Maximum size of an unpacked deployment is {UNPACKED_BYTES_MAX}")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise _invalid("the zip holds two files of one name")


def _read(parcel: ZipFile, entry: ZipInfo) -> bytes:
    """The bytes of a file, which are as many as its head says: a zip that lies is no zip."""
    with parcel.open(entry) as file:
        found = file.read(entry.file_size + 1)
    if len(found) != entry.file_size:
        raise _invalid(f"a file in the zip is not as large as it says: {entry.filename!r}")
    return found
