"""The tensors of a base model as they lie on the disk, to be copied bit for bit.

A model in memory is no source for that: its weights may be held in another precision, and what is
never used while drawing (OpenCLIP's last layer, position ids) was not read at all.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from engine.errors import UserError
from engine.models.catalog import Layout, ModelSource, header_of, with_usual_names
from engine.models.ldm_names import Entry, folder_name, original_entries, usual_names
from engine.models.ldm_weights import from_original
from engine.models.networks import whole_shapes
from engine.models.pickle_gate import vet_pickle
from engine.models.pickle_values import Refused
from engine.models.pickled_values import PickledValues
from engine.models.safetensors_header import Header, is_pickle, read_header
from engine.models.size import weight_files
from engine.models.tensor_file import DTYPES, SafetensorsFile

EMA = "model_ema."  # averaged weights: as large as the UNet, and no longer those of the model
MARKS = ("v_pred", "ztsnr")  # what the model predicts; see engine.formats.checkpoint

Configs = Mapping[str, Mapping[str, object]]
Place = tuple[str, str]  # part, and name in a diffusers folder

_UNREADABLE = (
    UserError, Refused, OSError, ValueError, LookupError, TypeError, RuntimeError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip


class _File(Protocol):
    def read_one(self, name: str) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class _At:
    """Where a weight is: a tensor of a file, and which of its pieces."""

    file: _File
    name: str
    dtype: torch.dtype
    entry: Entry | None = None  # None: the tensor is the weight


@dataclass(frozen=True, slots=True)
class BaseTensors:
    """A base model that can still be read.

    `others`: tensors of a single file that are not the weights of a network. Averaged weights and
    marks are not among them.
    """

    places: Mapping[Place, _At]
    others: Mapping[str, tuple[tuple[int, ...], torch.dtype]]
    file: _File | None = None

    def dtype(self, part: str, name: str) -> torch.dtype | None:
        """None where the base model has no such weight."""
        at = self.places.get((part, name))
        return None if at is None else at.dtype

    def read(self, part: str, name: str) -> Tensor | None:
        """The weight in its own precision; None where it can no longer be read."""
        at = self.places[part, name]
        try:
            tensor = at.file.read_one(at.name)
        except _UNREADABLE:
            return None
        return tensor if at.entry is None else dict(from_original(at.entry, tensor))[name]

    def read_other(self, name: str) -> Tensor:
        """Raises ModelDamaged, OSError or LookupError where the file was changed."""
        assert self.file is not None
        return self.file.read_one(name)


def open_base(source: ModelSource, configs: Configs) -> BaseTensors | None:
    """None where the base model was deleted or changed since the training began."""
    try:
        if source.layout is Layout.SINGLE_FILE:
            return _of_file(source.path, configs)
        return _of_folder(source.path, configs)
    except _UNREADABLE:
        return None


def num_averaged(source: ModelSource) -> int:
    """How many tensors of averaged weights the base model has, which no export of ours has."""
    if source.layout is not Layout.SINGLE_FILE:
        return 0
    try:
        return sum(name.startswith(EMA) for name in header_of(source.path).shapes)
    except _UNREADABLE:
        return 0


def _of_file(path: Path, configs: Configs) -> BaseTensors:
    file, header = _opened(path)
    shapes = whole_shapes(configs)
    entries = original_entries(configs, {part: list(names) for part, names in shapes.items()})
    places: dict[Place, _At] = {}
    for entry in entries:
        original = entry.originals[0]
        if original in header.shapes:
            at = _At(file, original, DTYPES[header.dtypes[original]], entry)
            places |= {(entry.part, name): at for name in entry.names}
    known = {entry.originals[0] for entry in entries}
    others = {
        name: (shape, DTYPES[header.dtypes[name]])
        for name, shape in header.shapes.items()
        if name not in known and not name.startswith(EMA) and name not in MARKS
    }
    return BaseTensors(places, others, file)


def _of_folder(folder: Path, configs: Configs) -> BaseTensors:
    places: dict[Place, _At] = {}
    for part, shapes in whole_shapes(configs).items():
        for path in weight_files(folder / part):
            file, header = _opened(path)
            for name, shape in header.shapes.items():
                own = folder_name(part, name)
                if shapes.get(own) == shape:  # old autoencoders have others
                    places[part, own] = _At(file, name, DTYPES[header.dtypes[name]])
    return BaseTensors(places, {})


def _opened(path: Path) -> tuple[_File, Header]:
    """A file, and its header with the names that the original code has."""
    if not is_pickle(path):
        header = with_usual_names(read_header(path))
        return SafetensorsFile(path, header.shapes, header.dtypes), header
    header = vet_pickle(path)
    own_names = {usual: own for own, usual in usual_names(header.shapes).items()}
    return _Pickle(PickledValues(path), own_names), with_usual_names(header)


@dataclass(frozen=True, slots=True)
class _Pickle:
    """An old-style checkpoint, one tensor at a time: as a whole it would fill the memory."""

    values: PickledValues
    own_names: Mapping[str, str]

    def read_one(self, name: str) -> Tensor:
        raw, dtype, shape = self.values.raw(self.own_names[name])
        flat = torch.frombuffer(bytearray(raw), dtype=DTYPES[dtype]) if raw else torch.empty(0)
        return flat.to(DTYPES[dtype]).reshape(shape)
