"""LoRA in diffusers' own form: `unet.<path>.lora_A.weight` and `lora_B`.

The strength alpha / rank is folded into lora_B, so that the file means the same with and
without its metadata.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from engine.errors import FormatDoesNotFit
from engine.formats import lora_reading, metadata
from engine.formats.lora_kohya import DTYPES, Place
from engine.formats.metadata import ExportFacts
from engine.results import LORA_DOWN, LORA_UP, AdapterResult
from engine.storage import write_bytes


def save(path: Path, result: AdapterResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable, and FormatDoesNotFit for LoHa and LoKr, which
    diffusers does not read."""
    if result.algorithm != "lora":
        kind = {"loha": "LoHa", "lokr": "LoKr"}.get(result.algorithm, result.algorithm)
        raise FormatDoesNotFit(format="diffusers", model=kind, instead="kohya")
    tensors = to_tensors(result, DTYPES[facts.config.export.precision])
    header = {"format": "pt", **metadata.modelspec_header(facts, implementation="diffusers")}
    write_bytes(path, safetensors.torch.save(tensors, header))


def load(path: Path, places: Iterable[Place], facts: ExportFacts) -> AdapterResult:
    """What `save` wrote. Raises AddonUnreadable, AddonDoesNotFit."""
    del facts
    names = {f"{part}.{full_path(part, layer)}": (part, layer) for part, layer in places}
    return lora_reading.read_named(path, names)


def to_tensors(result: AdapterResult, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors = {}
    for layer in result.layers:
        name = f"{layer.part}.{full_path(layer.part, layer.path)}"
        up = layer.tensors[LORA_UP].detach().float() * (layer.alpha / layer.rank)
        down = layer.tensors[LORA_DOWN].detach()
        tensors[f"{name}.lora_A.weight"] = down.to("cpu", dtype).contiguous()
        tensors[f"{name}.lora_B.weight"] = up.to("cpu", dtype).contiguous()
    return tensors


def full_path(part: str, path: str) -> str:
    if part.startswith("text_encoder") and not path.startswith("text_model."):
        return f"text_model.{path}"
    return path
