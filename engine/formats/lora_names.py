"""Every name under which files of all trainers know a model's layers.

The names are those of kohya, LyCORIS, diffusers, peft, OneTrainer and ComfyUI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from engine.models.base import DiffusionModel
from engine.models.ldm_names import UNET, original_unet_paths, renamed

Place = tuple[str, str]  # part and path of a layer

# Layers of an adapter that is in the model already: a run that continues from a file.
_INSIDE_ADAPTER = re.compile(r"\.lora_[AB]\.")
_LAYERS = (nn.Linear, nn.Conv2d, nn.LayerNorm, nn.GroupNorm)
# What OneTrainer and ComfyUI call the text encoders.
_CLIPS = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
_OPEN_CLIP_H = 1024  # width of SD 2's text encoder
# A projection that CLIP-L has in files of SD 3's trainers; no picture depends on it.
WITHOUT_EFFECT = re.compile(
    r"(lora_te1?_(text_model_)?|(text_encoder|clip_l)\.)text_projection\..+"
)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """A layer's name in a file -> its part and path."""

    places: dict[str, Place]
    # Names of a text encoder saved alone, which do not say which of the two it is.
    ambiguous: dict[str, tuple[Place, ...]]


def known_names(model: DiffusionModel) -> KnownNames:
    table = original_unet_paths(model.configs()["unet"])
    prefixes = model.source.family.text_prefixes
    clips = _clips(model)
    found: dict[str, Place] = {}
    bare: dict[str, tuple[Place, ...]] = {}
    for part, path in _places(model):
        if part in prefixes:
            names = set(_text_names(part, path, prefixes[part], clips[part]))
            if part == "text_encoder":  # files of SD 1 say lora_te, of any family lora_te1
                names |= set(_flat_text_names(path, ("lora_te", "lora_te1")))
            for name in _full_paths(path):
                bare[name] = (*bare.get(name, ()), (part, path))
        else:
            names = _unet_names(path, table)
        found |= dict.fromkeys(names, (part, path))
    if len(prefixes) == 1:
        found |= {name: places[0] for name, places in bare.items()}
    return KnownNames(found, bare)


def _unet_names(path: str, table: dict[str, str]) -> set[str]:
    names = {f"lora_unet_{_flat(path)}", f"lycoris_{_flat(path)}", f"unet.{path}", path}
    try:
        original = renamed(path, table)
    except KeyError:
        return names  # a layer that the original code does not have
    flat = {f"lora_unet_{_flat(original)}", f"lycoris_{_flat(original)}"}
    dotted = {f"{start}{original}" for start in ("unet.", "diffusion_model.", UNET)}
    return names | flat | dotted


def _text_names(part: str, path: str, prefix: str, clip: str) -> Iterator[str]:
    for full in _full_paths(path):
        yield f"{part}.{full}"
        yield f"{clip}.{full}"
        yield f"text_encoders.{clip}.transformer.{full}"
    yield from _flat_text_names(path, (prefix,))


def _flat_text_names(path: str, prefixes: tuple[str, ...]) -> Iterator[str]:
    """With `text_model_`, as every program demands; OneTrainer's projection has none."""
    names = {f"text_model.{path.removeprefix('text_model.')}"}
    if path == "text_projection":
        names.add(path)
    for prefix in prefixes:
        yield from (f"{prefix}_{_flat(name)}" for name in names)


def _full_paths(path: str) -> set[str]:
    """With and without `text_model.`, which transformers >= 5.6 has dropped from CLIPTextModel."""
    bare = path.removeprefix("text_model.")
    return {path, f"text_model.{bare}", bare}


def _clips(model: DiffusionModel) -> dict[str, str]:
    parts = [part.name for part in model.parts() if part.reads_text]
    width = model.source.family.context_width
    if len(parts) == 1 and width == _OPEN_CLIP_H:
        return {parts[0]: "clip_h"}
    return {part: _CLIPS[part] for part in parts}


def _flat(path: str) -> str:
    return path.replace(".", "_")


def _places(model: DiffusionModel) -> Iterator[Place]:
    """Part and path of every layer that an add-on can change."""
    for part in model.parts():
        for path, module in part.module.named_modules():
            if isinstance(module, _LAYERS) and not _INSIDE_ADAPTER.search(path):
                yield part.name, path.removesuffix(".base_layer")
