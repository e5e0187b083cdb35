"""A second reader of kohya files, by the format's tables and not by our code.

It does what ComfyUI does: a name that it does not know is left out, and said.
"""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from torch import nn


def names_by_the_tables(unet: nn.Module, text_encoder: nn.Module) -> dict[str, nn.Module]:
    """kohya's name of each layer. The text encoder's always begins with text_model."""
    found = {}
    for prefix, root in (("lora_unet", unet), ("lora_te_text_model", text_encoder)):
        for path, module in root.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                bare = path.removeprefix("text_model.")
                found[f"{prefix}_{bare.replace('.', '_')}"] = module
    return found


@torch.no_grad()
def add(path: Path, unet: nn.Module, text_encoder: nn.Module) -> list[str]:
    """Add a file to the weights for good; returns the names that no layer has."""
    known, unknown = names_by_the_tables(unet, text_encoder), []
    tensors = safetensors.torch.load_file(path)
    for key, down in tensors.items():
        name, _, role = key.partition(".")
        if name not in known:
            unknown.append(key)
        elif role == "lora_down.weight":
            up = tensors[f"{name}.lora_up.weight"]
            rank = down.shape[0]
            scale = tensors.get(f"{name}.alpha", torch.tensor(float(rank))).item() / rank
            delta = scale * torch.einsum("or,ri->oi", up.flatten(1), down.flatten(1))
            known[name].weight += delta.reshape(known[name].weight.shape)
    return unknown
