"""Reads the header of a safetensors file without touching its tensors, and without torch.

Format: eight bytes of length, that many bytes of JSON, then the data
(github.com/huggingface/safetensors). Limits follow docs on hostile files: a legal header can
still cost gigabytes.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

from engine.errors import InputNotReadable
from engine.json_reading import parse_json
from engine.model_errors import (
    ModelDamaged,
    ModelIsPickle,
    ModelIsPointer,
    ModelMissing,
    ModelTruncated,
    ModelUnsupported,
    NotAModel,
)
from engine.regular_files import NotRegular, opened, reason_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase

MAX_HEADER_BYTES = 16 << 20
MAX_TENSORS = 20_000
MAX_RANK = 8
MAX_DIMENSION = 1 << 31
MAX_ITEMS = 1 << 40  # dimensions of 0 left aside, past which torch multiplies
MAX_NAME = 512
MAX_METADATA = 8 << 20  # in letters; tables of training tags reach a few million
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """Names, shapes and types of the tensors, and the free text beside them."""

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    metadata: dict[str, str]


def is_pickle(path: Path) -> bool:
    """Whether a file is an old-style torch file, by what it begins with."""
    try:
        with opened(path) as file:
            return _starts_as_pickle(file.read(16))
    except OSError:
        return False


def read_header(path: Path) -> Header:
    """Raises one of the Model... errors: what is wrong with the file, by content, not name."""
    try:
        raw, data_bytes = _read_raw(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ModelMissing(path=str(path)) from error
    except NotRegular as error:
        raise NotAModel(path=str(path), what=reason_of(error)) from error
    except OSError as error:
        raise InputNotReadable(path=str(path), reason=reason_of(error)) from error
    return _parse(path, raw, data_bytes)


def _read_raw(path: Path) -> tuple[bytes, int]:
    """The header's JSON, and how many bytes of data follow it."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(512)
        _refuse_other_kinds(path, start, size)
        length = struct.unpack("<Q", start[:8])[0]
        if length > MAX_HEADER_BYTES:
            raise ModelDamaged(
                path=str(path),
                reason=Phrase(QT_TRANSLATE_NOOP("engine", "its header is impossibly long")),
            )
        if 8 + length > size:
            raise ModelTruncated(
                path=str(path), have_mib=size / 2**20, need_mib=(8 + length) / 2**20
            )
        file.seek(8)
        return file.read(length), size - 8 - length


def _refuse_other_kinds(path: Path, start: bytes, size: int) -> None:
    lowered = start.lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        raise ModelIsPointer(path=str(path), num_bytes=size)
    if lowered.startswith((b"<!doctype", b"<html")):
        raise NotAModel(
            path=str(path),
            what=Phrase(
                QT_TRANSLATE_NOOP("engine", "it is a web page, perhaps of a failed download")
            ),
        )
    if start.startswith(b"GGUF"):
        raise ModelUnsupported(
            path=str(path), what=Phrase(QT_TRANSLATE_NOOP("engine", "a GGUF file"))
        )
    if _starts_as_pickle(start):
        raise ModelIsPickle(path=str(path))
    if size < 10 or start[8:9] != b"{":
        what = (
            Phrase(QT_TRANSLATE_NOOP("engine", "the file is empty"))
            if size == 0
            else Phrase(QT_TRANSLATE_NOOP("engine", "it is no safetensors file"))
        )
        raise NotAModel(path=str(path), what=what)


def _starts_as_pickle(start: bytes) -> bool:
    """A header of 640 bytes begins as a pickle does; only the brace behind it tells them apart."""
    return start.startswith(PICKLE_STARTS) and start[8:9] != b"{"


def _parse(path: Path, raw: bytes, data_bytes: int) -> Header:
    try:
        table = parse_json(raw)
        metadata = {str(k): str(v) for k, v in table.pop("__metadata__", {}).items()}
        if len(table) > MAX_TENSORS:
            raise ModelDamaged(
                path=str(path),
                reason=Phrase(
                    QT_TRANSLATE_NOOP("engine", "it lists {count} tensors"), count=len(table)
                ),
            )
        if sum(len(key) + len(text) for key, text in metadata.items()) > MAX_METADATA:
            raise ModelDamaged(
                path=str(path),
                reason=Phrase(QT_TRANSLATE_NOOP("engine", "the text in it is too long")),
            )
        shapes, dtypes, end = {}, {}, 0
        for name, entry in sorted(table.items(), key=lambda item: item[1]["data_offsets"]):
            shape, (first, last) = tuple(entry["shape"]), entry["data_offsets"]
            if len(name) > MAX_NAME:
                raise ModelDamaged(
                    path=str(path),
                    reason=Phrase(
                        QT_TRANSLATE_NOOP("engine", "the name {name} is too long"), name=name[:80]
                    ),
                )
            are_counts = all(type(n) is int and n >= 0 for n in (*shape, first, last))
            if (
                not are_counts
                or any(n > MAX_DIMENSION for n in shape)
                or prod(max(n, 1) for n in shape[:MAX_RANK]) > MAX_ITEMS
            ):
                raise ModelDamaged(
                    path=str(path),
                    reason=Phrase(
                        QT_TRANSLATE_NOOP("engine", "the shape of {name} is wrong"), name=name[:80]
                    ),
                )
            if len(shape) > MAX_RANK or last - first != prod(shape) * ITEM_BYTES[entry["dtype"]]:
                raise ModelDamaged(
                    path=str(path),
                    reason=Phrase(
                        QT_TRANSLATE_NOOP("engine", "the size of {name} is wrong"), name=name[:80]
                    ),
                )
            if first != end:
                raise ModelDamaged(
                    path=str(path),
                    reason=Phrase(
                        QT_TRANSLATE_NOOP("engine", "the place of {name} is wrong"), name=name[:80]
                    ),
                )
            shapes[name], dtypes[name], end = shape, entry["dtype"], last
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelDamaged(
            path=str(path), reason=Phrase(QT_TRANSLATE_NOOP("engine", "its header cannot be read"))
        ) from error
    if end > data_bytes:
        total = len(raw) + 8
        raise ModelTruncated(
            path=str(path), have_mib=(total + data_bytes) / 2**20, need_mib=(total + end) / 2**20
        )
    if end < data_bytes:
        raise ModelDamaged(
            path=str(path),
            reason=Phrase(QT_TRANSLATE_NOOP("engine", "it holds bytes that belong to no tensor")),
        )
    return Header(shapes, dtypes, metadata)
