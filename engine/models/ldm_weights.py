"""Weights of the original layout: a tensor of one file <-> tensors of a diffusers folder."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from engine.models.ldm_names import Entry, Form
from engine.models.tensor_file import TensorFile

Shapes = Mapping[str, Mapping[str, tuple[int, ...]]]  # part -> name in a folder -> shape


def original_shape(entry: Entry, shapes: Shapes) -> tuple[int, ...]:
    """The shape in the original file. `shapes`: those of the folder."""
    first = shapes[entry.part][entry.names[0]]
    if entry.form is Form.CONVOLUTION:
        return (*first, 1, 1)
    if entry.form is Form.TRANSPOSED:
        return first[::-1]
    if entry.form is Form.FUSED:
        return (len(entry.names) * first[0], *first[1:])
    return first


def to_original(entry: Entry, tensors: Sequence[Tensor]) -> Tensor:
    """The folder's tensors of an entry, in order -> the original's one."""
    if entry.form is Form.CONVOLUTION:
        return tensors[0][:, :, None, None]
    if entry.form is Form.TRANSPOSED:
        return tensors[0].T
    if entry.form is Form.FUSED:
        return torch.cat(list(tensors))
    return tensors[0]


def from_original(entry: Entry, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The original's tensor -> names in the folder and tensors that share no memory."""
    if entry.form is Form.CONVOLUTION:
        yield entry.names[0], tensor.flatten(1)
    elif entry.form is Form.TRANSPOSED:
        yield entry.names[0], tensor.T.contiguous()
    elif entry.form is Form.FUSED:
        for name, piece in zip(entry.names, tensor.chunk(len(entry.names)), strict=True):
            yield name, piece.clone()
    else:
        yield entry.names[0], tensor


def read_original(
    file: TensorFile, entries: Collection[Entry], dtypes: Mapping[str, torch.dtype]
) -> Iterator[tuple[str, str, Tensor]]:
    """Part, name in a folder, tensor; `dtypes` by part, a part without one is not cast."""
    for part in {entry.part: None for entry in entries}:
        by_name = {entry.originals[0]: entry for entry in entries if entry.part == part}
        for original, tensor in file.read(by_name, dtypes.get(part)):
            for name, piece in from_original(by_name[original], tensor):
                yield part, name, piece
