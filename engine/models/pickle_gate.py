"""The gate for old-style torch files, and the one module that calls torch.load.

A file is vetted to the last byte of its structure before torch sees it: members and flags of the
zip, every opcode and every global of the pickle, the sizes of the storages. What passes still
goes through weights_only. There is no way around it.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

from engine.errors import ModelDamaged, ModelMissing, NotAModel, PickleLeftovers, PickleRefused
from engine.models.pickle_walk import MAX_PICKLE_BYTES, Refused, walk
from engine.models.safetensors_header import Header
from engine.wording import QT_TRANSLATE_NOOP, Phrase

MAX_FILE_BYTES = 64 << 30
MAX_MEMBERS = 20_000
_PLAIN_MEMBERS = frozenset(
    ("data.pkl", "version", "byteorder", ".format_version", ".storage_alignment",
     ".data/serialization_id")
)  # fmt: skip
_MAGIC = 0x1950A86A20F9469CFC6C  # torch's own, at the start of its older container
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_DESCRIPTOR_FLAG, _UTF8_FLAG = 0x8, 0x800
_OTHERS = {
    "tar": QT_TRANSLATE_NOOP("engine", "it is a tar archive"),
    "other": QT_TRANSLATE_NOOP("engine", "it is no torch file"),
}
_ZIP, _LEGACY = b"PK\x03\x04", (b"\x80\x02", b"\x80\x03", b"\x80\x04")

# What torch raises at data that is not what its structure promised.
_LOADING_ERRORS = (
    RuntimeError, ValueError, EOFError, LookupError, TypeError, AssertionError, struct.error,
    UnicodeDecodeError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip


def load_pickle(path: Path) -> dict[Any, Any]:
    """Plain containers with plain CPU tensors, each with memory of its own.

    Raises PickleRefused, PickleLeftovers, NotAModel, ModelDamaged or ModelMissing.
    """
    import pickle

    import torch

    with _opened(path) as file:
        _vet(path, file)
        file.seek(0)
        try:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        except (*_LOADING_ERRORS, pickle.UnpicklingError) as error:
            raise ModelDamaged(path=str(path), reason=str(error).split("\n")[0][:200]) from error
    if not isinstance(loaded, dict):
        raise NotAModel(path=str(path), what=Phrase(_OTHERS["other"]))
    return _plain(loaded)


def vet_pickle(path: Path) -> Header:
    """Vet a file and tell the names, shapes and types of its tensors, as a header would.

    Raises as `load_pickle` does.
    """
    import torch

    names = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32"}
    data = load_pickle(path)
    inner = data.get("state_dict", data)
    tensors = {
        str(name): value
        for name, value in (inner.items() if isinstance(inner, dict) else ())
        if isinstance(value, torch.Tensor)
    }
    return Header(
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
        {name: names.get(tensor.dtype, "I64") for name, tensor in tensors.items()},
        {},
    )


def _opened(path: Path) -> IO[bytes]:
    """A regular file, opened once: what is vetted is what is read."""
    try:
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        )
    except OSError as error:
        raise ModelMissing(path=str(path)) from error
    file = os.fdopen(descriptor, "rb")
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE_BYTES:
        file.close()
        raise NotAModel(path=str(path), what=Phrase(_OTHERS["other"]))
    return file


def _vet(path: Path, file: IO[bytes]) -> None:
    start = file.read(512)
    try:
        if start.startswith(_ZIP):
            _vet_zip(file)
        elif start.startswith(_LEGACY):
            _vet_legacy(file)
        else:
            kind = "tar" if start[257:262] == b"ustar" else "other"
            raise NotAModel(path=str(path), what=Phrase(_OTHERS[kind]))
    except Refused as refused:
        if refused.reason == "code":
            raise PickleRefused(path=str(path), what=refused.what) from refused
        if refused.reason == "leftovers":
            raise PickleLeftovers(path=str(path), what=refused.what) from refused
        raise ModelDamaged(path=str(path), reason=refused.what) from refused
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
        raise ModelDamaged(path=str(path), reason=str(error)[:200]) from error


def _vet_zip(file: IO[bytes]) -> None:
    """Raises Refused."""
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise Refused("damaged", "too many members")
        roots = {member.filename.partition("/")[0] for member in members}
        inner = [member.filename.partition("/")[2] for member in members]
        if len(roots) != 1 or len(set(inner)) != len(inner) or inner.count("data.pkl") != 1:
            raise Refused("damaged", "not one archive of one pickle")
        total = 0
        for member, name in zip(members, inner, strict=True):
            if name not in _PLAIN_MEMBERS and not _is_storage(name):
                raise Refused("code", f"a member called {name[:80]}")
            _vet_member(file, member)
            total += member.file_size
        if total > size:
            raise Refused("damaged", "members larger than the file")
        if min(member.header_offset for member in members) != 0:
            raise Refused("damaged", "something before the archive")
        pickled = archive.getinfo(f"{roots.pop()}/data.pkl")
        if pickled.file_size > MAX_PICKLE_BYTES:
            raise Refused("damaged", "a pickle that is too long")
        data = archive.read(pickled)
        if walk(data).end != len(data):
            raise Refused("code", "something behind the pickle's end")


def _is_storage(name: str) -> bool:
    head, _, number = name.partition("/")
    return head == "data" and number.isascii() and number.isdigit()


def _vet_member(file: IO[bytes], member: zipfile.ZipInfo) -> None:
    """Stored as it is, without tricks, and named the same in both of the zip's tables."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise Refused("damaged", "a compressed member")
    if member.flag_bits & ~(_DESCRIPTOR_FLAG | _UTF8_FLAG):
        raise Refused("damaged", "odd flags")
    if member.file_size != member.compress_size:
        raise Refused("damaged", "sizes that differ")
    file.seek(member.header_offset)
    raw = file.read(_LOCAL_HEADER.size)
    magic, _, flags, method, *_, name_length, _ = _LOCAL_HEADER.unpack(raw)
    name = file.read(name_length).decode("utf-8", errors="replace")
    if magic != _ZIP or method != 0 or name != member.filename or flags != member.flag_bits:
        raise Refused("damaged", "two tables that differ")


def _vet_legacy(file: IO[bytes]) -> None:
    """Five pickles in a row: magic number, protocol, system, data, keys; then the storages."""
    file.seek(0)
    data = file.read(4 * MAX_PICKLE_BYTES)
    end = 0
    for number in range(5):
        found = walk(data, end)
        if number == 0 and _MAGIC.to_bytes(10, "little") not in data[end : found.end]:
            raise Refused("code", "a pickle that torch did not write")
        end = found.end


def _plain(loaded: Any, depth: int = 0) -> Any:
    """Parameters become tensors, views get memory of their own; nothing deeper than needed."""
    import torch

    if isinstance(loaded, torch.Tensor):
        tensor = loaded.detach()
        whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        return tensor if whole and tensor.is_contiguous() else tensor.contiguous().clone()
    if isinstance(loaded, dict) and depth < 8:
        return {key: _plain(value, depth + 1) for key, value in loaded.items()}
    if isinstance(loaded, list | tuple) and depth < 8:
        return type(loaded)(_plain(value, depth + 1) for value in loaded)
    return loaded if isinstance(loaded, str | int | float | bool | type(None)) else None
