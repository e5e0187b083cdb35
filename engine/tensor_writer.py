"""Writes safetensors one tensor after another, so that a file costs no second copy in memory.

Format: eight bytes of length, a JSON header, then the data without gaps
(github.com/huggingface/safetensors). Tensors may be worked out as they are asked for.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from engine.storage import atomic_write

_NAMES = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16",
    torch.int32: "I32", torch.int64: "I64", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.float32: "F32", torch.float64: "F64",
}  # fmt: skip


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
    """Raises DiskFull or OutputNotWritable, and ValueError for a tensor of another shape than
    was planned; an older file at `path` stays whole then."""
    planned = sorted(tensors, key=lambda t: (-t.dtype.itemsize, t.name))  # aligned, as the format's
    with atomic_write(path) as file:
        file.write(_header(planned, metadata))
        for entry in planned:
            tensor = entry.make().detach().to("cpu", entry.dtype).contiguous()
            if tuple(tensor.shape) != tuple(entry.shape):
                raise ValueError(f"{entry.name} has the shape {tuple(tensor.shape)}")
            file.write(_bytes_of(tensor))


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Tensors that are there already, in their own precision."""
    write_planned(
        path,
        [Planned(name, t.shape, t.dtype, lambda t=t: t) for name, t in tensors.items()],
        metadata,
    )


def _header(planned: Sequence[Planned], metadata: Mapping[str, str] | None) -> bytes:
    table: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    place = 0
    for entry in planned:
        end = place + entry.num_bytes
        table[entry.name] = {
            "dtype": _NAMES[entry.dtype],
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
