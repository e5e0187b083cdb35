"""LoRA, LoHa and LoKr in kohya's and LyCORIS' form, which every front end but diffusers reads.

For every adapted layer its tensors and an alpha: `<name>.lora_down.weight`,
`<name>.lora_up.weight`, `<name>.alpha`, or LyCORIS' `hada_*` and `lokr_*` roles, with <name> =
prefix + "_" + path, dots as underscores. Families whose readers expect it name the UNet's blocks
as the original code does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine.formats import lora_reading, metadata
from engine.formats.metadata import ExportFacts
from engine.models.catalog import Family
from engine.models.ldm_names import original_unet_path
from engine.results import LORA_UP, AdapterLayer, AdapterResult
from engine.tensor_writer import data_hash, write_tensors

UNET_PREFIX = "lora_unet"
DTYPES = {"fp16": torch.float16, "fp32": torch.float32, "bf16": torch.bfloat16}

Place = tuple[str, str]  # part and path of a layer


def save(path: Path, result: AdapterResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    tensors = to_tensors(result, facts, DTYPES[facts.config.export.precision])
    header = metadata.kohya_header(facts, result)
    header["sshs_model_hash"] = data_hash(tensors)
    implementation = metadata.SGM if facts.source.family.original_block_names else "diffusers"
    header |= metadata.modelspec_header(facts, implementation=implementation)
    write_tensors(path, tensors, header)


def load(path: Path, places: Iterable[Place], facts: ExportFacts) -> AdapterResult:
    """What `save` wrote, by the names that it must have.

    Raises AddonUnreadable, AddonDoesNotFit.
    """
    unet = facts.configs["unet"]
    names = {layer_name(*place, facts.source.family, unet): place for place in places}
    return lora_reading.read_named(path, names)


def to_tensors(result: AdapterResult, facts: ExportFacts, dtype: torch.dtype) -> dict[str, Tensor]:
    family, unet = facts.source.family, facts.configs["unet"]
    tensors = {}
    for layer in (_of_one_alpha(layer, result.alpha) for layer in result.layers):
        name = layer_name(layer.part, layer.path, family, unet)
        # A factor of the whole layer, so never rounded to half precision; readers call .item().
        tensors[f"{name}.alpha"] = torch.tensor(layer.alpha, dtype=torch.float32)
        for role, tensor in layer.tensors.items():
            tensors[f"{name}.{role}"] = tensor.detach().to("cpu", dtype).contiguous()
    return tensors


def _of_one_alpha(layer: AdapterLayer, alpha: float) -> AdapterLayer:
    """The same layer of plain LoRA with the alpha that all have; what is over goes into `up`.

    diffusers (0.42) loses the alpha of an attention layer that has another than most.
    """
    if not layer.is_lora or layer.alpha == alpha:
        return layer
    up = layer.tensors[LORA_UP].detach().float() * (layer.alpha / alpha)
    return replace(layer, tensors={**layer.tensors, LORA_UP: up}, alpha=alpha)


def layer_name(part: str, path: str, family: Family, unet: Mapping[str, object]) -> str:
    """kohya's name of a layer.

    transformers >= 5.6 has no `text_model.` in the names of CLIPTextModel; the files must.
    """
    if part in family.text_prefixes:
        if not path.startswith("text_model."):
            path = f"text_model.{path}"
        return f"{family.text_prefixes[part]}_{path.replace('.', '_')}"
    if family.original_block_names:
        path = original_unet_path(path, unet)
    return f"{UNET_PREFIX}_{path.replace('.', '_')}"
