"""Single-file models in the layout of the original Stable Diffusion code, for tests.

The names follow the published layout, part by part, and not any converter of ours or of
diffusers: UNet, autoencoder (attention weights as 1x1 convolutions) and CLIP text encoder.
Weights are made up, cheaply and different for every tensor.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from pathlib import Path

import safetensors.torch
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

CONFIGS = Path(__file__).parents[1] / "resources/model_configs"

UNET_FIXED = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def unet_blocks() -> dict[str, str]:
    """Four levels of two resnets down and three up; attention on all but the innermost."""
    table = dict(UNET_FIXED)
    for level in range(4):
        for layer in range(2):
            place = f"input_blocks.{3 * level + layer + 1}"
            table[f"down_blocks.{level}.resnets.{layer}"] = f"{place}.0"
            table[f"down_blocks.{level}.attentions.{layer}"] = f"{place}.1"
        table[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{3 * level + 3}.0.op"
        for layer in range(3):
            place = f"output_blocks.{3 * level + layer}"
            table[f"up_blocks.{level}.resnets.{layer}"] = f"{place}.0"
            table[f"up_blocks.{level}.attentions.{layer}"] = f"{place}.1"
        third = 1 if level == 0 else 2  # behind the attention, where there is one
        table[f"up_blocks.{level}.upsamplers.0.conv"] = (
            f"output_blocks.{3 * level + 2}.{third}.conv"
        )
    return table


def vae_blocks() -> dict[str, str]:
    """The decoder counts its levels from the picture inwards, diffusers from the latents out."""
    table = {}
    for side in ("encoder", "decoder"):
        table[f"{side}.mid_block.resnets.0"] = f"{side}.mid.block_1"
        table[f"{side}.mid_block.attentions.0"] = f"{side}.mid.attn_1"
        table[f"{side}.mid_block.resnets.1"] = f"{side}.mid.block_2"
        table[f"{side}.conv_norm_out"] = f"{side}.norm_out"
    for level in range(4):
        for layer in range(2):
            table[f"encoder.down_blocks.{level}.resnets.{layer}"] = (
                f"encoder.down.{level}.block.{layer}"
            )
        for layer in range(3):
            table[f"decoder.up_blocks.{level}.resnets.{layer}"] = (
                f"decoder.up.{3 - level}.block.{layer}"
            )
        table[f"encoder.down_blocks.{level}.downsamplers.0"] = f"encoder.down.{level}.downsample"
        table[f"decoder.up_blocks.{level}.upsamplers.0"] = f"decoder.up.{3 - level}.upsample"
    return table


def unet_name(key: str) -> str:
    place, rest = _longest(unet_blocks(), key)
    if ".resnets." in key:
        inner, tail = _longest(UNET_RESNET, rest)
        rest = f"{inner}.{tail}"
    return f"model.diffusion_model.{place}.{rest}"


def vae_name(key: str) -> str:
    if not re.match(r".*(_block|conv_norm_out)", key):
        return f"first_stage_model.{key}"  # conv_in, conv_out, quant_conv, post_quant_conv
    place, rest = _longest(vae_blocks(), key)
    if ".attentions." in key:
        inner, tail = _longest(VAE_ATTENTION, rest)
        rest = f"{inner}.{tail}"
    return f"first_stage_model.{place}.{rest}".replace("conv_shortcut", "nin_shortcut")


def text_name(key: str) -> str:
    return f"cond_stage_model.transformer.text_model.{key.removeprefix('text_model.')}"


def _longest(table: dict[str, str], key: str) -> tuple[str, str]:
    start = max((start for start in table if key.startswith(f"{start}.")), key=len)
    return table[start], key[len(start) + 1 :]


def parts(configs: Path) -> dict[str, nn.Module]:
    """The three networks on the meta device: names and shapes, no memory."""
    with torch.device("meta"):
        return {
            "unet": UNet2DConditionModel.from_config(
                UNet2DConditionModel.load_config(configs / "unet")
            ),
            "vae": AutoencoderKL.from_config(AutoencoderKL.load_config(configs / "vae")),
            "text_encoder": CLIPTextModel(CLIPTextConfig.from_pretrained(configs / "text_encoder")),
        }


NAMES = {"unet": unet_name, "vae": vae_name, "text_encoder": text_name}
_POOL = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0)) * 0.02
_POOL_TWICE = torch.cat([_POOL, _POOL])


def made_up(part: str, key: str, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """Weights that depend on the name: the same again wherever they are asked for."""
    count, start = shape.numel(), zlib.crc32(f"{part}.{key}".encode()) % len(_POOL)
    cycle = _POOL_TWICE[start : start + min(count, len(_POOL))].to(dtype)
    return cycle.repeat(-(-count // len(cycle)))[:count].reshape(shape)


def tensors(configs: Path, dtype: torch.dtype = torch.float16) -> dict[str, Tensor]:
    """All tensors of a single file, under the layout's names."""
    found = {}
    for part, module in parts(configs).items():
        for key, tensor in module.state_dict().items():
            if key.endswith("position_ids"):
                continue
            values = made_up(part, key, tensor.shape, dtype)
            if part == "vae" and ".attentions." in key and values.dim() == 2:
                values = values[:, :, None, None]
            found[NAMES[part](key)] = values.contiguous()
    return found


def write(path: Path, configs: Path, dtype: torch.dtype = torch.float16) -> int:
    """Write the file; returns the number of tensors."""
    table = tensors(configs, dtype)
    safetensors.torch.save_file(table, path, {"format": "pt"})
    return len(table)


def narrow_configs(folder: Path) -> Path:
    """SD 1.5's own configs with few channels: the same names, a file of a few megabytes."""
    shutil.copytree(CONFIGS / "sd15", folder / "sd15")
    narrow = {
        "unet": {
            "block_out_channels": [8, 16, 24, 24], "cross_attention_dim": 16,
            "attention_head_dim": 2, "norm_num_groups": 4,
        },
        "vae": {"block_out_channels": [4, 8, 16, 16], "norm_num_groups": 4},
        "text_encoder": {
            "hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2,
            "projection_dim": 16,
        },
    }  # fmt: skip
    for part, values in narrow.items():
        path = folder / "sd15" / part / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")
    return folder
