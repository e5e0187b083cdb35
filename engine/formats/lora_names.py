"""Every name under which files of all trainers know a model's layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from engine.models.base import DiffusionModel
from engine.models.ldm_names import original_unet_paths, renamed

Names = dict[str, tuple[str, str]]

# Layers of an adapter that stands in the model already: a run that goes on from a file.
_INSIDE_ADAPTER = re.compile(r"\.lora_[AB]\.")


@dataclass(frozen=True, slots=True)
class KnownNames:
    """A layer's name in a file -> its part and path."""

    kohya: Names  # kohya, LyCORIS; both ways to name the UNet's blocks
    diffusers: Names  # diffusers, peft


def known_names(model: DiffusionModel) -> KnownNames:
    table = original_unet_paths(model.configs()["unet"])
    prefixes = model.source.family.text_prefixes
    kohya: Names = {}
    diffusers: Names = {}
    for part, path in _places(model):
        if part in prefixes:
            full = path if path.startswith("text_model.") else f"text_model.{path}"
            kohya[f"{prefixes[part]}_{_flat(full)}"] = (part, path)
            if len(prefixes) == 1:  # files of old say lora_te1 for the only encoder
                kohya[f"lora_te1_{_flat(full)}"] = (part, path)
            diffusers[f"{part}.{full}"] = (part, path)
            diffusers[f"{part}.{path}"] = (part, path)
            continue
        kohya[f"lora_unet_{_flat(path)}"] = (part, path)
        diffusers[f"{part}.{path}"] = (part, path)
        diffusers[path] = (part, path)  # a UNet saved alone, by diffusers of old or peft
        try:
            original = renamed(path, table)
        except KeyError:
            continue  # a layer that the original code does not have
        kohya[f"lora_unet_{_flat(original)}"] = (part, path)
    return KnownNames(kohya, diffusers)


def _flat(path: str) -> str:
    return path.replace(".", "_")


def _places(model: DiffusionModel) -> Iterator[tuple[str, str]]:
    """Part and path of every layer that an add-on can stand beside."""
    for part in model.parts():
        for path, module in part.module.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d) and not _INSIDE_ADAPTER.search(path):
                yield part.name, path.removesuffix(".base_layer")
