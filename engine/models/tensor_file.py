"""Reads tensors from a file one after another, each straight into memory of its own.

Nothing is mapped: a mapped file that another program cuts short ends this process with SIGBUS.
Nothing is read twice: the peak is the tensors that the reader keeps, plus the one in work.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Protocol

import torch
from torch import Tensor

from engine.model_errors import ModelDamaged
from engine.models.catalog import is_pickle, with_usual_names
from engine.models.ldm_names import usual_names
from engine.models.safetensors_header import ITEM_BYTES, read_header
from engine.regular_files import opened
from engine.wording import QT_TRANSLATE_NOOP, Phrase

DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16,
    "U16": torch.uint16, "I32": torch.int32, "U32": torch.uint32, "I64": torch.int64,
    "U64": torch.uint64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
    "F64": torch.float64, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class TensorFile(Protocol):
    """A vetted file of named tensors."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]: ...

    def read(
        self, wanted: Collection[str], dtype: torch.dtype | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """The wanted tensors in the order of the file, floats cast to `dtype` if it is given."""
        ...


@dataclass(frozen=True, slots=True)
class SafetensorsFile:
    """See engine.models.safetensors_header for what makes a file a good one."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]  # in the order of the data, which has no gaps
    dtypes: Mapping[str, str]

    def read(
        self, wanted: Collection[str], dtype: torch.dtype | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """Raises ModelDamaged where the file ends early: it may change while it is read."""
        with opened(self.path, buffering=0) as file:
            place = 8 + struct.unpack("<Q", file.read(8))[0]
            for name, shape in self.shapes.items():
                size = prod(shape) * ITEM_BYTES[self.dtypes[name]]
                if name in wanted:
                    file.seek(place)
                    tensor = torch.empty(shape, dtype=DTYPES[self.dtypes[name]])
                    if size:
                        self._read_into(file, tensor)
                    yield name, _cast(tensor, dtype)
                    del tensor
                place += size

    def read_one(self, name: str) -> Tensor:
        """Raises KeyError where there is no such tensor, else as `read`."""
        if name not in self.shapes:
            raise KeyError(name)
        return next(tensor for _, tensor in self.read({name}))

    def _read_into(self, file: IO[bytes], tensor: Tensor) -> None:
        rest = tensor.reshape(-1).view(torch.uint8).numpy().data
        while rest:
            count = file.readinto(rest)  # pyright: ignore[reportAttributeAccessIssue]
            if not count:
                raise ModelDamaged(
                    path=str(self.path),
                    reason=Phrase(QT_TRANSLATE_NOOP("engine", "it was cut while it was read")),
                )
            rest = rest[count:]


@dataclass(slots=True)
class PickledFile:
    """An old-style checkpoint. It is in memory as a whole; what has been read is let go."""

    tensors: dict[str, Tensor]

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}

    def read(
        self, wanted: Collection[str], dtype: torch.dtype | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        for name in [name for name in self.tensors if name in wanted]:
            yield name, _cast(self.tensors.pop(name), dtype)


def open_tensors(path: Path) -> TensorFile:
    """Vet a file and open it. Raises one of the Model... errors."""
    if is_pickle(path):
        from engine.models.pickle_gate import load_pickle  # late: few files need it

        tensors = _state_dict(load_pickle(path))
        usual = usual_names(tensors)
        return PickledFile({usual[name]: tensor for name, tensor in tensors.items()})
    header = with_usual_names(read_header(path))
    return SafetensorsFile(path, header.shapes, header.dtypes)


@dataclass(frozen=True, slots=True)
class JoinedFiles:
    """Two files read as one; the second one's names begin with `prefix`, unless they do already."""

    first: TensorFile
    second: TensorFile
    prefix: str

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        beside = {self._name(name): shape for name, shape in self.second.shapes.items()}
        return {**self.first.shapes, **beside}

    def read(
        self, wanted: Collection[str], dtype: torch.dtype | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        yield from self.first.read({n for n in wanted if n in self.first.shapes}, dtype)
        beside = {name for name in self.second.shapes if self._name(name) in wanted}
        for name, tensor in self.second.read(beside, dtype):
            yield self._name(name), tensor

    def _name(self, name: str) -> str:
        return name if name.startswith(self.prefix) else self.prefix + name


def _state_dict(data: object) -> dict[str, Tensor]:
    """The tensors of a checkpoint: under "state_dict", or the whole is nothing else."""
    inner = data.get("state_dict", data) if isinstance(data, Mapping) else {}
    found = inner if isinstance(inner, Mapping) else {}
    return {str(name): t for name, t in found.items() if isinstance(t, Tensor)}


def _cast(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor
