"""A LoRA file as it is on disk: its tensors, its header, and the settings beside it.

A safetensors file, an old-style file of torch (through the gate that runs nothing), or a folder
of peft or diffusers that holds one of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import AddonUnreadable, InputNotReadable
from engine.formats.lora_alpha import StatedAlphas, stated_alphas
from engine.models.pickle_gate import load_pickle
from engine.models.safetensors_header import Header, is_pickle, read_header
from engine.models.tensor_file import DTYPE_NAMES, DTYPES, SafetensorsFile
from engine.regular_files import is_file, is_folder, listed, reason_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase

# What peft and diffusers call the file of weights in a folder, the best first.
_NAMES = tuple(
    f"{stem}.{suffix}"
    for suffix in ("safetensors", "bin")
    for stem in ("adapter_model", "pytorch_lora_weights")
)
_PARTS = ("unet", "text_encoder", "text_encoder_2")
_PEFT = "base_model.model."
_KOHYA = ("lora_unet_", "lora_te", "lycoris_")


@dataclass(frozen=True, slots=True)
class LoraFile:
    """`alphas`: those that are said beside the tensors. `unread`: files whose tensors are on the
    meta device so far, and the part of the model that each of them is for."""

    path: Path
    header: Header
    tensors: Mapping[str, Tensor]
    alphas: StatedAlphas
    unread: tuple[tuple[Path, str], ...] = ()


def open_lora(path: Path) -> LoraFile:
    """What the header promises; of a safetensors file no weight is read. See `with_weights`.

    Raises AddonUnreadable, one of the Model... errors or what the gate refuses.
    """
    if not is_folder(path):
        return _open(path)
    inside = next((path / name for name in _NAMES if is_file(path / name)), None)
    if inside is not None:
        return _open(inside)
    halves = list(_halves(path))
    if halves:
        return _joined(path, halves)
    try:
        files = listed(path, "*.safetensors")
    except OSError as error:
        raise AddonUnreadable(path=path.name, reason=reason_of(error)) from error
    if len(files) != 1:
        reason = QT_TRANSLATE_NOOP("engine", "the folder holds {count} .safetensors files, not one")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, count=len(files)))
    return _open(files[0])


def is_lora_folder(path: Path) -> bool:
    """Whether a folder is one of peft's or diffusers' for a LoRA, not a whole model."""
    if not is_folder(path) or is_file(path / "model_index.json"):
        return False
    return any(is_file(path / name) for name in _NAMES) or any(_halves(path))


def with_weights(file: LoraFile) -> LoraFile:
    """The same with all of its tensors. Raises AddonUnreadable or one of the Model... errors."""
    tensors = dict(file.tensors)
    for path, part in file.unread:
        tensors |= {_in_part(part, name): tensor for name, tensor in read_tensors(path).items()}
    return replace(file, tensors=tensors, unread=())


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Raises AddonUnreadable or one of the Model... errors."""
    header = read_header(path)
    try:
        return dict(SafetensorsFile(path, header.shapes, header.dtypes).read(header.shapes))
    except OSError as error:
        raise InputNotReadable(path=str(path), reason=reason_of(error)) from error


def state_dict(data: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The tensors of an old-style file; trainers put them under "state_dict" or the like."""
    for name in ("state_dict", "model_state_dict", "weights", "lora"):
        if isinstance(data.get(name), Mapping):
            data = data[name]
            break
    return {str(name): value for name, value in data.items() if isinstance(value, Tensor)}


def of_tensors(path: Path, tensors: Mapping[str, Tensor]) -> LoraFile:
    """A file without a header of its own."""
    header = Header(
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
        {name: DTYPE_NAMES.get(tensor.dtype, "") for name, tensor in tensors.items()},
        {},
    )
    return _made(path, header, tensors)


def _open(path: Path) -> LoraFile:
    if is_pickle(path):
        return of_tensors(path, state_dict(load_pickle(path)))
    header = read_header(path)
    promised = {
        name: torch.empty(shape, dtype=DTYPES[header.dtypes[name]], device="meta")
        for name, shape in header.shapes.items()
    }
    return replace(_made(path, header, promised), unread=((path, ""),))


def _made(path: Path, header: Header, tensors: Mapping[str, Tensor]) -> LoraFile:
    is_kohya = any(name.startswith(_KOHYA) for name in tensors)
    return LoraFile(path, header, tensors, stated_alphas(path, header.metadata, is_kohya=is_kohya))


def _in_part(part: str, name: str) -> str:
    """The name of a tensor in a folder's file of one part, as files of all parts have it."""
    return f"{part}.{name.removeprefix(_PEFT)}" if part else name


def _halves(folder: Path) -> Iterator[tuple[str, Path]]:
    """peft's folders of the parts of a model, each with a file of its own."""
    for part in _PARTS:
        for name in _NAMES:
            if is_file(folder / part / name):
                yield part, folder / part / name
                break


def _joined(folder: Path, halves: list[tuple[str, Path]]) -> LoraFile:
    tensors: dict[str, Tensor] = {}
    settings: dict[str, Mapping[str, Any]] = {}
    unread: list[tuple[Path, str]] = []
    for part, path in halves:
        opened = _open(path)
        for name, tensor in opened.tensors.items():
            tensors[_in_part(part, name)] = tensor
        unread += [(file, part) for file, _ in opened.unread]
        said = opened.alphas.settings
        settings[part] = said.get(part) or said.get("") or {}
    joined = of_tensors(folder, tensors)
    stated = StatedAlphas(folder, settings)
    return LoraFile(folder, joined.header, tensors, stated, tuple(unread))
