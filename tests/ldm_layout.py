"""Single-file models in the layouts of the original Stable Diffusion code, for tests.

The names follow the published layouts, part by part, and not any converter of ours or of
diffusers: UNet, autoencoder (attention weights as 1x1 convolutions), CLIP as transformers names
it, OpenCLIP with its fused projections. Weights are made up, cheaply, different for every tensor,
and such that a forward pass stays finite.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from engine.tensor_writer import Planned, write_planned

CONFIGS = Path(__file__).parents[1] / "resources/model_configs"
FAMILIES = ("sd15", "sd21-base", "sd21-v", "sdxl")
COUNTS = {"sd15": 1130, "sd21-base": 1228, "sd21-v": 1228, "sdxl": 2514}  # without position_ids

UNET_FIXED = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
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
# The upsampler stands behind the attention, where a level has any.
UPSAMPLERS = {
    "sd1": ("output_blocks.2.1.conv", "output_blocks.5.2.conv", "output_blocks.8.2.conv"),
    "sd2": ("output_blocks.2.1.conv", "output_blocks.5.2.conv", "output_blocks.8.2.conv"),
    "sdxl": ("output_blocks.2.2.conv", "output_blocks.5.2.conv"),
}
VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
OPEN_CLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
LAST_LAYER_OF_OPEN_CLIP_H = 23  # published, though nothing reads what comes out of it
SPREAD_NORM = "up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias"

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Piece:
    """One tensor of the file: which weights it comes from, and how."""

    name: str
    part: str
    keys: tuple[str, ...]
    form: str = "same"  # "convolution", "transposed", "fused", "extra"


def kind_of(configs: Path) -> str:
    if (configs / "text_encoder_2").is_dir():
        return "sdxl"
    unet = json.loads((configs / "unet/config.json").read_text("utf-8"))
    return "sd2" if unet["use_linear_projection"] else "sd1"


def predicts_v(configs: Path) -> bool:
    scheduler = json.loads((configs / "scheduler/scheduler_config.json").read_text("utf-8"))
    return scheduler["prediction_type"] == "v_prediction"


def unet_blocks(kind: str) -> dict[str, str]:
    """Levels of two resnets down and three up: four levels, or SDXL's three."""
    table = dict(UNET_FIXED)
    for level in range(3 if kind == "sdxl" else 4):
        for layer in range(2):
            place = f"input_blocks.{3 * level + layer + 1}"
            table[f"down_blocks.{level}.resnets.{layer}"] = f"{place}.0"
            table[f"down_blocks.{level}.attentions.{layer}"] = f"{place}.1"
        table[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{3 * level + 3}.0.op"
        for layer in range(3):
            place = f"output_blocks.{3 * level + layer}"
            table[f"up_blocks.{level}.resnets.{layer}"] = f"{place}.0"
            table[f"up_blocks.{level}.attentions.{layer}"] = f"{place}.1"
    for level, place in enumerate(UPSAMPLERS[kind]):
        table[f"up_blocks.{level}.upsamplers.0.conv"] = place
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


def unet_name(key: str, blocks: dict[str, str]) -> str:
    place, rest = _longest(blocks, key)
    if ".resnets." in key:
        inner, tail = _longest(UNET_RESNET, rest)
        rest = f"{inner}.{tail}"
    return f"model.diffusion_model.{place}.{rest}"


def vae_name(key: str, blocks: dict[str, str]) -> str:
    if not re.match(r".*(_block|conv_norm_out)", key):
        return f"first_stage_model.{key}"  # conv_in, conv_out, quant_conv, post_quant_conv
    place, rest = _longest(blocks, key)
    if ".attentions." in key:
        inner, tail = _longest(VAE_ATTENTION, rest)
        rest = f"{inner}.{tail}"
    return f"first_stage_model.{place}.{rest}".replace("conv_shortcut", "nin_shortcut")


def _longest(table: dict[str, str], key: str) -> tuple[str, str]:
    start = max((start for start in table if key.startswith(f"{start}.")), key=len)
    return table[start], key[len(start) + 1 :]


def parts(configs: Path) -> dict[str, nn.Module]:
    """The networks on the meta device: names and shapes, no memory."""
    with torch.device("meta"):
        found: dict[str, nn.Module] = {
            "unet": UNet2DConditionModel.from_config(
                UNet2DConditionModel.load_config(configs / "unet")
            ),
            "vae": AutoencoderKL.from_config(AutoencoderKL.load_config(configs / "vae")),
            "text_encoder": CLIPTextModel(CLIPTextConfig.from_pretrained(configs / "text_encoder")),
        }
        if kind_of(configs) == "sdxl":
            found["text_encoder_2"] = CLIPTextModelWithProjection(
                CLIPTextConfig.from_pretrained(configs / "text_encoder_2")
            )
        return found


def shapes(configs: Path) -> dict[str, dict[str, Shape]]:
    """Part -> weight (without `text_model.`) -> shape, as the libraries have them."""
    return {
        part: {
            key.removeprefix("text_model."): tuple(tensor.shape)
            for key, tensor in module.state_dict().items()
            if not key.endswith("position_ids")
        }
        for part, module in parts(configs).items()
    }


def pieces(kind: str, known: dict[str, dict[str, Shape]]) -> Iterator[Piece]:
    """Every tensor of the file. `known`: of `shapes`."""
    blocks = unet_blocks(kind)
    for key in known["unet"]:
        yield Piece(unet_name(key, blocks), "unet", (key,))
    blocks = vae_blocks()
    for key, shape in known["vae"].items():
        is_matrix = ".attentions." in key and len(shape) == 2
        form = "convolution" if is_matrix else "same"
        yield Piece(vae_name(key, blocks), "vae", (key,), form)
    if kind == "sd2":
        yield from _open_clip("text_encoder", known["text_encoder"], "cond_stage_model.model.")
        return
    prefix = {"sd1": "cond_stage_model", "sdxl": "conditioner.embedders.0"}[kind]
    for key in known["text_encoder"]:
        yield Piece(f"{prefix}.transformer.text_model.{key}", "text_encoder", (key,))
    if kind == "sdxl":
        prefix = "conditioner.embedders.1.model."
        yield from _open_clip("text_encoder_2", known["text_encoder_2"], prefix)


def _open_clip(part: str, known: dict[str, Shape], prefix: str) -> Iterator[Piece]:
    yield Piece(f"{prefix}logit_scale", part, ("logit_scale",), "extra")
    form = "transposed" if "text_projection.weight" in known else "extra"
    yield Piece(f"{prefix}text_projection", part, ("text_projection.weight",), form)
    for key in known:
        if key in OPEN_CLIP:
            yield Piece(prefix + OPEN_CLIP[key], part, (key,))
        elif key.startswith("encoder.layers."):
            number, place = key.removeprefix("encoder.layers.").split(".", 1)
            yield from _open_clip_layer(part, int(number), place, prefix)
    last = max(int(key.split(".")[2]) for key in known if key.startswith("encoder.layers."))
    if last == LAST_LAYER_OF_OPEN_CLIP_H - 1:
        for key in known:
            if key.startswith(f"encoder.layers.{last}."):
                place = key.removeprefix(f"encoder.layers.{last}.")
                yield from _open_clip_layer(part, last, place, prefix, as_number=last + 1)


def _open_clip_layer(
    part: str, number: int, place: str, prefix: str, as_number: int | None = None
) -> Iterator[Piece]:
    block = f"{prefix}transformer.resblocks.{number if as_number is None else as_number}."
    start = f"encoder.layers.{number}."
    inner, _, tail = place.rpartition(".")
    if inner in OPEN_CLIP_LAYER:
        yield Piece(f"{block}{OPEN_CLIP_LAYER[inner]}.{tail}", part, (start + place,))
    elif inner == "self_attn.q_proj":
        keys = tuple(f"{start}self_attn.{letter}_proj.{tail}" for letter in "qkv")
        yield Piece(f"{block}attn.in_proj_{tail}", part, keys, "fused")


_POOL = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0)) * 0.02
_POOL_TWICE = torch.cat([_POOL, _POOL])


