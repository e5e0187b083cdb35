"""A LoRA file as it is on disk: its tensors, its header, and the settings beside it.

A safetensors file, an old-style file of torch (through the gate that runs nothing), or a folder
of peft or diffusers that holds one of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import AddonUnreadable
from engine.formats.lora_alpha import StatedAlphas, stated_alphas
from engine.models.pickle_gate import load_pickle
from engine.models.safetensors_header import Header, is_pickle, read_header
from engine.models.tensor_file import DTYPE_NAMES
from engine.regular_files import read_bytes
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
    """`alphas`: those that are said beside the tensors."""

    path: Path
    header: Header
    tensors: Mapping[str, Tensor]
    alphas: StatedAlphas


def open_lora(path: Path) -> LoraFile:
    """Raises AddonUnreadable, one of the Model... errors or what the gate refuses."""
    if not path.is_dir():
        return _open(path)
    inside = next((path / name for name in _NAMES if (path / name).is_file()), None)
    if inside is not None:
        return _open(inside)
    halves = list(_halves(path))
    if halves:
        return _joined(path, halves)
    files = sorted(path.glob("*.safetensors"))
    if len(files) != 1:
        reason = QT_TRANSLATE_NOOP("engine", "the folder holds {count} .safetensors files, not one")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, count=len(files)))
    return _open(files[0])


def is_lora_folder(path: Path) -> bool:
    """Whether a folder is one of peft's or diffusers' for a LoRA, not a whole model."""
    if not path.is_dir() or (path / "model_index.json").is_file():
        return False
    return any((path / name).is_file() for name in _NAMES) or any(_halves(path))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """From bytes, not mapped: another program may cut the file short."""
    try:
        return safetensors.torch.load(read_bytes(path))
    except (OSError, SafetensorError) as error:
        raise AddonUnreadable(path=path.name, reason=str(error)) from error


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
    return _made(path, read_header(path), read_tensors(path))


def _made(path: Path, header: Header, tensors: Mapping[str, Tensor]) -> LoraFile:
    is_kohya = any(name.startswith(_KOHYA) for name in tensors)
    return LoraFile(path, header, tensors, stated_alphas(path, header.metadata, is_kohya=is_kohya))


def _halves(folder: Path) -> Iterator[tuple[str, Path]]:
    """peft's folders of the parts of a model, each with a file of its own."""
    for part in _PARTS:
        for name in _NAMES:
            if (folder / part / name).is_file():
                yield part, folder / part / name
                break


def _joined(folder: Path, halves: list[tuple[str, Path]]) -> LoraFile:
    tensors: dict[str, Tensor] = {}
    settings: dict[str, Mapping[str, Any]] = {}
    for part, path in halves:
        opened = _open(path)
        for name, tensor in opened.tensors.items():
            tensors[f"{part}.{name.removeprefix(_PEFT)}"] = tensor
        said = opened.alphas.settings
        settings[part] = said.get(part) or said.get("") or {}
    joined = of_tensors(folder, tensors)
    return LoraFile(folder, joined.header, tensors, StatedAlphas(folder, settings))
