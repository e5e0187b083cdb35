"""LoRA in diffusers' own form: `unet.<path>.lora_A.weight` and `lora_B`.

The strength alpha / rank is folded into lora_B, so that the file means the same with and
without its metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from engine.formats import metadata
from engine.formats.lora_kohya import DTYPES
from engine.formats.metadata import ExportFacts
from engine.results import LowRankLayer, LowRankResult
from engine.storage import write_bytes


def save(path: Path, result: LowRankResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    tensors = to_tensors(result, DTYPES[facts.config.export.precision])
    header = {"format": "pt", **metadata.modelspec_header(facts, implementation="diffusers")}
    write_bytes(path, safetensors.torch.save(tensors, header))


def to_tensors(result: LowRankResult, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors = {}
    for layer in result.layers:
        name = f"{layer.part}.{_full_path(layer.part, layer.path)}"
        up = layer.up.detach().float() * (layer.alpha / layer.rank)
        tensors[f"{name}.lora_A.weight"] = layer.down.detach().to("cpu", dtype).contiguous()
        tensors[f"{name}.lora_B.weight"] = up.to("cpu", dtype).contiguous()
    return tensors


def is_diffusers(tensors: Mapping[str, Tensor]) -> bool:
    return any(name.endswith(".lora_A.weight") for name in tensors)


def parse(
    tensors: Mapping[str, Tensor], layer_paths: Mapping[str, tuple[str, str]]
) -> tuple[list[LowRankLayer], list[str]]:
    """Layers that the model has, and the names of those that it has not.

    `layer_paths` maps `<part>.<path>` of each of the model's layers to (part, path).
    """
    layers, unknown = [], []
    for name in sorted({key.rsplit(".lora_", 1)[0] for key in tensors}):
        down = tensors.get(f"{name}.lora_A.weight")
        up = tensors.get(f"{name}.lora_B.weight")
        bare = name.replace("text_encoder.text_model.", "text_encoder.")
        if down is None or up is None or down.dim() < 2 or bare not in layer_paths:
            unknown.append(name)
            continue
        layers.append(LowRankLayer(*layer_paths[bare], down, up, float(down.shape[0])))
    return layers, unknown


def _full_path(part: str, path: str) -> str:
    if part != "unet" and not path.startswith("text_model."):
        return f"text_model.{path}"
    return path