def made_up(
    part: str, key: str, shape: Shape, dtype: torch.dtype, *, v_prediction: bool = False
) -> Tensor:
    """Weights that depend on the name: the same again wherever they are asked for."""
    key = key.removeprefix("text_model.")
    count, start = prod(shape), zlib.crc32(f"{part}.{key}".encode()) % len(_POOL)
    cycle = _POOL_TWICE[start : start + min(count, len(_POOL))]
    if key.endswith(".weight") and "norm" in key.split(".")[-2]:
        cycle = 1 + cycle
    if v_prediction and part == "unet" and key == SPREAD_NORM:
        cycle = 10 * cycle  # as wide as in the published models that predict v
    cycle = cycle.to(dtype)
    return cycle.repeat(-(-count // len(cycle)))[:count].reshape(shape)


def planned(configs: Path, dtype: torch.dtype = torch.float16) -> list[Planned]:
    """All tensors of a single file, each made when its turn comes."""
    known, v_prediction = shapes(configs), predicts_v(configs)

    def weight(part: str, key: str) -> Tensor:
        return made_up(part, key, known[part][key], dtype, v_prediction=v_prediction)

    def one(piece: Piece) -> Planned:
        def make() -> Tensor:
            if piece.form == "extra":
                return made_up(piece.part, piece.keys[0], shape, dtype)
            tensors = [weight(piece.part, key) for key in piece.keys]
            if piece.form == "convolution":
                return tensors[0][:, :, None, None]
            if piece.form == "transposed":
                return tensors[0].T
            return torch.cat(tensors) if piece.form == "fused" else tensors[0]

        shape = _shape(piece, known[piece.part])
        return Planned(piece.name, shape, dtype, make)

    return [one(piece) for piece in pieces(kind_of(configs), known)]


def _shape(piece: Piece, known: dict[str, Shape]) -> Shape:
    if piece.form == "extra":
        width = known["final_layer_norm.weight"][0]
        return () if piece.keys == ("logit_scale",) else (width, width)
    first = known[piece.keys[0]]
    if piece.form == "convolution":
        return (*first, 1, 1)
    if piece.form == "transposed":
        return first[::-1]
    return (3 * first[0], *first[1:]) if piece.form == "fused" else first


def tensors(configs: Path, dtype: torch.dtype = torch.float16) -> dict[str, Tensor]:
    """All tensors of a single file, under the layout's names."""
    return {entry.name: entry.make().contiguous() for entry in planned(configs, dtype)}


def write(path: Path, configs: Path, dtype: torch.dtype = torch.float16) -> int:
    """Write the file, one tensor after another; returns the number of tensors."""
    entries = planned(configs, dtype)
    write_planned(path, entries, {"format": "pt"})
    return len(entries)


_TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2,
         "projection_dim": 16}  # fmt: skip
_VAE = {"block_out_channels": [4, 8, 16, 16], "norm_num_groups": 4}
_SD2 = {
    "unet": {
        "block_out_channels": [8, 16, 24, 24], "cross_attention_dim": 16,
        "attention_head_dim": [2, 2, 3, 3], "norm_num_groups": 4,
    },
    "vae": _VAE,
    "text_encoder": _TEXT,
}  # fmt: skip
NARROW = {
    "sd15": _SD2 | {"unet": _SD2["unet"] | {"attention_head_dim": 2}},
    "sd21-base": _SD2,
    "sd21-v": _SD2,
    "sdxl": {
        "unet": {
            "block_out_channels": [8, 16, 24], "cross_attention_dim": 40,
            "attention_head_dim": [2, 2, 3], "norm_num_groups": 4, "addition_time_embed_dim": 4,
            "projection_class_embeddings_input_dim": 24 + 6 * 4,
        },
        "vae": _VAE,
        "text_encoder": _TEXT,
        "text_encoder_2": _TEXT | {"hidden_size": 24, "projection_dim": 24},
    },
}  # fmt: skip


def narrow_configs(folder: Path) -> Path:
    """Every family's own configs with few channels: the same names, files of a few megabytes."""
    for family, changes in NARROW.items():
        shutil.copytree(CONFIGS / family, folder / family)
        for part, values in changes.items():
            path = folder / family / part / "config.json"
            path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")
    return folder
