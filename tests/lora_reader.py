"""A second reader of kohya and LyCORIS files, by the format's tables and not by our code.

It does what ComfyUI does: a name that it does not know is left out, and said. SDXL's UNet it
knows by the original code's block names alone, which is what our files must use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

_ROLE = re.compile(r"\.(lora_(?:up|down|mid)\.weight|(?:hada|lokr)_\w+|alpha)$")
_RESNET = {
    "in_layers_2": "conv1", "emb_layers_1": "time_emb_proj", "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}  # fmt: skip


def names_by_the_tables(unet: nn.Module, texts: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """kohya's name of each layer. `texts`: "lora_te", or "lora_te1" and "lora_te2" of SDXL.

    The text encoders' paths always begin with text_model.
    """
    found = dict(_originals(unet)) if "lora_te2" in texts else dict(_layers("lora_unet", unet))
    for prefix, encoder in texts.items():
        bare = getattr(encoder, "text_model", encoder)
        found |= dict(_layers(f"{prefix}_text_model", bare))
    return found


def _layers(prefix: str, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for path, module in root.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            yield f"{prefix}_{path.replace('.', '_')}", module


def _originals(unet) -> Iterator[tuple[str, nn.Module]]:
    """input_blocks, middle_block and output_blocks, counted as the original code does."""
    number = 1
    for block in unet.down_blocks:
        for layer, resnet in enumerate(block.resnets):
            yield from _pair(f"input_blocks_{number}", block, layer, resnet)
            number += 1
        for sampler in block.downsamplers or ():
            yield f"lora_unet_input_blocks_{number}_0_op", sampler.conv
            number += 1
    yield from _resnet("lora_unet_middle_block_0", unet.mid_block.resnets[0])
    yield from _layers("lora_unet_middle_block_1", unet.mid_block.attentions[0])
    yield from _resnet("lora_unet_middle_block_2", unet.mid_block.resnets[1])
    number = 0
    for block in unet.up_blocks:
        for layer, resnet in enumerate(block.resnets):
            yield from _pair(f"output_blocks_{number}", block, layer, resnet)
            number += 1
        for sampler in block.upsamplers or ():
            place = 2 if hasattr(block, "attentions") else 1
            yield f"lora_unet_output_blocks_{number - 1}_{place}_conv", sampler.conv


def _pair(place: str, block, layer: int, resnet) -> Iterator[tuple[str, nn.Module]]:
    yield from _resnet(f"lora_unet_{place}_0", resnet)
    if hasattr(block, "attentions"):
        yield from _layers(f"lora_unet_{place}_1", block.attentions[layer])


def _resnet(place: str, resnet) -> Iterator[tuple[str, nn.Module]]:
    for original, own in _RESNET.items():
        if getattr(resnet, own) is not None:
            yield f"{place}_{original}", getattr(resnet, own)


@torch.no_grad()
def add(path: Path, unet: nn.Module, texts: Mapping[str, nn.Module]) -> list[str]:
    """Add a file to the weights for good; returns the names that no layer has."""
    known, unknown = names_by_the_tables(unet, texts), []
    by_layer: dict[str, dict[str, Tensor]] = {}
    for key, tensor in safetensors.torch.load_file(path).items():
        role = _ROLE.search(key)
        name = key[: role.start()] if role else key
        if name not in known or role is None:
            unknown.append(key)
        else:
            by_layer.setdefault(name, {})[role[1]] = tensor.float()
    for name, roles in by_layer.items():
        weight = known[name].weight
        weight += change(roles).reshape(weight.shape)
    return unknown


def change(roles: Mapping[str, Tensor]) -> Tensor:
    """delta W from the tensors of a layer, by the published formulas."""
    alpha = roles.get("alpha")
    if "lora_down.weight" in roles:
        down, up = roles["lora_down.weight"], roles["lora_up.weight"]
        raw, rank = torch.einsum("or,ri->oi", up.flatten(1), down.flatten(1)), down.shape[0]
    elif "hada_w1_a" in roles:  # (B1 A1) o (B2 A2)
        first = torch.einsum("or,ri->oi", roles["hada_w1_a"], roles["hada_w1_b"])
        second = torch.einsum("or,ri->oi", roles["hada_w2_a"], roles["hada_w2_b"])
        raw, rank = first * second, roles["hada_w1_b"].shape[0]
    else:  # C (x) (B A), or C (x) D
        first, second, rank = _whole(roles, "lokr_w1"), _whole(roles, "lokr_w2"), 0
        for factor in ("lokr_w1_b", "lokr_w2_b"):
            rank = roles[factor].shape[0] if factor in roles else rank
        blocks = torch.einsum("ij,kn->ikjn", first, second)
        raw = blocks.reshape(first.shape[0] * second.shape[0], -1)
    return raw if alpha is None or rank == 0 else raw * (float(alpha) / rank)


def _whole(roles: Mapping[str, Tensor], name: str) -> Tensor:
    if name in roles:
        return roles[name].flatten(1)
    return roles[f"{name}_a"] @ roles[f"{name}_b"].flatten(1)
