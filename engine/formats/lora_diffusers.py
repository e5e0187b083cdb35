"""LoRA in diffusers' own form: `unet.<path>.lora_A.weight` and `lora_B`.

The strength alpha / rank is folded into lora_B: every layer's own scale is 1, which is what
diffusers >= 0.40 takes it for where nothing is said (huggingface/diffusers#14409). Older versions
scale the layers of a file with different ranks otherwise; such a file says the same in its header,
as diffusers >= 0.34 reads it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import FormatDoesNotFit
from engine.formats import lora_reading, metadata
from engine.formats.lora_kohya import DTYPES, Place
from engine.formats.metadata import ExportFacts
from engine.results import LORA_DOWN, LORA_UP, AdapterResult
from engine.tensor_writer import write_tensors

ADAPTER_KEY = "lora_adapter_metadata"


def save(path: Path, result: AdapterResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable, and FormatDoesNotFit for LoHa and LoKr, which
    diffusers does not read."""
    if result.algorithm != "lora":
        kind = {"loha": "LoHa", "lokr": "LoKr"}.get(result.algorithm, result.algorithm)
        raise FormatDoesNotFit(format="diffusers", model=kind, instead="kohya")
    tensors = to_tensors(result, DTYPES[facts.config.export.precision])
    header = {"format": "pt", **metadata.modelspec_header(facts, implementation="diffusers")}
    if len({layer.rank for layer in result.layers}) > 1:
        header[ADAPTER_KEY] = json.dumps(adapter_metadata(result), sort_keys=True)
    write_tensors(path, tensors, header)


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


def adapter_metadata(result: AdapterResult) -> dict[str, object]:
    """peft's settings of each part, whose alpha is the rank in every layer."""
    found: dict[str, object] = {}
    for part in {layer.part: None for layer in result.layers}:
        ranks = {layer.path: layer.rank for layer in result.layers if layer.part == part}
        usual = Counter(ranks.values()).most_common(1)[0][0]
        others = {path: rank for path, rank in ranks.items() if rank != usual}
        # Names of text encoders are unlike in different versions of transformers; their ends are
        # not, and their ranks do not differ.
        places = {path.rpartition(".")[2] for path in ranks} if part != "unet" else set(ranks)
        found |= {
            f"{part}.r": usual,
            f"{part}.lora_alpha": usual,
            f"{part}.rank_pattern": others,
            f"{part}.alpha_pattern": others,
            f"{part}.target_modules": sorted(places),
        }
    return found


def full_path(part: str, path: str) -> str:
    if part.startswith("text_encoder") and not path.startswith("text_model."):
        return f"text_model.{path}"
    return path
