"""Writes safetensors one tensor after another, so that a file costs no second copy in memory.

Format: eight bytes of length, a JSON header, then the data without gaps
(github.com/huggingface/safetensors). Tensors may be worked out as they are asked for.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from engine.models.tensor_file import DTYPE_NAMES
from engine.storage import atomic_write, sync

PIECE_BYTES = 16 << 20
SYNC_BYTES = 64 << 20  # a sync of gigabytes would take seconds without a word


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor that will be written: its header now, its data when its turn comes."""

    name: str
    shape: Sequence[int]
    dtype: torch.dtype
    make: Callable[[], Tensor]

    @property
    def num_bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


def write_planned(
    path: Path, tensors: Iterable[Planned], metadata: Mapping[str, str] | None = None
) -> None:
    """Raises DiskFull, OutputNotWritable or InputNotReadable, and ValueError for a tensor of
    another shape than was planned; an older file at `path` stays whole then."""
    for _ in _writing(path, tensors, metadata):
        pass


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Tensors that are there already, in their own precision. Equal tensors and metadata give
    equal bytes; safetensors' own writer puts the metadata in a different order each time."""
    write_planned(path, _planned(tensors), metadata)


def writing(path: Path, tensors: Mapping[str, Tensor]) -> Generator[None, None, str]:
    """`write_tensors` in pieces, none of which takes long; returns the sha256 of the file."""
    return (yield from _writing(path, _planned(tensors), None))


def data_hash(tensors: Mapping[str, Tensor]) -> str:
    """sha256 of the data section alone, which is kohya's sshs_model_hash.

    It does not depend on the metadata, so it can be a part of them.
    """
    digest = hashlib.sha256()
    for entry in _in_order(_planned(tensors)):
        digest.update(_bytes_of(entry.make().detach().to("cpu").contiguous()))
    return digest.hexdigest()


def _planned(tensors: Mapping[str, Tensor]) -> list[Planned]:
    return [Planned(name, t.shape, t.dtype, lambda t=t: t) for name, t in tensors.items()]


def _in_order(tensors: Iterable[Planned]) -> list[Planned]:
    """The order of safetensors' own writer, which keeps every tensor aligned."""
    return sorted(tensors, key=lambda entry: (-entry.dtype.itemsize, entry.name))


def _writing(
    path: Path, tensors: Iterable[Planned], metadata: Mapping[str, str] | None
) -> Generator[None, None, str]:
    planned = _in_order(tensors)
    digest, unsynced = hashlib.sha256(), 0
    with atomic_write(path) as file:
        for piece in _pieces(planned, metadata):
            digest.update(piece)
            file.write(piece)
            unsynced += len(piece)
            if unsynced >= SYNC_BYTES:
                sync(file, path.parent)
                unsynced = 0
            yield
    return digest.hexdigest()


def _pieces(
    planned: Sequence[Planned], metadata: Mapping[str, str] | None
) -> Iterator[bytes | memoryview]:
    yield _header(planned, metadata)
    for entry in planned:
        tensor = entry.make().detach().to("cpu", entry.dtype).contiguous()
        if tuple(tensor.shape) != tuple(entry.shape):
            raise ValueError(f"{entry.name} has the shape {tuple(tensor.shape)}")
        data = _bytes_of(tensor)
        for start in range(0, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]


def _header(planned: Sequence[Planned], metadata: Mapping[str, str] | None) -> bytes:
    table: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    place = 0
    for entry in planned:
        end = place + entry.num_bytes
        table[entry.name] = {
            "dtype": DTYPE_NAMES[entry.dtype],
            "shape": list(entry.shape),
            "data_offsets": [place, end],
        }
        place = end
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def _bytes_of(tensor: Tensor) -> memoryview:
    if tensor.numel() == 0:
        return memoryview(b"")
    return tensor.reshape(-1).view(torch.uint8).numpy().data
