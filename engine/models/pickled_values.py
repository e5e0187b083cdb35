"""Reads one small tensor of an old-style checkpoint without the rest, and without torch.

The window asks what a file is. It must not wait until gigabytes are in memory.
"""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from engine.models.pickle_containers import ZIP_START, walk_legacy, walk_zip
from engine.models.pickle_values import STORAGES, Refused, View
from engine.models.pickle_walk import MAX_PICKLE_BYTES, Walked, walk
from engine.models.safetensors_header import ITEM_BYTES
from engine.regular_files import opened

_MOST_BYTES = 1 << 20
_LOCAL_NAMES = struct.Struct("<26x2H")  # a zip member's lengths of name and extra field


def read_values(path: Path, name: str) -> np.ndarray | None:
    """The tensor's values, flat. `path`: a file that the gate has let through.

    None where there is no such tensor, or one that is large, scattered or not made of floats.
    """
    try:
        raw, dtype, _ = PickledValues(path).raw(name, most_bytes=_MOST_BYTES)
        return as_floats(raw, dtype)
    except (Refused, OSError, zipfile.BadZipFile, struct.error, ValueError, LookupError):
        return None  # changed since it was vetted; loading it will say so


class PickledValues:
    """A file that the gate has let through, to read one tensor after another from.

    Raises Refused, OSError or zipfile.BadZipFile where it was changed since.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as file:
            self._is_zip = file.read(len(ZIP_START)) == ZIP_START
            self._walked = walk_zip(file) if self._is_zip else walk_legacy(file)
        self._starts: dict[str, int] = {}  # of storages

    def raw(self, name: str, most_bytes: int | None = None) -> tuple[bytes, str, tuple[int, ...]]:
        """A tensor's bytes, its type and its shape.

        Raises LookupError where there is no such tensor, or one that is larger or scattered.
        """
        view = _view(self._walked, name, most_bytes)
        if view is None:
            raise LookupError(name)
        dtype = STORAGES[view.storage.kind][0]
        key = view.storage.key
        with opened(self._path) as file:
            if key not in self._starts:
                place = _in_zip if self._is_zip else _in_legacy
                self._starts[key] = place(file, self._walked, key)
            file.seek(self._starts[key] + view.offset * ITEM_BYTES[dtype])
            return file.read(view.num_bytes), dtype, view.shape


def read_view(file: IO[bytes], walked: Walked, view: View) -> np.ndarray:
    """A small tensor's values, flat, from the file that was walked. Raises LookupError for one
    that is large, scattered or not made of floats."""
    if not _is_in_one_piece(view) or view.num_bytes > _MOST_BYTES:
        raise LookupError(view.storage.key)
    file.seek(0)
    is_zip = file.read(len(ZIP_START)) == ZIP_START
    start = (_in_zip if is_zip else _in_legacy)(file, walked, view.storage.key)
    dtype = STORAGES[view.storage.kind][0]
    file.seek(start + view.offset * ITEM_BYTES[dtype])
    return as_floats(file.read(view.num_bytes), dtype)


def as_floats(raw: bytes, dtype: str) -> np.ndarray:
    """Little-endian F16, BF16 or F32 -> numbers. Raises LookupError for another type."""
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(raw, {"F16": "<f2", "F32": "<f4"}[dtype])


def _view(walked: Walked, name: str, most_bytes: int | None) -> View | None:
    data = walked.value if isinstance(walked.value, dict) else {}
    inner = data.get("state_dict", data)
    view = inner.get(name) if isinstance(inner, dict) else None
    if not isinstance(view, View) or (most_bytes is not None and view.num_bytes > most_bytes):
        return None
    return view if _is_in_one_piece(view) else None


def _is_in_one_piece(view: View) -> bool:
    place = 1
    for size, stride in zip(reversed(view.shape), reversed(view.strides), strict=True):
        if size != 1 and stride != place:
            return False
        place *= size
    return True


def _in_zip(file: IO[bytes], walked: Walked, key: str) -> int:
    """Where the storage's bytes begin; the gate has seen that nothing is compressed."""
    del walked
    with zipfile.ZipFile(file) as archive:
        start = next(
            member.header_offset
            for member in archive.infolist()
            if member.filename.partition("/")[2] == f"data/{key}"
        )
    file.seek(start)
    lengths = _LOCAL_NAMES.unpack(file.read(_LOCAL_NAMES.size))
    return start + _LOCAL_NAMES.size + sum(lengths)


def _in_legacy(file: IO[bytes], walked: Walked, key: str) -> int:
    """The storages lie at the end, in the order of the last pickle, each behind its length."""
    file.seek(0)
    keys = walk(file.read(MAX_PICKLE_BYTES), walked.end).value
    sizes = [8 + walked.storages[str(other)].num_bytes for other in keys]
    before = [str(other) for other in keys].index(key)
    return file.seek(0, os.SEEK_END) - sum(sizes[before:]) + 8
