"""The two containers of torch.save, checked to the last byte: the zip and the older one.

Several readers must not see several files in the same bytes. So nothing is compressed, nothing
is hidden between the members, and both tables of the zip say the same.
"""

from __future__ import annotations

import os
import struct
import zipfile
from typing import IO

from engine.models.pickle_values import Refused, Storage
from engine.models.pickle_walk import MAX_PICKLE_BYTES, Walked, walk

MAX_MEMBERS = 20_000
MAX_DIRECTORY_BYTES = 8 << 20
ZIP_START = b"PK\x03\x04"
LEGACY_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PLAIN_MEMBERS = frozenset(
    ("data.pkl", "version", "byteorder", ".format_version", ".storage_alignment",
     ".data/serialization_id")
)  # fmt: skip
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_END, _END64 = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_DESCRIPTOR_FLAG, _UTF8_FLAG = 0x8, 0x800
_DESCRIPTOR_BYTES = (0, 12, 16, 20, 24)
_IN_EXTRA_FIELD = 0xFFFFFFFF
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # torch's own, at the start of the older one


def walk_zip(file: IO[bytes]) -> Walked:
    """What `data.pkl` would make, its storages being there. Raises Refused or zipfile's errors.

    The checksum of the storages is not looked at: torch can write none.
    """
    size = file.seek(0, os.SEEK_END)
    count, start = _directory(file, size)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if count != len(members) or archive.start_dir != start or archive.comment:
            raise Refused("damaged", "two directories that differ")
        root, inner = _named(members)
        _tile(file, members, archive.start_dir)
        pickled = inner["data.pkl"]
        if pickled.file_size > MAX_PICKLE_BYTES:
            raise Refused("damaged", "a pickle that is too long")
        data = archive.read(pickled)
    walked = walk(data)
    if walked.end != len(data):
        raise Refused("code", "something behind the end of the pickle")
    for key, storage in walked.storages.items():
        member = inner.get(f"data/{key}")
        if member is None or member.file_size != storage.num_bytes:
            raise Refused("damaged", f"storage {key[:40]} in {root[:40]} has another size")
    return walked


def _directory(file: IO[bytes], size: int) -> tuple[int, int]:
    """How many members there are, and where the directory starts, which nothing may follow.

    A reader can find the larger record of a large file by its place or by what points to it;
    here both must lead to the same one.
    """
    place = size - _END.size
    file.seek(max(0, place - _LOCATOR.size - _END64.size))
    tail = file.read()
    if len(tail) < _END.size or not tail[-_END.size :].startswith(b"PK\x05\x06"):
        raise Refused("cut", "no directory at the end")
    _, *disks, here, count, length, start, _ = _END.unpack(tail[-_END.size :])
    if tail[-_END.size - _LOCATOR.size :].startswith(b"PK\x06\x07"):
        short = (count, length, start)
        place -= _LOCATOR.size + _END64.size
        *disks, here, count, length, start = _END64.unpack(tail[: _END64.size])[4:]
        pointed = _LOCATOR.unpack(tail[-_END.size - _LOCATOR.size : -_END.size])[2]
        said = zip(
            short, (count, length, start), (0xFFFF, _IN_EXTRA_FIELD, _IN_EXTRA_FIELD), strict=True
        )
        if pointed != place or any(small not in (large, more) for small, large, more in said):
            raise Refused("damaged", "two directories that differ")
    if any(disks) or here != count or start + length != place:
        raise Refused("damaged", "a directory that is somewhere else")
    if count > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        raise Refused("damaged", "a directory that is too long")
    return count, start


def _named(members: list[zipfile.ZipInfo]) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """The one folder of all members, and the members by their names within it."""
    roots, inner = set[str](), dict[str, zipfile.ZipInfo]()
    for member in members:
        root, _, name = member.orig_filename.partition("/")
        if name == "constants.pkl" or name.startswith("code/"):
            raise Refused("code", f"{name[:80]}, a TorchScript program")
        if name in inner or not (name in _PLAIN_MEMBERS or _is_storage(name)):
            raise Refused("damaged", f"a member called {name[:80]!r}")
        roots.add(root)
        inner[name] = member
    if len(roots) != 1 or "data.pkl" not in inner:
        raise Refused("damaged", "not one archive of one pickle")
    return roots.pop(), inner


def _is_storage(name: str) -> bool:
    head, _, number = name.partition("/")
    return head == "data" and number.isascii() and number.isdigit()


def _tile(file: IO[bytes], members: list[zipfile.ZipInfo], end: int) -> None:
    """The members fill the file from its start to the directory, without gap or overlap."""
    place, gaps = 0, (0,)
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset - place not in gaps:
            raise Refused("damaged", "something between the members")
        place = _end_of(file, member)
        gaps = _DESCRIPTOR_BYTES if member.flag_bits & _DESCRIPTOR_FLAG else (0,)
    if end - place not in gaps:
        raise Refused("damaged", "something before the directory")


def _end_of(file: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Where the data end that lie there as they are, described alike in both tables."""
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise Refused("damaged", "a compressed member")
    if member.flag_bits & ~(_DESCRIPTOR_FLAG | _UTF8_FLAG):
        raise Refused("damaged", "odd flags")
    file.seek(member.header_offset)
    magic, _, flags, method, _, _, crc, packed, unpacked, name_bytes, extra_bytes = (
        _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    )
    name = file.read(name_bytes)
    if magic != ZIP_START or method != zipfile.ZIP_STORED or flags != member.flag_bits:
        raise Refused("damaged", "two tables that differ")
    unknown = (0,) if flags & _DESCRIPTOR_FLAG else ()
    said = zip(
        (crc, packed, unpacked),
        (member.CRC, member.file_size, member.file_size),
        strict=True,
    )
    encoding = "utf-8" if flags & _UTF8_FLAG else "cp437"
    if name != member.orig_filename.encode(encoding, "replace") or any(
        local not in (central, _IN_EXTRA_FIELD, *unknown) for local, central in said
    ):
        raise Refused("damaged", "two tables that differ")
    return member.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes + member.file_size


def walk_legacy(file: IO[bytes]) -> Walked:
    """Five pickles in a row: magic number, protocol, system, data, keys; then the storages.

    Each storage is its number of items in eight bytes, and the items. Raises Refused.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = file.read(MAX_PICKLE_BYTES)  # of a large file the rest are storages
    magic = walk(data)
    if magic.value != _MAGIC:
        raise Refused("damaged", "a pickle that torch did not write")
    protocol = walk(data, magic.end)
    system = walk(data, protocol.end)
    walked = walk(data, system.end)
    keys = walk(data, walked.end)
    if protocol.value != _PROTOCOL or protocol.storages or system.storages or keys.storages:
        raise Refused("damaged", "a pickle that torch did not write")
    if type(keys.value) is not list or sorted(map(str, keys.value)) != sorted(walked.storages):
        raise Refused("damaged", "keys of other storages")
    place = keys.end
    for key in keys.value:
        place = _end_of_storage(file, place, walked.storages[str(key)])
    if place != size:
        raise Refused("cut" if place > size else "damaged", "storages of another size")
    return walked


def _end_of_storage(file: IO[bytes], place: int, storage: Storage) -> int:
    file.seek(place)
    said = file.read(8)
    if said != storage.num_items.to_bytes(8, "little"):
        raise Refused(
            "damaged" if len(said) == 8 else "cut", f"storage {storage.key[:40]} has another size"
        )
    return place + 8 + storage.num_bytes
