"""LoRA in kohya's form, which ComfyUI, AUTOMATIC1111, Forge, InvokeAI and SD.Next read.

For every adapted layer three tensors: `<name>.lora_down.weight`, `<name>.lora_up.weight`,
`<name>.alpha`, with <name> = prefix + "_" + path, dots as underscores.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from engine.formats import metadata
from engine.formats.metadata import ExportFacts
from engine.results import LowRankLayer, LowRankResult
from engine.storage import write_bytes

PREFIXES = {"unet": "lora_unet", "text_encoder": "lora_te"}
DTYPES = {"fp16": torch.float16, "fp32": torch.float32, "bf16": torch.bfloat16}


def save(path: Path, result: LowRankResult, facts: ExportFacts) -> None:
    """Raises DiskFull or OutputNotWritable; an older file at `path` stays whole then."""
    tensors = to_tensors(result, DTYPES[facts.config.export.precision])
    header = metadata.kohya_header(facts, result)
    header["sshs_model_hash"] = metadata.data_hash(tensors)
    header |= metadata.modelspec_header(facts, implementation="diffusers")
    write_bytes(path, safetensors.torch.save(tensors, header))


def to_tensors(result: LowRankResult, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors = {}
    for layer in result.layers:
        name = layer_name(layer.part, layer.path)
        tensors[f"{name}.alpha"] = torch.tensor(layer.alpha, dtype=dtype)
        tensors[f"{name}.lora_down.weight"] = layer.down.detach().to("cpu", dtype).contiguous()
        tensors[f"{name}.lora_up.weight"] = layer.up.detach().to("cpu", dtype).contiguous()
    return tensors


def layer_name(part: str, path: str) -> str:
    """kohya's name of a layer.

    transformers >= 5.6 has no `text_model.` in the names of CLIPTextModel; the files must.
    """
    if part != "unet" and not path.startswith("text_model."):
        path = f"text_model.{path}"
    return f"{PREFIXES[part]}_{path.replace('.', '_')}"


def is_kohya(tensors: Mapping[str, Tensor]) -> bool:
    return any(name.endswith(".lora_down.weight") for name in tensors)


def parse(
    tensors: Mapping[str, Tensor], layer_paths: Mapping[str, tuple[str, str]]
) -> tuple[list[LowRankLayer], list[str]]:
    """Layers that the model has, and the names of those that it has not.

    `layer_paths` maps kohya's name of each of the model's layers to (part, path). A missing
    alpha means alpha = rank, as in every reader.
    """
    by_name: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        name, _, role = key.partition(".")
        by_name.setdefault(name, {})[role] = tensor
    layers, unknown = [], []
    for name, roles in sorted(by_name.items()):
        down, up = roles.pop("lora_down.weight", None), roles.pop("lora_up.weight", None)
        alpha = roles.pop("alpha", None)
        # Whatever is left changes what the layer means: DoRA's scale, a Tucker core.
        if down is None or up is None or down.dim() < 2 or name not in layer_paths or roles:
            unknown.append(name)
            continue
        scale = float(down.shape[0]) if alpha is None or alpha.numel() != 1 else alpha.item()
        layers.append(LowRankLayer(*layer_paths[name], down, up, float(scale)))
    return layers, unknown
